from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hc.accounts.models import Project
from hc.alerts import overdue
from hc.api.models import Check, DailyRollup, Flip
from hc.api.services import checks
from hc.core.state import Kind
from hc.housekeeping import days, rollups
from hc.pings.writer import record
from tests.factories import make_check, ping_event

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
JUNE_15 = date(2026, 6, 15)


@pytest.fixture
def check(check: Check, now: datetime) -> Check:
    Check.objects.update(created=now - 100 * DAY)
    check.refresh_from_db()
    return check


def count(now: datetime, since: date = JUNE_15) -> int:
    return sum(days.count_days(since, now))


def facts() -> dict[int, tuple[int, float, float]]:
    """Missed, hours up and hours down by day of the month."""
    rows = DailyRollup.objects.order_by("day")
    return {r.day.day: (r.missed, r.up_seconds / 3600, r.down_seconds / 3600) for r in rows}


def test_up_and_down_time_of_each_day(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now)], now)
    record([ping_event(check.code, now + 6 * HOUR, Kind.FAIL)], now)
    record([ping_event(check.code, now + 18 * HOUR)], now)
    assert count(now + 24 * HOUR) == 2
    assert facts() == {15: (0, 6, 6), 16: (0, 6, 6)}


def test_only_time_that_has_passed_counts(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now)], now)
    count(now + HOUR)
    assert facts() == {15: (0, 1, 0)}
    assert count(now + HOUR) == 0
    count(now + 2 * HOUR)
    assert facts() == {15: (0, 2, 0)}


def test_a_missing_ping_counts_on_the_day_of_its_deadline(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now)], now)
    count(now + 3 * DAY)
    assert facts()[17] == (0, 24, 0)
    overdue.sweep(now + 3 * DAY)  # late, but the flip is stamped with the deadline
    count(now + 3 * DAY)
    assert facts() == {15: (0, 12, 0), 16: (1, 13, 11), 17: (0, 0, 24), 18: (0, 0, 12)}


def test_paused_time_is_neither_up_nor_down(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now)], now)
    checks.pause(check.code, now + 2 * HOUR)
    count(now + 2 * DAY)
    assert facts() == {15: (0, 2, 0)}


def test_a_check_that_was_never_pinged_has_no_days(check: Check, now: datetime) -> None:
    assert count(now + DAY) == 0
    assert facts() == {}


def test_days_without_any_ping_are_counted(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now)], now)
    Check.objects.update(timeout=30 * DAY)
    count(now + 2 * DAY)
    assert facts() == {15: (0, 12, 0), 16: (0, 24, 0), 17: (0, 12, 0)}


def test_the_runs_of_a_day_stay(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now)], now)
    sum(rollups.fold_new_pings(now))
    count(now + HOUR)
    row = DailyRollup.objects.get()
    assert (row.successes, row.up_seconds) == (1, 3600)
    record([ping_event(check.code, now + MINUTE)], now)
    sum(rollups.fold_new_pings(now))
    row.refresh_from_db()
    assert (row.successes, row.up_seconds) == (2, 3600)


def test_events_that_were_cleared_count_no_more(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now)], now)
    count(now + HOUR)
    Flip.objects.all().delete()
    Check.objects.update(status="new")
    assert count(now + HOUR) == 1
    assert facts() == {15: (0, 0, 0)}


def test_days_before_the_first_wanted_one_are_left_alone(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now)], now)
    count(now + 2 * DAY, date(2026, 6, 17))
    assert facts() == {17: (0, 12, 0)}


def test_all_checks_are_counted_with_few_queries(
    project: Project, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queries(number: int) -> int:
        for _ in range(number):
            code = make_check(project, created=now).code
            record([ping_event(code, now, Kind.FAIL), ping_event(code, now + MINUTE)], now)
        with CaptureQueriesContext(connection) as captured:
            assert count(now + HOUR) == number
        return len(captured)

    few = queries(2)
    DailyRollup.objects.all().delete()
    Check.objects.all().delete()
    assert queries(20) == few
    monkeypatch.setattr(days, "CHECKS", 3)
    DailyRollup.objects.all().delete()
    assert count(now + HOUR) == 20
