"""What the pages cost: `python -m tests.bench.web` (`make bench-web`).

Starts the service as `make up` does, with one web worker on PostgreSQL, and looks at My Checks and
a check's page as a browser does: over one connection that is kept open, with compression, and at
last in Chromium. The baseline, in the same run, is a bare Django view that runs the one query for
the list and renders nothing, served by the same worker. Times are medians as the caller sees them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import socket
import tempfile
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.bench.api import Caller, expect, median
from tests.bench.inside import INSIDE
from tests.bench.ping import DATABASE, POSTGRES, Report, psql, running
from tests.browser import chromium
from tests.system.service import Service

BARE = """
from django.http import HttpResponse
from django.urls import path
from hc.api.models import Check
from hc.urls import *

def bare(request, project):
    return HttpResponse(str(len(list(Check.objects.filter(project=project)))))

urlpatterns = [path("bare/<int:project>/", bare), *urlpatterns]
"""
SEED = """
from datetime import timedelta
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from hc.accounts.models import User
from hc.accounts.services import accounts, projects
from hc.accounts.views.entry import BACKEND
from hc.api.models import Channel, Check
owner = User.objects.by_email("bench@example.org") or accounts.create_account(
    "bench@example.org", password="correct horse battery")
project = projects.create_project("Bench {number}", owner)
now = timezone.now()
made = Check.objects.bulk_create([
    Check(project=project, name=f"Job {{i}} of the night", slug=f"job-{{i}}",
          tags=f"prod team-{{i % 20}}", n_pings=i, outcomes="sssssssslssssfssmsss",
          status=("up", "up", "up", "down", "new")[i % 5], unique_key=f"{{i:040x}}",
          status_since=now - timedelta(hours=i), last_ping=now - timedelta(minutes=i),
          due=now + timedelta(days=1), created=now - timedelta(days=100, seconds=-i),
          alert_after=now + timedelta(days=1, hours=1) if i % 5 < 3 else None,
          last_duration=timedelta(seconds=i))
    for i in range({number})])
hooks = Channel.objects.bulk_create([
    Channel(project=project, kind="email", value="ops@example.org") for _ in range(3)])
Link = Channel.checks.through
Link.objects.bulk_create([
    Link(check_id=c.pk, channel_id=h.pk) for c in made for h in hooks], batch_size=1000)
session = SessionStore()
session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(owner.pk), BACKEND
session[HASH_SESSION_KEY] = owner.get_session_auth_hash()
session.save()
print(project.pk, project.code, session.session_key, made[0].code, made[0].pk)
"""
PINGS = """INSERT INTO api_ping (owner_id, n, created, scheme, method, ua, body_raw, outcome)
 SELECT {check}, i, now() - i * interval '1 minute', 'http', 'POST', 'curl', 'done', 's'
 FROM generate_series(1, {pings}) AS i"""
COUNT = "UPDATE api_check SET n_pings = {pings} WHERE id = {check}"
LIVE = """
headers = {{"HTTP_COOKIE": "sessionid={session}"}}
known = call({status!r}, **headers)["ETag"]
print(median({status!r}, wanted="304", HTTP_IF_NONE_MATCH=known, **headers))
"""
PAGE = """
print(median({page!r}, number=40, HTTP_COOKIE="sessionid={session}"))
"""
FIRST_PAINT = """() => new Promise((done) => new PerformanceObserver((list) =>
 done(list.getEntriesByName("first-contentful-paint")[0].startTime)
 ).observe({ type: "paint", buffered: true }))"""
KEYSTROKE = """async () => {
 const input = document.querySelector("#search");
 input.focus();
 const began = performance.now();
 input.value = "job 77";
 input.dispatchEvent(new InputEvent("input", { bubbles: true }));
 await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
 return performance.now() - began;
}"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    arguments.add_argument("--samples", type=int, default=40)
    arguments.add_argument("--pings", type=int, default=1_000_000)
    arguments.add_argument("--json", type=Path, default=Path("bench-web.json"))
    options = arguments.parse_args()
    report = Report()
    psql("postgres", f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    psql("postgres", f"CREATE DATABASE {DATABASE}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bare_urls.py").write_text(BARE)
        (folder / "bare_settings.py").write_text(
            "from hc.settings import *\nROOT_URLCONF = 'bare_urls'\n"
        )
        more = {
            "WEB_WORKERS": "1",
            "USE_GZIP_MIDDLEWARE": "True",
            "PYTHONPATH": str(folder),
            "DJANGO_SETTINGS_MODULE": "bare_settings",
        }
        service = Service(folder, POSTGRES | more)
        with running(service):
            for number in (2000, 10_000):
                seeded = service.shell(SEED.format(number=number)).split()
                psql(DATABASE, "VACUUM ANALYZE")
                lists(service, seeded, number, options.samples, report)
                if number == 2000:
                    details(service, seeded, options, report)
    facts = {"facts": report.facts, "ratios": report.ratios}
    options.json.write_text(json.dumps(facts, indent=2) + "\n")


def lists(service: Service, seeded: list[str], number: int, samples: int, report: Report) -> None:
    project, code, session, *_ = seeded
    caller = visitor(service, session)
    page, status = f"/projects/{code}/checks/", f"/projects/{code}/checks/status/"
    bare = median(lambda: expect(200, caller.get(f"/bare/{project}/")), samples)
    report.note(f"{number} checks: bare view, ms", round(bare, 1))
    ms = median(lambda: expect(200, caller.get(page)), samples)
    report.note(f"{number} checks: My Checks, ms", round(ms, 1))
    report.note(f"{number} checks: My Checks more than the bare view, ms", round(ms - bare, 1))
    _, headers, body = caller.get(page)
    report.note(f"{number} checks: My Checks, compressed kB", round(len(body) / 1000, 1))
    tag = caller.get(status)[1]["etag"]
    ms = median(lambda: expect(304, caller.get(status, **{"If-None-Match": tag})), samples * 5)
    report.note(f"{number} checks: unchanged live update, ms", round(ms, 2))
    alone = service.shell(INSIDE + LIVE.format(session=session, status=status))
    report.note(f"{number} checks: of these the server alone, ms", float(alone))
    size = answer_size(service, status, session, tag)
    report.note(f"{number} checks: unchanged live update, bytes with headers", size)
    ms = median(lambda: expect(200, caller.get(f"{status}?search=job+77")), samples)
    report.note(f"{number} checks: filtered by the server, ms", round(ms, 1))
    report.note(f"{number} checks: script and styles, compressed kB", assets(caller, body, headers))
    in_a_browser(service, session, page, number, report)


def details(service: Service, seeded: list[str], options: Any, report: Report) -> None:
    _, _, session, check, pk = seeded
    psql(DATABASE, PINGS.format(check=pk, pings=options.pings))
    psql(DATABASE, COUNT.format(check=pk, pings=options.pings))
    psql(DATABASE, "VACUUM ANALYZE api_ping")
    caller = visitor(service, session)
    ms = median(lambda: expect(200, caller.get(f"/checks/{check}/details/")), options.samples)
    report.note(f"check page, {options.pings} pings in the table, ms", round(ms, 1))
    page = PAGE.format(session=session, page=f"/checks/{check}/details/")
    report.note("of these the server alone, ms", float(service.shell(INSIDE + page)))


def answer_size(service: Service, path: str, session: str, tag: str) -> int:
    """Bytes of the answer to whoever has this version, all headers included."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nCookie: sessionid={session}\r\n"
        f"If-None-Match: {tag}\r\nAccept-Encoding: gzip\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(request.encode())
        received = b""
        while not received.endswith(b"\r\n\r\n"):
            received += connection.recv(4096)
    return len(received)


def visitor(service: Service, session: str) -> Caller:
    headers = {"Cookie": f"sessionid={session}", "Accept-Encoding": "br, gzip"}
    return Caller(HTTPConnection("127.0.0.1", service.port), headers=headers)


def assets(caller: Caller, body: bytes, headers: dict[str, str]) -> dict[str, float]:
    """Compressed kilobytes of all scripts and styles that a page names."""
    html = unpacked(body, headers)
    sizes = {"js": 0, "css": 0}
    for url in set(re.findall(r'(?:src|href)="(/static/[^"]+\.(?:js|css))"', html)):
        sizes[url.rpartition(".")[2]] += len(caller.get(url)[2])
    return {kind: round(size / 1000, 1) for kind, size in sizes.items()}


def unpacked(body: bytes, headers: dict[str, str]) -> str:
    packed = headers.get("content-encoding") == "gzip"
    return (gzip.decompress(body) if packed else body).decode()


def in_a_browser(service: Service, session: str, page: str, number: int, report: Report) -> None:
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        cookie = {"name": "sessionid", "value": session, "domain": "127.0.0.1", "path": "/"}
        context.add_cookies([cookie])  # type: ignore[list-item]
        tab = context.new_page()
        paints = []
        for _ in range(5):
            tab.goto(f"http://127.0.0.1:{service.port}{page}")
            paints.append(tab.evaluate(FIRST_PAINT))
        report.note(f"{number} checks: first contentful paint, ms", round(sorted(paints)[2]))
        strokes = sorted(tab.evaluate(KEYSTROKE) for _ in range(5))
        report.note(f"{number} checks: a keystroke in the filter, ms", round(strokes[2], 1))


if __name__ == "__main__":
    main()
