"""What the service tells of itself is what Prometheus reads."""

from __future__ import annotations

import subprocess
from urllib.request import Request, urlopen

from tests.system.service import Service, wait_for

KEY = "a-key-for-metrics"
FIGURES = ("hc_ping_batch_size", "hc_outbox_due_messages", 'process="sendalerts"')


def scrape(service: Service) -> str:
    request = Request(f"{service.url}/-/metrics", headers={"Authorization": f"Bearer {KEY}"})
    with urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def test_promtool_finds_nothing_to_complain_about(service: Service) -> None:
    service.environment["METRICS_KEY"] = KEY
    service.start()
    wait_for(lambda: all(name in scrape(service) for name in FIGURES), 30, "all figures")
    text = scrape(service)
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    service.stop()
