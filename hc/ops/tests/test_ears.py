"""A web process says up to when it has heard, and stored, all pings."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import OperationalError

from hc.api.models import Heartbeat, Listening
from hc.api.services import listening
from hc.core.state import Kind
from hc.ops.lifespan import Ears
from hc.pings.intake import Intake
from hc.pings.spool import Spool
from tests.factories import ping_event, seconds


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
