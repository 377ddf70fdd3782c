from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from hc.api.models import Check, DailyRollup
from hc.core.state import Kind
from hc.housekeeping import chores, tasks
from hc.pings.writer import record
from tests.factories import ping_event

DAY = timedelta(days=1)


@pytest.fixture
def old_check(check: Check, now: datetime) -> Check:
    """Up for 200 days."""
    record([ping_event(check.code, now - 200 * DAY)], now)
    Check.objects.update(created=now - 200 * DAY, timeout=365 * DAY)
    return check


def counted(now: datetime) -> list[date]:
    """The days that a round counts, of those that were forgotten."""
    DailyRollup.objects.all().delete()
    sum(tasks.count_days(now))
    return list(DailyRollup.objects.order_by("day").values_list("day", flat=True))


def test_days_are_counted_far_back_at_first_and_a_week_back_each_day(
    old_check: Check, now: datetime
) -> None:
    today = now.date()
    assert counted(now)[0] == today - 93 * DAY
    assert counted(now) == [today - DAY, today]
    assert counted(now + DAY) == [today + n * DAY for n in range(-7, 2)]
    assert counted(now + DAY) == [today, today + DAY]


def test_a_service_that_was_switched_off_for_long_catches_up(
    old_check: Check, now: datetime
) -> None:
    counted(now)
    assert counted(now + 100 * DAY)[0] == now.date() - 7 * DAY


def test_a_round_that_is_cut_off_is_repeated(old_check: Check, now: datetime) -> None:
    next(tasks.count_days(now))
    assert chores.position("days") == 0
    assert len(counted(now)) == 94


def test_a_log_without_runs_has_no_days(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now, Kind.LOG)], now)
    (folding,) = [task for task in tasks.TASKS if task.name == "rollups"]
    assert sum(folding.steps(now)) == 0
    check.refresh_from_db()
    assert check.rolled_n == 1
    assert not DailyRollup.objects.exists()
