"""Nobody is paged because we were away, or frozen; with real processes on PostgreSQL.

Time is injected: what happened during the outage is set back in the database.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.receiving import Receiving, receiving
from tests.storming import WEBHOOKS, seed
from tests.system.cluster import Cluster, cluster
from tests.system.parts import Parts
from tests.system.service import Service, wait_for

CHECKS, SILENT = 500, 5
GAP, SETTLE = 1200, 25


@dataclass
class Stage:
    service: Service
    parts: Parts
    server: Cluster
    inbox: Receiving

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        connection = self.server.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        connection.close()
        return rows

    def heard_until(self) -> float:
        """Since the epoch; 0 before anybody has listened."""
        rows = self.sql("SELECT extract(epoch FROM until) FROM api_listening")
        return float(rows[0][0]) if rows else 0.0

    def set_deadline(self, at: float, codes: Sequence[str]) -> None:
        self.sql(
            "UPDATE api_check SET sweep_at = to_timestamp(%s), alert_after = to_timestamp(%s) "
            "WHERE code::text = ANY(%s)",
            *(at, at, list(codes)),
        )

    def ping(self, codes: Sequence[str]) -> None:
        def one(code: str) -> None:
            with urlopen(f"{self.service.url}/ping/{code}", timeout=10) as answer:
                assert answer.status == 200

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, codes))

    def down(self) -> set[str]:
        return {str(code) for (code,) in self.sql("SELECT code FROM api_check WHERE status='down'")}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with cluster() as server, receiving(tmp_path / "in", delay=0.0) as inbox:
        environment = server.environment | WEBHOOKS | {"WEB_WORKERS": "2"}
        service = Service(tmp_path, environment | {"OUTAGE_SETTLE_SECONDS": str(SETTLE)})
        parts = Parts(service)
        parts.migrate()
        yield Stage(service, parts, server, inbox)
        parts.clean_up()


def test_twenty_minutes_without_web_alert_nobody_but_those_who_stay_silent(stage: Stage) -> None:
    web = stage.parts.web()
    wait_for(lambda: time.time() - stage.heard_until() < 5, 30, "listening")
    web.terminate()
    web.wait(15)
    # Twenty minutes go by, in which 500 checks fall due; the first five of them at once.
    away = time.time() - GAP
    urls = [stage.inbox.url(f"/ok/{i}") for i in range(CHECKS)]
    codes = seed(stage.service, urls, away + 1, spread=GAP / CHECKS)
    silent, heard = set(codes[:SILENT]), codes[SILENT:]
    stage.set_deadline(away + 1, list(silent))
    stage.sql("UPDATE api_listening SET until = to_timestamp(%s)", away)
    stage.parts.sendalerts()
    time.sleep(3)
    assert stage.down() == set()
    # Back again: nobody is down, and the jobs that run are heard within the time to settle.
    stage.parts.web()
    wait_for(lambda: time.time() - stage.heard_until() < 5, 30, "listening again")
    back = time.time()
    stage.ping(heard)
    assert stage.down() == set()
    ((started, ended, touched),) = stage.sql("SELECT started, ended, checks FROM api_outage")
    assert abs((ended - started).total_seconds() - GAP) < 60
    assert touched == CHECKS
    # Those who stay silent are told of after it, and nobody else is.
    wait_for(lambda: len(stage.inbox.receipts()) >= SILENT, SETTLE + 60, "the alerts")
    assert time.time() - back > SETTLE / 2
    time.sleep(3)
    assert stage.down() == silent
    assert len(stage.inbox.receipts()) == SILENT
    stage.parts.stop()


def test_a_freeze_of_all_web_processes_alerts_nobody(stage: Stage) -> None:
    web = stage.parts.web()
    stage.parts.sendalerts()
    wait_for(lambda: time.time() - stage.heard_until() < 5, 30, "listening")
    urls = [stage.inbox.url(f"/ok/{i}") for i in range(20)]
    codes = seed(stage.service, urls, time.time() + 3600)
    # What falls due within the first five seconds may still be judged (listening.LATE).
    stage.set_deadline(time.time() + 7, codes)
    os.killpg(web.pid, signal.SIGSTOP)
    stopped = time.time()
    time.sleep(12)
    os.killpg(web.pid, signal.SIGCONT)
    assert stage.down() == set()
    wait_for(lambda: stage.heard_until() > stopped + 14, 30, "listening again")
    time.sleep(2)
    assert stage.down() == set()
    assert stage.sql("SELECT count(*) FROM api_outage WHERE checks = 20") == [(1,)]
    assert stage.inbox.receipts() == []
    wait_for(lambda: len(stage.inbox.receipts()) == 20, SETTLE + 40, "the alerts")
    stage.parts.stop()
