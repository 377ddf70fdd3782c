from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from hc.accounts.models import Profile
from hc.api import history
from hc.api.models import Check
from hc.core.state import Kind
from hc.core.uptime import Uptime
from hc.housekeeping import days, rollups
from hc.pings.event import PingEvent
from hc.pings.writer import record
from tests.factories import ping_event
from tests.queries import count_queries

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def run(check: Check, end: datetime, took: timedelta, kind: Kind = Kind.SUCCESS) -> None:
    record([ping_event(check.code, end - took, Kind.START)], end)
    record([ping_event(check.code, end, kind)], end)
    check.refresh_from_db()


def total(check: Check, now: datetime, label: str) -> Uptime:
    return next(w.total for w in history.of(check, now).windows if w.label == label)


def test_runs_count_whether_or_not_they_were_rolled_up(check: Check, now: datetime) -> None:
    for number in range(6):
        run(check, now - (6 - number) * HOUR, (number + 1) * MINUTE)
    fresh = history.of(check, now)
    list(rollups.fold_new_pings(now))
    check.refresh_from_db()
    rolled = history.of(check, now)
    run(check, now, 30 * MINUTE, Kind.FAIL)
    mixed = history.of(check, now)
    today = now.date()
    assert fresh.typical == rolled.typical
    assert fresh.days[today].runs == rolled.days[today].runs == 6
    assert (mixed.days[today].failures, mixed.days[today].runs) == (1, 7)
    assert mixed.typical
    assert abs(mixed.typical[0] - 4 * MINUTE) < timedelta(seconds=10)
    assert mixed.typical[1] == 30 * MINUTE
    assert [run.duration for run in mixed.recent][-1] == 30 * MINUTE


def test_history_outlives_the_log(check: Check, now: datetime) -> None:
    for number in range(20, 0, -1):
        run(check, now - number * DAY, MINUTE)
    list(rollups.fold_new_pings(now))
    list(days.count_days((now - 30 * DAY).date(), now))
    Profile.objects.update(ping_log_limit=2)
    check.refresh_from_db()
    found = history.of(check, now)
    assert len(found.days) == 20
    assert len(found.recent) == 1
    assert found.days[date(2026, 6, 1)].median == MINUTE


def test_uptime_of_the_last_days(check: Check, now: datetime) -> None:
    Check.objects.update(created=now - 10 * DAY)
    record([ping_event(check.code, now - 4 * HOUR)], now)
    record([ping_event(check.code, now - 2 * HOUR, Kind.FAIL)], now)
    record([ping_event(check.code, now - HOUR)], now)
    check.refresh_from_db()
    for label in ("24 h", "7 days", "30 days", "90 days", "12 months"):
        found = total(check, now, label)
        assert (found.up, found.down, found.outages) == (3 * HOUR, HOUR, 1)
        assert found.percent == "75.00 %"  # of the time that has passed and was watched
    parts = history.of(check, now).windows[0].parts
    assert [part.down for part in parts][-4:] == [HOUR / 2, HOUR / 2, 0 * HOUR, 0 * HOUR]


def test_a_check_that_flaps_all_year_is_judged_by_its_days(
    check: Check, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    Check.objects.update(created=now - 40 * DAY)
    for number in range(40, 0, -1):
        at = now - number * DAY
        record([ping_event(check.code, at, Kind.FAIL)], at)
        record([ping_event(check.code, at + 6 * HOUR)], at)
    list(days.count_days((now - 50 * DAY).date(), now))
    check.refresh_from_db()
    exact = total(check, now, "90 days")
    monkeypatch.setattr(history, "MOST_FLIPS", 20)
    rough = total(check, now, "90 days")
    assert exact.ratio
    assert rough.ratio
    assert abs(exact.ratio - rough.ratio) < 0.02
    assert total(check, now, "7 days").ratio == 0.75


def test_the_last_day_of_a_busy_job_is_cut_and_said_so(
    check: Check, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "RECENT", 50)
    events = [PingEvent(check.code, now - n * MINUTE) for n in range(80, 0, -1)]
    record(events, now)
    check.refresh_from_db()
    found = history.of(check, now)
    assert found.is_cut
    assert len(found.recent) == 50


def test_the_number_of_queries_is_constant(check: Check, now: datetime) -> None:
    def measured() -> int:
        found = Check.objects.select_related("project").get(pk=check.pk)
        return count_queries(lambda: history.of(found, now))

    measured()
    few = measured()
    for number in range(30):
        run(check, now - (30 - number) * HOUR, MINUTE, (Kind.FAIL, Kind.SUCCESS)[number % 2])
    list(rollups.fold_new_pings(now))
    assert measured() == few <= 6
