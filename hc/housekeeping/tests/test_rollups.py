from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from hc.accounts.models import Project
from hc.api.models import Check, DailyRollup, Ping
from hc.core.state import Kind
from hc.housekeeping import rollups
from hc.pings.event import PingEvent
from hc.pings.writer import record
from tests.factories import make_check, ping_event

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
JUNE_15, JUNE_16 = date(2026, 6, 15), date(2026, 6, 16)


def ping(check: Check, *kinds: Kind, at: datetime, every: timedelta = MINUTE) -> None:
    events = [ping_event(check.code, at + i * every, kind) for i, kind in enumerate(kinds)]
    record(events, at)


def fold(now: datetime) -> int:
    return sum(rollups.fold_new_pings(now))


def sums(**of: object) -> list[tuple[object, ...]]:
    rows = DailyRollup.objects.filter(**of).order_by("day")
    return list(rows.values_list("day", "successes", "late", "failures"))


def test_runs_are_counted_by_day_and_outcome(check: Check, now: datetime) -> None:
    ping(check, Kind.SUCCESS, Kind.FAIL, Kind.LOG, Kind.SUCCESS, at=now)
    ping(check, Kind.SUCCESS, at=now + DAY)
    ping(check, Kind.SUCCESS, at=now + 2 * DAY + 50 * MINUTE)  # half of the grace time is over
    assert fold(now) == 5
    assert sums() == [
        (JUNE_15, 2, 0, 1),
        (JUNE_16, 1, 0, 0),
        (date(2026, 6, 17), 0, 1, 0),
    ]
    check.refresh_from_db()
    assert check.rolled_n == check.n_pings == 6


def test_folding_again_changes_nothing(check: Check, now: datetime) -> None:
    ping(check, Kind.START, Kind.SUCCESS, at=now)
    fold(now)
    before = list(DailyRollup.objects.values())
    assert fold(now) == 0
    assert list(DailyRollup.objects.values()) == before


def test_days_grow_with_new_pings_though_the_old_ones_are_gone(check: Check, now: datetime) -> None:
    for hour in range(5):
        ping(check, Kind.START, Kind.SUCCESS, at=now + hour * HOUR, every=(hour + 1) * MINUTE)
        fold(now)
        Ping.objects.all().delete()
    row = DailyRollup.objects.get()
    assert row.successes == 5
    assert (row.duration_min, row.duration_max) == (MINUTE, 5 * MINUTE)
    assert row.duration_median == pytest.approx(3 * MINUTE, abs=3 * MINUTE * 0.025)
    assert row.duration_p95 == 5 * MINUTE


def test_a_run_whose_start_was_folded_earlier_has_its_duration(check: Check, now: datetime) -> None:
    run = UUID(int=5)
    midnight = now + 12 * HOUR
    record([ping_event(check.code, midnight - HOUR, Kind.START, rid=run)], now)
    fold(now)
    assert sums() == [(JUNE_15, 0, 0, 0)]
    # Somebody else wrote about the new day meanwhile.
    DailyRollup.objects.create(owner=check, day=JUNE_16, up_seconds=60)
    ping(check, Kind.LOG, Kind.SUCCESS, at=midnight)
    fold(now)
    record([ping_event(check.code, midnight + HOUR, Kind.FAIL, rid=run)], now)
    fold(now)
    row = DailyRollup.objects.get(day=JUNE_16)
    assert (row.successes, row.failures, row.up_seconds) == (1, 1, 60)
    assert row.duration_max == 2 * HOUR
    assert all(row.open_starts == [] for row in DailyRollup.objects.all())


def test_a_start_ends_one_run_only(check: Check, now: datetime) -> None:
    ping(check, Kind.START, at=now)
    fold(now)
    ping(check, Kind.SUCCESS, at=now + DAY)
    fold(now)
    ping(check, Kind.SUCCESS, at=now + 2 * DAY)
    fold(now)
    found = DailyRollup.objects.order_by("day").values_list("duration_max", flat=True)
    assert list(found) == [None, DAY, None]


def test_belated_pings_count_on_their_own_day(check: Check, now: datetime) -> None:
    ping(check, Kind.SUCCESS, at=now + DAY)
    fold(now)
    record([PingEvent(check.code, now, Kind.SUCCESS, spooled=True)], now + DAY)
    fold(now)
    assert sums() == [(JUNE_15, 1, 0, 0), (JUNE_16, 1, 0, 0)]


def test_pings_of_older_versions_count_as_what_they_say(check: Check, now: datetime) -> None:
    ping(check, Kind.SUCCESS, Kind.FAIL, Kind.SUCCESS, at=now)
    Ping.objects.update(outcome=None)
    Ping.objects.filter(n=3).update(kind="")
    fold(now)
    assert sums() == [(JUNE_15, 2, 0, 1)]


def test_a_log_with_gaps(check: Check, now: datetime) -> None:
    ping(check, Kind.SUCCESS, Kind.SUCCESS, at=now)
    Ping.objects.filter(n=1).delete()
    Check.objects.update(n_pings=F("n_pings") + 5)
    assert fold(now) == 1
    check.refresh_from_db()
    assert check.rolled_n == 7


def test_many_checks_and_pings_are_folded_in_parts(
    project: Project, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "CHECKS", 2)
    monkeypatch.setattr(rollups, "PINGS", 4)
    checks = [make_check(project) for _ in range(5)]
    for number, check in enumerate(checks):
        ping(check, *[Kind.SUCCESS] * (number * 3), at=now)
    parts = list(rollups.fold_new_pings(now))
    assert sum(parts) == 30
    assert max(parts) <= 4
    for number, check in enumerate(checks):
        runs = DailyRollup.objects.filter(owner=check).values_list("successes", flat=True)
        assert list(runs) == ([number * 3] if number else [])


def test_the_number_of_queries_does_not_grow(project: Project, now: datetime) -> None:
    def queries(checks: Iterable[Check], pings: int) -> int:
        for check in checks:
            ping(check, *[Kind.START, Kind.SUCCESS] * pings, at=now, every=timedelta(seconds=1))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            fold(now)
        return len(captured)

    few = queries([make_check(project)], 1)
    many = queries([make_check(project) for _ in range(20)], 20)
    assert many == few


def test_a_check_that_is_deleted_meanwhile_is_left_out(
    check: Check, project: Project, now: datetime
) -> None:
    other = make_check(project)
    ping(check, Kind.SUCCESS, at=now)
    ping(other, Kind.SUCCESS, at=now)

    def meddle(execute: Any, sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if sql.startswith("SELECT") and "api_ping" in sql:
            Check.objects.filter(pk=check.pk).delete()
        return result

    with connection.execute_wrapper(meddle):
        assert fold(now) == 1
    assert sums() == [(JUNE_15, 1, 0, 0)]


@pytest.mark.django_db(transaction=True)
def test_two_copies_at_once_count_once(check: Check, now: datetime) -> None:
    ping(check, *[Kind.SUCCESS] * 50, at=now, every=timedelta(seconds=1))
    counted: list[int] = []

    def other_copy() -> None:
        counted.append(fold(now))
        connection.close()

    def meddle(execute: Any, sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if sql.startswith("SELECT") and "api_ping" in sql:
            thread = threading.Thread(target=other_copy)
            thread.start()
            thread.join()
        return result

    with connection.execute_wrapper(meddle):
        counted.append(fold(now))
    assert counted == [50, 0]
    assert sums() == [(JUNE_15, 50, 0, 0)]


@pytest.mark.django_db(transaction=True)
def test_a_crash_repeats_nothing_and_loses_nothing(check: Check, now: datetime) -> None:
    ping(check, *[Kind.SUCCESS] * 3, at=now)

    def crash(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE") and "rolled_n" in sql:
            raise KeyboardInterrupt
        return execute(sql, *rest)

    with connection.execute_wrapper(crash), pytest.raises(KeyboardInterrupt):
        fold(now)
    assert sums() == []
    fold(now)
    assert sums() == [(JUNE_15, 3, 0, 0)]
