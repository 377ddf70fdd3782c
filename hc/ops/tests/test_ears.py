"""A web process says up to when it has heard, and stored, all pings."""

from __future__ import annotations

import socket
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import OperationalError
from pytest_django import Settings

from hc.accounts.models import Project
from hc.alerts import guard
from hc.api.models import Check, Heartbeat, Listening, Outage
from hc.api.services import listening
from hc.core.state import Kind
from hc.ops.lifespan import Ears
from hc.pings.event import Overloaded, Receipt
from hc.pings.intake import Intake
from hc.pings.spool import Spool
from hc.pings.writer import record
from tests.factories import make_check, ping_event, seconds


class Quiet(Intake):
    """The spool is not replayed behind the test's back."""

    is_replayed_by_itself = False


@pytest.fixture
def intake(tmp_path: Path, now: datetime) -> Intake:
    return Quiet(Spool(tmp_path, 1_000_000), clock=lambda: now)


def until() -> datetime:
    return Listening.objects.get().until


def test_each_beat_moves_the_mark_on(db: None, intake: Intake, now: datetime) -> None:
    ears = Ears(intake, now)
    ears.beat(now)
    ears.beat(now + seconds(2))
    assert until() == now + seconds(2)
    assert Heartbeat.objects.get().process == "web"
    ears.stop()
    assert not Heartbeat.objects.exists()


def test_pings_on_disk_hold_it_back(db: None, intake: Intake, now: datetime) -> None:
    ears = Ears(intake, now)
    ears.beat(now)
    intake._spool.append([ping_event(uuid4(), now, Kind.SUCCESS)])
    intake.start()
    ears.beat(now + seconds(2))
    assert until() == now
    assert Heartbeat.objects.get().spooling_since == now


def test_after_the_database_was_away_others_may_speak_first(
    db: None, intake: Intake, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ears = Ears(intake, now)
    ears.beat(now)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(listening, "advance", away)
        ears.beat(now + seconds(2))
    ears.beat(now + seconds(4))
    assert until() == now
    ears.beat(now + seconds(3) + listening.RECONNECT)
    assert until() == now + seconds(3) + timedelta(seconds=10)


def test_a_farewell_needs_no_database(
    db: None, intake: Intake, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    ears = Ears(intake, now)
    monkeypatch.setattr(Heartbeat.objects, "filter", away)
    ears.stop()


# --- Frozen -------------------------------------------------------------------------------------


MINUTE = timedelta(minutes=1)


@pytest.fixture
def watched(project: Project, now: datetime) -> Check:
    """A check that was pinged at `now`, and goes down ten minutes later."""
    check = make_check(project, timeout=5 * MINUTE, grace=5 * MINUTE)
    record([ping_event(check.code, now)], now)
    return check


def test_a_time_in_which_it_was_frozen_is_an_outage(
    watched: Check, intake: Intake, now: datetime
) -> None:
    ears = Ears(intake, now - MINUTE)
    ears.beat(now - seconds(2))
    ears.beat(now)
    thawed = now + 20 * MINUTE
    assert guard.sweep(thawed).down == 0
    ears.beat(thawed)
    ears.beat(thawed + seconds(2))
    outage = Outage.objects.get()
    assert (outage.started, outage.ended, outage.checks) == (now, thawed, 1)
    assert Heartbeat.objects.get().started == thawed  # for others to see
    assert guard.sweep(thawed + seconds(2)).down == 0


def test_so_it_is_when_all_processes_were(watched: Check, intake: Intake, now: datetime) -> None:
    """Another one, which has listened for long, has not said yet that it was frozen, too."""
    ears = Ears(intake, now - MINUTE)
    ears.beat(now)
    Heartbeat.objects.create(
        process="web", host="elsewhere", pid=7, started=now - 60 * MINUTE, beat=now + seconds(1)
    )
    thawed = now + seconds(8)
    ears.beat(thawed)
    assert (Outage.objects.get().started, until()) == (now, thawed)


def test_a_database_that_holds_up_a_beat_is_not_taken_for_it(
    watched: Check, intake: Intake, now: datetime
) -> None:
    ears = Ears(intake, now)
    ears.beat(now)
    for tick in range(60):
        ears.hear(now + tick * seconds(2))
    ears.beat(now + 2 * MINUTE)
    assert until() == now + 2 * MINUTE
    assert not Outage.objects.exists()


def test_who_was_frozen_between_beat_and_store_tells_it_once(
    watched: Check, intake: Intake, now: datetime
) -> None:
    ears = Ears(intake, now - MINUTE)
    ears.beat(now)
    thawed = now + 20 * MINUTE
    ears.hear(thawed)
    ears.beat(now + seconds(2))
    ears.beat(thawed + seconds(1))
    assert Outage.objects.count() == 1


# --- Pings that were refused ----------------------------------------------------------------------


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def refuse(intake: Intake, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is away, and the disk is full."""

    def away(*_: object) -> list[Receipt]:
        raise OperationalError("gone")

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(intake, "_write", away)
        patched.setattr(intake._spool, "append", full)
        with pytest.raises(Overloaded):
            intake.take([ping_event(check.code, intake._clock())])


@pytest.mark.parametrize("others", [0, 1])
def test_pings_that_were_refused_are_an_outage_whoever_has_listened(
    watched: Check,
    tmp_path: Path,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    others: int,
) -> None:
    clock = Clock(now)
    intake = Quiet(Spool(tmp_path, 1_000_000), clock=clock)
    ears = Ears(intake, now - MINUTE)
    ears.beat(now)
    for minute in (1, 2, 12):
        clock.now = now + minute * MINUTE
        refuse(intake, watched, monkeypatch)
        ears.hear(clock.now)
    back = now + 13 * MINUTE
    for number in range(others):
        Heartbeat.objects.create(
            process="web", host="elsewhere", pid=number, started=now - MINUTE, beat=back
        )
    ears._heard = back
    ears.beat(back)
    outage = Outage.objects.get()
    assert (outage.started, outage.ended, outage.checks) == (now, now + 12 * MINUTE, 1)
    assert until() == back
    assert guard.sweep(back).down == 0
    ears.beat(back + seconds(2))
    assert Outage.objects.count() == 1
    assert Heartbeat.objects.get(host=socket.gethostname()[:100]).spooling_since is None


def test_while_pings_are_refused_nobody_moves_the_mark_on(
    watched: Check, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(now)
    intake = Quiet(Spool(tmp_path, 1_000_000), clock=clock)
    ears = Ears(intake, now)
    ears.beat(now)
    clock.now = now + seconds(2)
    refuse(intake, watched, monkeypatch)
    ears.beat(now + seconds(3))
    assert until() == now
    mine = Heartbeat.objects.get()
    assert mine.spooling_since == now + seconds(2)
    Heartbeat.objects.update(host="elsewhere", beat=now + seconds(5))
    assert not listening.advance(now + seconds(6), now)


def test_what_several_processes_refused_is_excused_once(
    watched: Check, now: datetime, settings: Settings
) -> None:
    settings.OUTAGE_SETTLE_SECONDS = 0
    listening.advance(now, now)
    back = now + 13 * MINUTE
    for number in range(4):
        lost = listening.Gap(now + MINUTE + seconds(number), now + 12 * MINUTE + seconds(number))
        assert listening.advance(back + seconds(number), now - MINUTE, lost)
    watched.refresh_from_db()
    assert Outage.objects.count() == 1
    assert watched.alert_after == now + 22 * MINUTE
