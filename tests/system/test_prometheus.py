"""A real Prometheus reads the page of a project, and promtool finds nothing wrong with it but two
names that are older than its rules."""

from __future__ import annotations

import json
import subprocess
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.receivers import free_port
from tests.system.calling import Web, web
from tests.system.service import wait_for

SOON = 20.0
PREPARE = """
import json
from datetime import timedelta
from django.utils import timezone
from hc.accounts.models import Scope
from hc.accounts.services import keys
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
from hc.api.services import checks
from hc.core.state import Kind
from hc.pings.writer import record
from tests.factories import make_check, ping_event
now, hour = timezone.now(), timedelta(hours=1)
project = create_project("Main", create_account("owner@example.org"))
up = make_check(project, name='Up "1"\\\\\\n', tags="prod db", timeout=2 * hour)
down = make_check(project, name="Down", tags="prod")
paused = make_check(project, name="Paused")
record([ping_event(up.code, now - hour - timedelta(seconds=2.5), Kind.START)], now)
record([ping_event(up.code, now - hour)], now)
record([ping_event(down.code, now, Kind.FAIL)], now)
record([ping_event(down.code, now, Kind.START)], now)
checks.pause(paused.code, now)
_, key = keys.create_key(project, Scope.READONLY, name="Prometheus")
up.refresh_from_db()
deadline = up.alert_after.timestamp()
print(json.dumps({"project": str(project.code), "key": key, "deadline": str(deadline)}))
"""
CONFIG = """
global: {{ scrape_interval: 1s }}
scrape_configs:
  - job_name: checks
    metrics_path: /projects/{project}/metrics/
    authorization: {{ credentials: {key} }}
    static_configs: [{{ targets: ["localhost:{port}"] }}]
"""


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Web]:
    with web(tmp_path, {}, PREPARE) as running:
        yield running


@contextmanager
def prometheus(folder: Path, config: str) -> Iterator[str]:
    """The address of one that runs in `folder`."""
    folder.mkdir()
    (folder / "prometheus.yml").write_text(config)
    url = f"127.0.0.1:{free_port()}"
    command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--web.listen-address={url}"], cwd=folder, stdout=log, stderr=log
        )
    try:
        yield f"http://{url}"
    finally:
        process.terminate()
        process.wait(10)


def values(url: str, query: str) -> dict[str, float]:
    """What Prometheus knows: {name of the check or tag: value}."""
    try:
        with urlopen(f"{url}/api/v1/query?query={urllib.parse.quote(query)}", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    except OSError:
        return {}
    return {
        one["metric"].get("name", one["metric"].get("tag", "")): float(one["value"][1])
        for one in found
    }


def test_prometheus_reads_the_page(live: Web, tmp_path: Path) -> None:
    config = CONFIG.format(**live.words, port=live.service.port)
    with prometheus(tmp_path / "prometheus", config) as url:
        wait_for(lambda: values(url, "hc_checks_total"), SOON, "the first scrape")
        odd = 'Up "1"\\\n'
        assert values(url, "up") == {"": 1}
        assert values(url, "hc_check_up") == {odd: 1, "Down": 0, "Paused": 1}
        assert values(url, "hc_check_started") == {odd: 0, "Down": 1, "Paused": 0}
        assert values(url, "hc_check_paused == 1") == {"Paused": 1}
        assert values(url, "hc_tag_up") == {"prod": 0, "db": 1}
        assert values(url, "hc_checks_total") == {"": 3}
        assert values(url, "hc_checks_down_total") == {"": 1}
        assert values(url, "hc_check_last_duration_seconds") == {odd: 2.5}
        deadlines = values(url, "hc_check_deadline_timestamp_seconds")
        assert deadlines == {odd: pytest.approx(float(live.words["deadline"]), abs=0.001)}
        ages = values(url, "hc_check_last_ping_age_seconds")
        assert set(ages) == {odd, "Down"}
        assert 3600 <= ages[odd] < 3660
        assert values(url, "time() - hc_check_deadline_timestamp_seconds")[odd] < 0
    live.parts.stop()
    assert live.words["key"] not in (tmp_path / "parts.log").read_text()


def test_promtool_finds_only_the_historical_names(live: Web) -> None:
    path = f"/projects/{live.words['project']}/metrics/"
    page = live.call("GET", path, headers={"Authorization": f"Bearer {live.words['key']}"})
    assert page.status == 200
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=page.body, capture_output=True, check=False
    )
    complaints = done.stderr.decode().splitlines()
    rule = 'non-counter metrics should not have "_total" suffix'
    assert complaints == [f"hc_checks_down_total {rule}", f"hc_checks_total {rule}"]
