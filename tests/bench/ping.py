"""How many pings a second: `python -m tests.bench.ping` (`make bench`).

Starts the service as `make up` does, drives it with wrk over many checks, and beside it, in the
same run and on the same tables, lets pgbench do what a ping does at the least: one UPDATE and one
INSERT in a transaction, prepared. Prints ratios and percentiles and writes them to a JSON file.
Needs wrk and pgbench; for PostgreSQL the server of the tests (127.0.0.1, user postgres).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.system.service import Service

DATABASE = "hc_bench"
POSTGRES = {"DB": "postgres", "DB_HOST": "127.0.0.1", "DB_NAME": DATABASE}
BODY = b"x" * 1000
# What a ping changes of its check, and what it adds to the log.
PGBENCH = """\
\\set id random({first}, {last})
BEGIN;
UPDATE api_check SET last_ping = now(), last_success = now(), due = now() + timeout,
 alert_after = now() + timeout + grace, n_pings = n_pings + 1, outcomes = right(outcomes || 's', 20)
 WHERE id = :id;
INSERT INTO api_ping (owner_id, n, created, scheme, remote_addr, method, ua, body_raw, outcome)
 VALUES (:id, 1, now(), 'http', '127.0.0.1', 'GET', '', '\\x{body}', 's');
END;
"""
LUA = """\
local paths, n = {}, 0
for line in io.lines("%(paths)s") do n = n + 1; paths[n] = line end
local i = math.random(n)
wrk.method = "%(method)s"
wrk.body = %(body)s
function setup(thread) i = (i * 7919) %% n + 1; thread:set("start", i) end
function init(args) i = start end
function request() i = i %% n + 1; return wrk.format(nil, paths[i]) end
done = function(summary, latency)
  io.write(string.format("RESULT %%d %%d %%d %%d %%d %%d %%d\\n",
    summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99), latency.max))
end
"""


@dataclass
class Load:
    """What one tool measured; times in milliseconds."""

    per_second: float
    p50: float
    p95: float | None = None
    p99: float | None = None
    errors: int = 0


@dataclass
class Report:
    loads: dict[str, Load] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, load: Load) -> Load:
        self.loads[name] = load
        more = f"  p95 {load.p95:.1f}  p99 {load.p99:.1f} ms" if load.p95 and load.p99 else ""
        errors = f"  {load.errors} errors" if load.errors else ""
        print(
            f"{name:32} {load.per_second:8.0f}/s  p50 {load.p50:.2f} ms{more}{errors}", flush=True
        )
        return load

    def compare(self, name: str, ratio: float) -> None:
        self.ratios[name] = round(ratio, 3)
        print(f"  {name}: {ratio:.2f}", flush=True)

    def note(self, name: str, value: Any) -> None:
        self.facts[name] = value
        print(f"{name}: {value}", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    arguments.add_argument("--seconds", type=int, default=10, help="of each load")
    arguments.add_argument("--checks", type=int, default=2000)
    arguments.add_argument("--json", type=Path, default=Path("bench-ping.json"))
    arguments.add_argument("--no-sqlite", action="store_true")
    options = arguments.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        measure_postgres(Path(folder), options.seconds, options.checks, report)
    if not options.no_sqlite:
        with tempfile.TemporaryDirectory() as folder:
            measure_sqlite(Path(folder), options.seconds, options.checks, report)
    options.json.write_text(json.dumps(asdict(report), indent=2) + "\n")


def measure_postgres(folder: Path, seconds: int, checks: int, report: Report) -> None:
    psql("postgres", f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    psql("postgres", f"CREATE DATABASE {DATABASE}")
    service = Service(folder, POSTGRES)
    with running(service):
        targets = seed(service, checks)
        psql(DATABASE, "VACUUM ANALYZE")
        url = service.url
        base = report.add("pgbench, 32 clients", pgbench(folder, targets, 32, seconds))
        get = report.add("GET by UUID, 64 connections", wrk(folder, url, targets, 64, seconds))
        post = report.add(
            "POST 1 kB, 64 connections", wrk(folder, url, targets, 64, seconds, body=True)
        )
        slug = report.add(
            "GET by slug, 64 connections", wrk(folder, url, targets, 64, seconds, by="slugs")
        )
        again = report.add("pgbench, 32 clients, again", pgbench(folder, targets, 32, seconds))
        baseline = (base.per_second + again.per_second) / 2
        report.compare("GET / pgbench", get.per_second / baseline)
        report.compare("POST / pgbench", post.per_second / baseline)
        report.compare("slug / pgbench", slug.per_second / baseline)
        lone = report.add("pgbench, 1 client", pgbench(folder, targets, 1, seconds))
        one = report.add("GET, 1 connection", wrk(folder, url, targets, 1, seconds))
        report.compare("p50 of 1 connection / pgbench", one.p50 / lone.p50)
        report.note("4,000 connections at once", asyncio.run(crowd(service.port, targets, 4000)))
        report.note("RSS of the web workers in MB", rss(service))


def measure_sqlite(folder: Path, seconds: int, checks: int, report: Report) -> None:
    service = Service(folder)
    with running(service):
        targets = seed(service, checks)
        load = report.add(
            "SQLite: GET, 64 connections", wrk(folder, service.url, targets, 64, seconds)
        )
        postgres = report.loads["GET by UUID, 64 connections"].per_second
        report.compare("SQLite / PostgreSQL", load.per_second / postgres)


@contextmanager
def running(service: Service) -> Iterator[None]:
    service.start()
    try:
        yield
        service.stop()
    finally:
        service.clean_up()


@dataclass
class Targets:
    """Checks to ping: files with a path per line, and the range of their ids."""

    codes: Path
    slugs: Path
    first: int
    last: int


def seed(service: Service, checks: int) -> Targets:
    """Make checks in the database of a service."""
    codes, slugs = service.folder / "codes", service.folder / "slugs"
    script = f"""
from hc.accounts.services import accounts, projects, keys
from hc.api.models import Check
owner = accounts.create_account("bench@example.org", password="correct horse battery")
project = projects.create_project("Bench", owner)
key = keys.create_ping_key(project)
made = Check.objects.bulk_create(
    [Check(project=project, name=f"Check {{i}}", slug=f"check-{{i}}") for i in range({checks})])
open({str(codes)!r}, "w").writelines(f"/ping/{{c.code}}\\n" for c in made)
open({str(slugs)!r}, "w").writelines(f"/ping/{{key}}/{{c.slug}}\\n" for c in made)
ids = Check.objects.filter(project=project).order_by("id").values_list("id", flat=True)
print(ids.first(), ids.last())
"""
    first, last = service.shell(script).split()
    return Targets(codes, slugs, int(first), int(last))


def psql(database: str, sql: str) -> None:
    command = ["psql", "-qtA", "-h", "127.0.0.1", "-U", "postgres", "-c", sql, database]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def pgbench(folder: Path, targets: Targets, clients: int, seconds: int) -> Load:
    script = folder / "ping.sql"
    script.write_text(PGBENCH.format(first=targets.first, last=targets.last, body=""))
    command = ["pgbench", "-h", "127.0.0.1", "-U", "postgres", "-n", "-M", "prepared"]
    command += ["-c", str(clients), "-j", str(min(clients, 2)), "-T", str(seconds), "-l"]
    command += ["--log-prefix", str(folder / "pgbench"), "-f", str(script), DATABASE]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    tps = float(re.findall(r"tps = ([\d.]+)", out)[0])
    logs = list(folder.glob("pgbench.*"))
    times = sorted(int(line.split()[2]) for log in logs for line in log.open())
    for log in logs:
        log.unlink()
    p50, p95, p99 = (times[int(len(times) * share)] / 1000 for share in (0.5, 0.95, 0.99))
    return Load(tps, p50, p95, p99)


def wrk(
    folder: Path,
    url: str,
    targets: Targets,
    connections: int,
    seconds: int,
    *,
    by: str = "codes",
    body: bool = False,
) -> Load:
    script = folder / "wrk.lua"
    values = {
        "paths": getattr(targets, by),
        "method": "POST" if body else "GET",
        "body": f'"{BODY.decode()}"' if body else "nil",
    }
    script.write_text(LUA % values)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    out = subprocess.run(
        [*command, "-s", str(script), url], check=True, capture_output=True, text=True
    ).stdout
    requests, duration, errors, p50, p95, p99, _ = map(
        int, re.findall(r"RESULT (.*)", out)[0].split()
    )
    return Load(requests / (duration / 1e6), p50 / 1000, p95 / 1000, p99 / 1000, errors)


async def crowd(port: int, targets: Targets, size: int) -> dict[str, Any]:
    """That many connections at once, a ping each: the top of the hour."""
    paths = targets.codes.read_text().split()
    began = time.monotonic()
    slots = asyncio.gather(*(_one(port, paths[i % len(paths)]) for i in range(size)))
    answers = await slots
    return {
        "ok": sum(answer.startswith(b"HTTP/1.1 200") for answer in answers),
        "last after seconds": round(time.monotonic() - began, 2),
    }


async def _one(port: int, path: str) -> bytes:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        answer = await reader.read()
        writer.close()
    except OSError as e:
        return repr(e).encode()
    return answer


def rss(service: Service) -> list[int]:
    """Resident memory of the web workers, in MB."""
    sizes = []
    for pid in service.workers():
        status = Path(f"/proc/{pid}/status").read_text()
        sizes.append(int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) // 1024)
    return sizes


if __name__ == "__main__":
    main()
