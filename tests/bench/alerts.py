"""How fast alerts go out: `python -m tests.bench.alerts` (`make bench-alerts`).

Starts the service as `make up` does, beside a receiver of webhooks that answers after 100 ms, and
measures a storm of checks that fall overdue at once; the baseline, in the same run, sends the same
requests one after the other. Then the latencies of an idle service, and how fast ten thousand
overdue checks are found. For PostgreSQL it needs the server of the tests (127.0.0.1, postgres).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.request import Request, urlopen

from tests.bench.ping import DATABASE, POSTGRES, Report, psql, running
from tests.receiving import Receiving, receiving
from tests.storming import WEBHOOKS, seed
from tests.system.service import Service, wait_for

ANSWER_AFTER = 0.1


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    arguments.add_argument("--storm", type=int, default=2000)
    arguments.add_argument("--overdue", type=int, default=10_000)
    arguments.add_argument("--idle", type=int, default=100, help="samples of each latency")
    arguments.add_argument("--json", type=Path, default=Path("bench-alerts.json"))
    options = arguments.parse_args()
    report = Report()
    psql("postgres", f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    psql("postgres", f"CREATE DATABASE {DATABASE}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with receiving(folder / "in", ANSWER_AFTER) as inbox:
            service = Service(folder, POSTGRES | WEBHOOKS)
            with running(service):
                latencies(service, inbox, options.idle, "PostgreSQL", report)
                storms(service, inbox, options.storm, report)
                overdue(service, options.overdue, report)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with receiving(folder / "in") as inbox:
            service = Service(folder, WEBHOOKS)
            with running(service):
                latencies(service, inbox, options.idle, "SQLite", report)
    facts = {"facts": report.facts, "ratios": report.ratios}
    options.json.write_text(json.dumps(facts, indent=2) + "\n")


def storms(service: Service, inbox: Receiving, number: int, report: Report) -> None:
    baseline = one_by_one(inbox)
    report.note("sequential baseline per second", round(baseline, 1))
    seconds = storm(service, inbox, [inbox.url(f"/ok/{i}") for i in range(number)])
    report.note(f"storm of {number}: seconds until the last was delivered", round(seconds, 2))
    report.compare("storm / sequential", number / seconds / baseline)
    with receiving(inbox.folder.parent / "holes") as holes:
        urls = [
            holes.url(f"/hole/{i}") if i % 10 == 0 else inbox.url(f"/ok/{i}") for i in range(number)
        ]
        seconds = storm(service, inbox, urls)
    report.note("the other 90 % beside 10 % black holes: seconds", round(seconds, 2))


def storm(service: Service, inbox: Receiving, urls: list[str]) -> float:
    """Seconds from the deadline until the last message that can arrive has arrived."""
    inbox.forget()
    at = time.time() + 15 + len(urls) / 500
    seed(service, urls, at)
    assert time.time() < at, "the seeding took too long"
    wanted = sum("/ok/" in url for url in urls)
    wait_for(lambda: len(inbox.paths()) >= wanted, 120, "the storm")
    return max(receipt.at for receipt in inbox.receipts()) + ANSWER_AFTER - at


def one_by_one(inbox: Receiving, number: int = 50) -> float:
    """Messages a second of a sender that waits for each answer."""
    began = time.monotonic()
    for i in range(number):
        with urlopen(Request(inbox.url(f"/base/{i}"), data=b"{}"), timeout=5):
            pass
    return number / (time.monotonic() - began)


def latencies(service: Service, inbox: Receiving, number: int, engine: str, report: Report) -> None:
    codes = seed(service, [inbox.url(f"/fail/{i}") for i in range(number)], 0, status="new")
    answered = {}
    for i, code in enumerate(codes):
        with urlopen(f"{service.url}/ping/{code}/fail", timeout=5):
            answered[f"/fail/{i}"] = time.time()
        time.sleep(0.05)
    wait_for(lambda: len(inbox.paths() & set(answered)) == number, 30, "failures")
    delays = [r.at - answered[r.path] for r in inbox.receipts() if r.path in answered]
    report.note(f"{engine}: /fail answered to receipt, ms", quantiles(delays))
    at = time.time() + 15
    seed(service, [inbox.url(f"/late/{i}") for i in range(number)], at, spread=0.1)
    due = {f"/late/{i}": at + i * 0.1 for i in range(number)}
    wait_for(lambda: len(inbox.paths() & set(due)) == number, 60, "deadlines")
    delays = [r.at - due[r.path] for r in inbox.receipts() if r.path in due]
    report.note(f"{engine}: deadline to receipt, ms", quantiles(delays))


def quantiles(seconds: list[float]) -> dict[str, int]:
    ms = sorted(s * 1000 for s in seconds)
    cuts = statistics.quantiles(ms, n=100)
    return {"p50": round(cuts[49]), "p99": round(cuts[98]), "max": round(ms[-1])}


def overdue(service: Service, number: int, report: Report) -> None:
    """Until all checks of a storm are down and their messages queued."""
    at = time.time() + 20 + number / 500
    hole = "http://127.0.0.1:9/"  # nobody listens there
    before = count("SELECT count(*) FROM api_notification")
    seed(service, [hole] * number, at)
    assert time.time() < at, "the seeding took too long"
    wait_for(
        lambda: count("SELECT count(*) FROM api_notification") == before + number, 120, "queueing"
    )
    report.note(f"{number} overdue: seconds until all are queued", round(time.time() - at, 2))
    report.note("RSS of sendalerts in MB", rss())


def count(sql: str) -> int:
    command = ["psql", "-qtA", "-h", "127.0.0.1", "-U", "postgres", "-c", sql, DATABASE]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def rss() -> list[int]:
    found = subprocess.run(
        ["pgrep", "-f", "manage.py sendalerts"], capture_output=True, text=True, check=False
    )
    sizes = []
    for pid in found.stdout.split():
        status = Path(f"/proc/{pid}/status").read_text()
        kilobytes = status.partition("VmHWM:")[2].split()[0]
        sizes.append(int(kilobytes) // 1024)
    return sizes


if __name__ == "__main__":
    main()
