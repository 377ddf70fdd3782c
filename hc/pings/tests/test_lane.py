"""The fast lane of PostgreSQL, and that everything it does not carry goes the slow way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from django.db import connection

from hc.accounts.models import Project
from hc.accounts.services.keys import create_ping_key
from hc.api.models import Check, Flip, Ping
from hc.core.state import Kind
from hc.pings.batch import CHECK_COLUMNS, PING_COLUMNS
from hc.pings.event import PingEvent, Receipt, SlugAddress
from hc.pings.intake import Intake
from hc.pings.lane import Lane
from hc.pings.spool import Attempt, Spool
from hc.pings.writer import record
from tests.factories import close_connection, make_check, ping_event, seconds
from tests.loop import run

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has this lane"),
]


class Watched(Intake):
    """An intake that tells what came to it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Spool(folder, 100_000))
        self.is_replayed_by_itself = False
        self.taken: list[tuple[int, Attempt | None]] = []

    def take(self, events: Sequence[PingEvent], attempt: Attempt | None = None) -> list[Receipt]:
        self.taken.append((len(events), attempt))
        return super().take(events, attempt)


@pytest.fixture
def intake(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "spool")


@pytest.fixture
def lane(intake: Watched) -> Iterator[Lane]:
    lane = Lane(intake)
    yield lane
    lane.run(close_connection)
    run(lane.close())


@pytest.fixture
def up(check: Check, now: datetime) -> Check:
    record([ping_event(check.code, now)], now)
    return check


def test_pings_that_change_no_status_take_the_lane(
    lane: Lane, intake: Watched, up: Check, now: datetime
) -> None:
    rid = uuid4()
    batch = [
        ping_event(up.code, now + seconds(1), Kind.START, rid=rid),
        ping_event(up.code, now + seconds(9), rid=rid, body=b"\x00 'quoted' \\ \xff \"text\""),
        ping_event(uuid4(), now),
    ]
    receipts = run(lane.take(batch))
    assert receipts == [Receipt.RECORDED, Receipt.RECORDED, Receipt.NOT_FOUND]
    assert intake.taken == []
    up.refresh_from_db()
    assert (up.n_pings, up.last_duration, up.last_ping) == (3, seconds(8), now + seconds(9))
    last = Ping.objects.get(n=3)
    assert (bytes(last.body_raw or b""), last.rid, last.outcome) == (batch[1].body, rid, "s")


def test_unknown_checks_leave_nothing_behind(lane: Lane, intake: Watched, now: datetime) -> None:
    assert run(lane.take([ping_event(uuid4(), now)])) == [Receipt.NOT_FOUND]
    assert intake.taken == []


def test_a_flip_goes_the_slow_way(lane: Lane, intake: Watched, up: Check, now: datetime) -> None:
    assert run(lane.take([ping_event(up.code, now, Kind.FAIL)])) == [Receipt.RECORDED]
    assert intake.taken == [(1, None)]
    assert Flip.objects.filter(owner=up, new_status="down").count() == 1
    assert Ping.objects.filter(owner=up).count() == 2


def test_a_lone_ping_is_stored_like_one_of_many(
    lane: Lane, intake: Watched, project: Project, now: datetime
) -> None:
    """There is a statement for each."""
    alone, among = make_check(project), make_check(project)
    for check in (alone, among):
        record([ping_event(check.code, now)], now)
    rid = uuid4()
    body = b"\x00 'quoted' \\ \xff \"text\" %s confirm"

    def pings(check: Check) -> list[PingEvent]:
        start = ping_event(check.code, now + seconds(1), Kind.START, rid=rid)
        start = replace(start, ua="it's % \\")
        return [start, ping_event(check.code, now + seconds(9), rid=rid, body=body)]

    for ping in pings(alone):
        assert run(lane.take([ping])) == [Receipt.RECORDED]
    assert run(lane.take(pings(among))) == [Receipt.RECORDED] * 2
    assert intake.taken == []

    def stored(check: Check) -> list[dict[str, Any]]:
        row = Check.objects.filter(pk=check.pk).values(*CHECK_COLUMNS).get()
        row.pop("sweep_at")  # the earliest deadline there was after any batch
        columns = [name for name in PING_COLUMNS if name != "owner_id"]
        log = Ping.objects.filter(owner=check).order_by("n").values(*columns)
        return [row, *({**ping, "body_raw": bytes(ping["body_raw"])} for ping in log)]

    assert stored(alone) == stored(among)
    assert stored(alone)[0]["last_duration"] == seconds(8)
    assert stored(alone)[-1]["body_raw"] == body


def test_names_take_the_lane_and_new_checks_do_not(
    lane: Lane, intake: Watched, project: Project, now: datetime
) -> None:
    key = create_ping_key(project)
    known = make_check(project, name="Known", slug="known")
    record([ping_event(known.code, now)], now)
    for slug in ("twin", "twin"):
        make_check(project, slug=slug)
    targets = [SlugAddress(key, slug) for slug in ("known", "unknown", "twin")]
    events = [PingEvent(target, now) for target in targets]
    assert run(lane.take(events)) == [
        Receipt.RECORDED,
        Receipt.NOT_FOUND,
        Receipt.AMBIGUOUS,
    ]
    assert intake.taken == []
    new = PingEvent(SlugAddress(key, "new", create=True), now)
    assert run(lane.take([new, new])) == [Receipt.CREATED, Receipt.RECORDED]
    assert intake.taken == [(2, None)]


def test_a_connection_that_broke_before_anything_was_written_costs_nothing(
    lane: Lane, intake: Watched, up: Check, now: datetime
) -> None:
    run(lane.take([ping_event(up.code, now)]))
    _end_connections()
    assert run(lane.take([ping_event(up.code, now)])) == [Receipt.RECORDED]
    assert intake.taken == [(1, None)]
    assert run(lane.take([ping_event(up.code, now)])) == [Receipt.RECORDED]
    assert len(intake.taken) == 1
    assert list(Ping.objects.order_by("n").values_list("n", flat=True)) == [1, 2, 3, 4]


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_connection_that_broke_at_the_end_leaves_the_question_to_the_replay(
    lane: Lane, intake: Watched, up: Check, now: datetime, is_stored: bool
) -> None:
    class Breaking:
        """A wire that breaks when it is told to commit, before or after it was done."""

        def __init__(self, wire: object) -> None:
            self._wire = wire

        def __getattr__(self, name: str) -> object:
            return getattr(self._wire, name)

        async def execute(self, sql: str, values: Sequence[object] = ()) -> object:
            if sql.endswith("COMMIT") and not is_stored:
                raise psycopg2.OperationalError("connection reset")
            result = await self._wire.execute(sql, values)  # type: ignore[attr-defined]
            if sql.endswith("COMMIT"):
                raise psycopg2.OperationalError("connection reset")
            return result

    async def play() -> list[Receipt]:
        await lane.take([ping_event(up.code, now)])
        lane._wire = Breaking(lane._wire)  # type: ignore[assignment]
        return await lane.take([ping_event(up.code, now)])

    assert run(play()) == [Receipt.SPOOLED]
    ((number, attempt),) = intake.taken
    assert number == 1
    assert attempt
    intake.replay()
    assert list(Ping.objects.order_by("n").values_list("n", flat=True)) == [1, 2, 3]


def _end_connections() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
