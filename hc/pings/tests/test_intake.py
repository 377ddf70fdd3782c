"""What happens to pings while the database is away, and afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import DataError, OperationalError

from hc.accounts.models import Project
from hc.api.models import Check, Flip, Journal, Ping
from hc.core.state import Kind
from hc.pings import writer
from hc.pings.event import Overloaded, PingEvent, Receipt
from hc.pings.intake import Intake, replay
from hc.pings.spool import Spool
from tests.factories import make_check, ping_event, seconds


class Database:
    """A database that can be away, before or after it has stored a batch."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.is_late = False
        self.calls = 0

    def record(
        self, events: Sequence[PingEvent], now: datetime, journal: Mapping[str, int]
    ) -> list[Receipt]:
        self.calls += 1
        if self.error and not self.is_late:
            raise self.error
        receipts = writer.record(events, now, journal)
        if self.error:
            raise self.error
        return receipts


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", 100_000)


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def intake(spool: Spool, database: Database, now: datetime) -> Intake:
    """Nobody replays by himself: the test says when."""
    intake = Intake(spool, clock=lambda: now, record=database.record)
    intake.is_replayed_by_itself = False
    return intake


AWAY = OperationalError("server closed the connection unexpectedly")


def log(check: Check) -> list[tuple[int | None, datetime]]:
    return list(Ping.objects.filter(owner=check).order_by("n").values_list("n", "created"))


def test_pings_go_to_the_database(
    intake: Intake, spool: Spool, check: Check, now: datetime
) -> None:
    receipts = intake.take([ping_event(check.code, now), ping_event(uuid4(), now)])
    assert receipts == [Receipt.RECORDED, Receipt.NOT_FOUND]
    assert spool.files() == []


def test_while_the_database_is_away_pings_are_kept_and_stored_afterwards_with_their_times(
    intake: Intake, database: Database, spool: Spool, check: Check, now: datetime
) -> None:
    database.error = AWAY
    times = [now + seconds(i) for i in range(3)]
    for time in times:
        assert intake.take([ping_event(check.code, time)]) == [Receipt.SPOOLED]
    assert intake.is_spooling
    assert intake.waiting > 0
    assert log(check) == []
    database.error = None
    intake.replay()
    assert log(check) == [(i + 1, time) for i, time in enumerate(times)]
    check.refresh_from_db()
    assert (check.status, check.last_ping, check.n_pings) == ("up", times[-1], 3)
    assert not intake.is_spooling
    assert spool.files() == []
    assert Flip.objects.filter(owner=check).count() == 1


def test_pings_queue_behind_those_that_wait(
    intake: Intake, database: Database, check: Check, now: datetime
) -> None:
    database.error = AWAY
    intake.take([ping_event(check.code, now)])
    database.error = None
    assert intake.take([ping_event(check.code, now + seconds(1))]) == [Receipt.SPOOLED]
    assert database.calls == 1
    intake.replay()
    assert intake.take([ping_event(check.code, now + seconds(2))]) == [Receipt.RECORDED]
    assert [n for n, _ in log(check)] == [1, 2, 3]


def test_a_batch_that_was_stored_before_the_connection_broke_is_not_stored_again(
    intake: Intake, database: Database, check: Check, now: datetime
) -> None:
    database.error, database.is_late = AWAY, True
    assert intake.take([ping_event(check.code, now)]) == [Receipt.SPOOLED]
    assert len(log(check)) == 1
    database.error = None
    intake.replay()
    assert len(log(check)) == 1


def test_a_replay_that_breaks_off_goes_on_where_it_stopped(
    intake: Intake, database: Database, spool: Spool, check: Check, now: datetime
) -> None:
    database.error = AWAY
    intake.take([ping_event(check.code, now)])
    intake.take([ping_event(check.code, now + seconds(1))])
    # The process dies after it has stored the first batch.
    (first, _) = spool.frames({})
    writer.record(first.events, now, {first.file: first.end})
    spool.close()
    other = Spool(spool._folder, 100_000)
    assert replay(other, lambda: now) == 1
    assert [n for n, _ in log(check)] == [1, 2]
    assert other.files() == []
    assert not Journal.objects.filter(name=first.file).exists()


def test_what_an_ended_process_left_behind_is_taken_over(
    intake: Intake, database: Database, spool: Spool, check: Check, now: datetime
) -> None:
    database.error = AWAY
    intake.take([ping_event(check.code, now)])
    intake.stop()
    successor = Intake(Spool(spool._folder, 100_000), clock=lambda: now)
    successor.is_replayed_by_itself = False
    successor.start()
    assert successor.is_spooling
    successor.replay()
    assert len(log(check)) == 1


def test_a_belated_ping_does_not_undo_what_came_after_it(
    intake: Intake, database: Database, check: Check, now: datetime
) -> None:
    """Another process has stored a later failure meanwhile."""
    database.error = AWAY
    intake.take([ping_event(check.code, now)])
    writer.record([ping_event(check.code, now + seconds(5), Kind.FAIL)], now + seconds(5))
    database.error = None
    intake.replay()
    check.refresh_from_db()
    assert (check.status, check.last_ping, check.n_pings) == ("down", now + seconds(5), 2)
    assert log(check)[-1] == (2, now)


def test_pings_for_checks_that_are_gone_are_dropped(
    intake: Intake, database: Database, project: Project, now: datetime
) -> None:
    check = make_check(project)
    database.error = AWAY
    intake.take([ping_event(check.code, now)])
    check.delete()
    database.error = None
    intake.replay()
    assert not intake.is_spooling


def test_a_full_spool_refuses_and_keeps_what_it_has(
    intake: Intake, database: Database, check: Check, now: datetime
) -> None:
    database.error = AWAY
    intake.take([ping_event(check.code, now)])
    with pytest.raises(Overloaded):
        intake.take([ping_event(check.code, now, body=b"x" * 100_000)])
    database.error = None
    intake.replay()
    assert len(log(check)) == 1


@pytest.mark.parametrize("error", [OperationalError(1213, "Deadlock"), OperationalError(1205, "")])
def test_a_conflict_is_tried_again_at_once(
    intake: Intake, database: Database, check: Check, now: datetime, error: Exception
) -> None:
    calls: list[int] = []

    def record(
        events: Sequence[PingEvent], at: datetime, journal: Mapping[str, int]
    ) -> list[Receipt]:
        calls.append(1)
        if len(calls) == 1:
            raise error
        return writer.record(events, at, journal)

    intake._write = record
    assert intake.take([ping_event(check.code, now)]) == [Receipt.RECORDED]
    assert len(calls) == 2


def test_one_ping_that_cannot_be_stored_does_not_cost_the_others(
    intake: Intake, check: Check, project: Project, now: datetime
) -> None:
    poison = make_check(project)

    def record(
        events: Sequence[PingEvent], at: datetime, journal: Mapping[str, int]
    ) -> list[Receipt]:
        if any(event.target == poison.code for event in events):
            raise DataError("no such value")
        return writer.record(events, at, journal)

    intake._write = record
    events = [ping_event(code, now) for code in (check.code, poison.code, check.code)]
    assert intake.take(events) == [Receipt.RECORDED, Receipt.REFUSED, Receipt.RECORDED]
    assert len(log(check)) == 2


def test_a_kept_ping_that_cannot_be_stored_is_set_aside(
    intake: Intake, database: Database, spool: Spool, check: Check, now: datetime
) -> None:
    database.error = AWAY
    wrong = replace(ping_event(check.code, now), scheme=None)  # type: ignore[arg-type]
    intake.take([ping_event(check.code, now), wrong, ping_event(check.code, now + seconds(1))])
    database.error = None
    intake.replay()
    assert [n for n, _ in log(check)] == [1, 2]
    assert not intake.is_spooling
    assert (spool._folder / "rejected").stat().st_size > 0


@pytest.mark.django_db(transaction=True)
def test_a_thread_brings_the_spool_into_the_database_once_it_is_back(
    spool: Spool, database: Database, check: Check, now: datetime
) -> None:
    intake = Intake(spool, clock=lambda: now, record=database.record)
    database.error = AWAY
    intake.take([ping_event(check.code, now)])
    database.error = None
    replayer = intake._replayer
    assert replayer
    replayer.join(20)
    assert not intake.is_spooling
    assert intake.take([ping_event(check.code, now)]) == [Receipt.RECORDED]
    intake.stop()
    assert [n for n, _ in log(check)] == [1, 2]
