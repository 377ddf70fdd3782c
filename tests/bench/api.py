"""What the API costs: `python -m tests.bench.api` (`make bench-api`).

Starts the service as `make up` does, with one web worker on PostgreSQL and a project of 2,000
checks, and calls the API over one connection that is kept open. The baseline, in the same run:
the same columns, fetched by psycopg2 and written by json.dumps. Times are medians, seen by the
caller: the network of this machine, parser and threads are in them. Needs the PostgreSQL server
of the tests (127.0.0.1, user postgres).
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from typing import Any

import psycopg2

from tests.bench.inside import INSIDE
from tests.bench.ping import DATABASE, POSTGRES, Report, psql, running
from tests.system.service import Service

CHECKS = "SELECT {columns} FROM api_check WHERE project_id = {project} ORDER BY id"
LINKS = """SELECT l.check_id, c.code FROM api_channel_checks l JOIN api_channel c
 ON c.id = l.channel_id WHERE c.project_id = {project}"""
SEED = """
from datetime import timedelta
from django.utils import timezone
from hc.accounts.models import Project
from hc.accounts.services import accounts, projects, keys
from hc.api.models import Channel, Check
owner = accounts.create_account("bench@example.org", password="correct horse battery")
project = projects.create_project("Bench", owner)
now = timezone.now()
made = Check.objects.bulk_create([
    Check(project=project, name=f"Check {{i}}", slug=f"check-{{i}}",
          tags=f"prod team-{{i % 20}}", desc="What to do when it fails.", n_pings=i,
          status=("up", "up", "up", "down", "new")[i % 5], unique_key=f"{{i:040}}",
          last_ping=now - timedelta(minutes=i), due=now + timedelta(days=1),
          alert_after=now + timedelta(days=1, hours=1) if i % 5 < 3 else None,
          last_duration=timedelta(seconds=i))
    for i in range({number})])
hooks = Channel.objects.bulk_create([
    Channel(project=project, kind="email", value="ops@example.org") for _ in range(3)])
Link = Channel.checks.through
Link.objects.bulk_create([
    Link(check_id=c.pk, channel_id=h.pk) for c in made for h in hooks], batch_size=1000)
from hc.api.badge_urls import badge_urls, check_badge_urls
from urllib.parse import urlsplit
one = Check.objects.get(pk=made[0].pk)
paths = [urlsplit(url).path for url in (
    check_badge_urls(one)["svg"], badge_urls(project)["svg"], badge_urls(project, "team-3")["svg"])]
from hc.api.representation import CheckRow
columns = ",".join(f'"{{name}}"' for name in CheckRow._fields)
print(project.pk, columns, project.code, keys.create_api_key(project),
      keys.create_readonly_key(project), one.code, *paths)
"""

BADGES = """
print(median({check!r}, HTTP_X_API_KEY={key!r}))
for path in {badges!r}:
    print(median(path), median(path, wanted="304", HTTP_IF_NONE_MATCH=call(path)["ETag"]))
"""


@dataclass
class Caller:
    """Somebody with a key and a connection."""

    connection: HTTPConnection
    key: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **more: str) -> tuple[int, dict[str, str], bytes]:
        headers = self.headers | ({"X-Api-Key": self.key} if self.key else {}) | more
        try:
            self.connection.request("GET", path, headers=headers)
            response = self.connection.getresponse()
        except RemoteDisconnected:  # it was idle for longer than the server waits
            self.connection.close()
            self.connection.request("GET", path, headers=headers)
            response = self.connection.getresponse()
        body = response.read()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, body


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    arguments.add_argument("--checks", type=int, default=2000)
    arguments.add_argument("--samples", type=int, default=60)
    arguments.add_argument("--json", type=Path, default=Path("bench-api.json"))
    options = arguments.parse_args()
    report = Report()
    psql("postgres", f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    psql("postgres", f"CREATE DATABASE {DATABASE}")
    with tempfile.TemporaryDirectory() as name:
        service = Service(Path(name), POSTGRES | {"WEB_WORKERS": "1"})
        with running(service):
            seeded = service.shell(SEED.format(number=options.checks)).split()
            psql(DATABASE, "VACUUM ANALYZE")
            measure(service, seeded, options.samples, report)
    facts = {"facts": report.facts, "ratios": report.ratios}
    options.json.write_text(json.dumps(facts, indent=2) + "\n")


def measure(service: Service, seeded: list[str], samples: int, report: Report) -> None:
    project, columns, code, key, readonly, check, *badges = seeded
    statements = [sql.format(project=project, columns=columns) for sql in (CHECKS, LINKS)]
    caller = Caller(HTTPConnection("127.0.0.1", service.port), key)
    listed = "/api/v3/checks/"

    def note(what: str, path: str, wanted: int = 200, times: int = 5, known: str = "") -> float:
        headers = {"If-None-Match": known} if known else {}
        ms = median(lambda: expect(wanted, caller.get(path, **headers)), samples * times)
        report.note(f"{what}, ms", round(ms, 2))
        return ms

    base = median(lambda: baseline(statements), samples)
    report.note("baseline: SQL and json.dumps, ms", round(base, 2))
    ms = note("list of checks", listed, times=1)
    again = median(lambda: baseline(statements), samples)
    report.compare("list / baseline", ms / ((base + again) / 2))
    _, headers, body = caller.get(listed)
    report.note("size of the list, kB", len(body) // 1000)
    note("the same, unchanged", listed, 304, known=headers["etag"])
    note("page of 100 checks", f"{listed}?limit=100")
    note("one check", f"{listed}{check}")
    caller.key = ""
    for what, path in zip(("a check", "all checks", "a tag"), badges, strict=True):
        note(f"badge of {what}", path)
        tag = caller.get(path)[1]["etag"]
        note(f"badge of {what}, unchanged", path, 304, known=tag)
    inside = INSIDE + BADGES.format(check=f"{listed}{check}", key=key, badges=badges)
    names = ("one check", "badge of a check", "its 304", "of all checks", "its 304", "of a tag")
    times = service.shell(inside).split()
    caller.connection.close()  # it has been idle for too long
    found = [f"{name} {ms}" for name, ms in zip([*names, "its 304"], times, strict=True)]
    report.note("the server alone, ms", ", ".join(found))
    caller.headers["Authorization"] = f"Bearer {readonly}"
    note("Prometheus page", f"/projects/{code}/metrics/", times=1)


def baseline(statements: list[str]) -> None:
    """The least that anybody could do."""
    rows = []
    with _connection().cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)
            rows.append(cursor.fetchall())
    json.dumps(rows, default=str)


def _connection() -> Any:
    if not _kept:
        connection = psycopg2.connect(host="127.0.0.1", user="postgres", dbname=DATABASE)
        connection.autocommit = True
        _kept.append(connection)
    return _kept[0]


_kept: list[Any] = []


def expect(status: int, answer: tuple[int, dict[str, str], bytes]) -> None:
    if answer[0] != status:
        raise AssertionError(f"{answer[0]} instead of {status}: {answer[2][:200]!r}")


def median(what: Callable[[], object], number: int) -> float:
    """Milliseconds that `what` takes."""
    for _ in range(5):
        what()
    times = []
    for _ in range(number):
        began = time.perf_counter()
        what()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


if __name__ == "__main__":
    main()
