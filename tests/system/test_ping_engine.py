"""No ping that was answered is lost, or stored twice, whatever dies meanwhile.

The loads run for SECONDS each (environment variable, default 4).
"""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.system.cluster import Cluster, cluster
from tests.system.pinging import Load, load, wait_until_answered
from tests.system.service import Service, wait_for

SECONDS = float(os.environ.get("SECONDS", "4"))
CHECKS = 40


@dataclass
class Stage:
    """A running service with checks to ping, and a look into its database."""

    service: Service
    paths: list[str]
    query: Callable[[str], list[tuple[Any, ...]]]
    server: Cluster | None = None

    def stored(self) -> list[tuple[Any, ...]]:
        """Of each ping: check, number, run id, time."""
        return self.query("SELECT owner_id, n, rid, created FROM api_ping ORDER BY owner_id, n")

    def spool(self) -> list[Path]:
        return list((self.service.folder / "data" / "spool").glob("*.pings"))


@pytest.fixture
def server() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture
def on_postgres(tmp_path: Path, server: Cluster) -> Iterator[Stage]:
    def query(sql: str) -> list[tuple[Any, ...]]:
        connection = server.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        connection.close()
        return rows

    yield from _stage(tmp_path, server.environment, query, server)


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Stage]:
    def query(sql: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(tmp_path / "data" / "hc.sqlite") as connection:
            return connection.execute(sql).fetchall()

    yield from _stage(tmp_path, {}, query, None)


def _stage(
    folder: Path,
    environment: dict[str, str],
    query: Callable[[str], list[tuple[Any, ...]]],
    server: Cluster | None,
) -> Iterator[Stage]:
    service = Service(folder, {"EMAIL_HOST": "mail.invalid", **environment})
    service.start()
    paths = _make_checks(service)
    try:
        yield Stage(service, paths, query, server)
    finally:
        service.clean_up()


def _make_checks(service: Service) -> list[str]:
    script = f"""
from hc.accounts.services import accounts, projects, keys
from hc.api.models import Check
owner = accounts.create_account("ops@example.org")
project = projects.create_project("Load", owner)
print(keys.create_ping_key(project))
checks = [Check(project=project, slug=f"c-{{i}}") for i in range({CHECKS})]
for c in Check.objects.bulk_create(checks):
    print(f"/ping/{{c.code}}")
"""
    key, *paths = service.shell(script).split()
    # Half of them by their names.
    return [path if i % 2 else f"/ping/{key}/c-{i}" for i, path in enumerate(paths)]


def is_all_there(stage: Stage, pinging: Load) -> None:
    """Every answered ping is stored, once, with its time; the numbers of a check have no gap."""
    rows = stage.stored()
    stored = {str(rid).replace("-", ""): created for _, _, rid, created in rows}
    assert len(rows) == len(stored), "a ping was stored twice"
    for rid, ping in pinging.answered.items():
        created = stored[rid.replace("-", "")]
        if isinstance(created, str):
            created = datetime.fromisoformat(created).replace(tzinfo=UTC)
        assert ping.sent - timedelta(seconds=1) <= created <= ping.answered
    numbers: dict[int, list[int]] = {}
    for owner, n, _, _ in rows:
        numbers.setdefault(owner, []).append(n)
    assert all(n == list(range(1, len(n) + 1)) for n in numbers.values())
    counted = dict(stage.query("SELECT id, n_pings FROM api_check WHERE n_pings > 0"))
    assert counted == {owner: len(n) for owner, n in numbers.items()}


@pytest.mark.parametrize("engine", ["on_postgres", "on_sqlite"])
def test_a_web_worker_is_killed(request: pytest.FixtureRequest, engine: str) -> None:
    stage: Stage = request.getfixturevalue(engine)
    with load(stage.service.port, stage.paths) as pinging:
        wait_until_answered(pinging, 200)
        for _ in range(2):
            os.kill(stage.service.workers()[0], signal.SIGKILL)
            time.sleep(SECONDS / 2)
        wait_until_answered(pinging, len(pinging.answered) + 200)
    # Connections of the killed worker break; nothing else goes wrong.
    assert set(pinging.statuses) <= {0, 200}
    is_all_there(stage, pinging)


def test_the_database_crashes(on_postgres: Stage) -> None:
    assert on_postgres.server
    with load(on_postgres.service.port, on_postgres.paths) as pinging:
        for _ in range(3):
            wait_until_answered(pinging, len(pinging.answered) + 200)
            on_postgres.server.crash()
            time.sleep(SECONDS / 4)
        wait_until_answered(pinging, len(pinging.answered) + 200)
    assert set(pinging.statuses) == {200}, pinging.refusals[:3]
    wait_for(lambda: not on_postgres.spool(), 30, "replaying")
    is_all_there(on_postgres, pinging)


def test_the_database_is_away_for_a_while(on_postgres: Stage) -> None:
    assert on_postgres.server
    with load(on_postgres.service.port, on_postgres.paths) as pinging:
        wait_until_answered(pinging, 200)
        on_postgres.server.stop()
        time.sleep(SECONDS * 2)
        assert on_postgres.spool()
        on_postgres.server.start()
        wait_for(lambda: not on_postgres.spool(), 60, "replaying")
        wait_until_answered(pinging, len(pinging.answered) + 200)
    assert set(pinging.statuses) == {200}, pinging.refusals[:3]
    wait_for(lambda: not on_postgres.spool(), 30, "replaying")
    is_all_there(on_postgres, pinging)


def test_the_service_ends_while_the_database_is_away(on_postgres: Stage) -> None:
    """What it had answered reaches the database after the next start."""
    assert on_postgres.server
    with load(on_postgres.service.port, on_postgres.paths, connections=8) as pinging:
        wait_until_answered(pinging, 200)
        on_postgres.server.stop()
        wait_until_answered(pinging, len(pinging.answered) + 200)
        for pid in on_postgres.service.workers():
            os.kill(pid, signal.SIGKILL)
        pinging.stopped = True
    on_postgres.service.clean_up()
    assert on_postgres.spool()
    on_postgres.server.start()
    on_postgres.service.start()
    wait_for(lambda: not on_postgres.spool(), 30, "replaying")
    is_all_there(on_postgres, pinging)


@pytest.mark.parametrize("engine", ["on_postgres", "on_sqlite"])
def test_new_checks_are_made_once(request: pytest.FixtureRequest, engine: str) -> None:
    """Pairs of pings for names that are not there yet race each other."""
    stage: Stage = request.getfixturevalue(engine)
    key = next(path.split("/")[2] for path in stage.paths if "/c-" in path)

    def ping(number: int) -> int:
        address = f"{stage.service.url}/ping/{key}/new-{number // 2}?create=1"
        with urlopen(address, timeout=30) as answer:
            return int(answer.status)

    pairs = max(20, int(50 * SECONDS))
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(ping, range(2 * pairs)))
    assert (statuses.count(201), statuses.count(200)) == (pairs, pairs)
    made = stage.query("SELECT slug, n_pings FROM api_check WHERE slug LIKE 'new-%'")
    assert sorted(made) == sorted((f"new-{i}", 2) for i in range(pairs))
