from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hc.core.state import Status
from hc.core.uptime import (
    ZERO,
    Change,
    Period,
    Unit,
    Uptime,
    course,
    daily,
    day_period,
    equal_parts,
    periods,
    uptime,
)

UP, DOWN, PAUSED, NEW = Status.UP, Status.DOWN, Status.PAUSED, Status.NEW


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


JUNE = Period(at("2026-06-01"), at("2026-07-01"))
DAY = timedelta(days=1)


def june(
    changes: list[Change],
    status: Status,
    created: str = "2026-01-01",
    now: str = "2026-08-01",
) -> Uptime:
    return uptime(changes, created=at(created), status=status, period=JUNE, now=at(now))


def test_a_month_without_changes_has_the_status_of_today() -> None:
    assert june([], UP).up == 30 * DAY
    assert june([], DOWN) == Uptime(JUNE, down=30 * DAY, outages=1)


def test_an_outage_counts_once_with_its_length() -> None:
    changes = [Change(at("2026-06-10"), UP, DOWN), Change(at("2026-06-12"), DOWN, UP)]
    result = june(changes, UP)
    assert (result.up, result.down, result.outages) == (28 * DAY, 2 * DAY, 1)
    assert result.ratio == pytest.approx(28 / 30)
    assert result.percent == "93.33 %"


def test_an_outage_over_the_edges_counts_in_the_period() -> None:
    changes = [Change(at("2026-06-03"), DOWN, UP), Change(at("2026-06-29"), UP, DOWN)]
    result = june(changes, DOWN)
    assert (result.down, result.outages) == (4 * DAY, 2)


def test_changes_before_and_after_the_period_do_not_count() -> None:
    changes = [
        Change(at("2026-05-01"), UP, DOWN),
        Change(at("2026-05-02"), DOWN, UP),
        Change(at("2026-07-05"), UP, DOWN),
    ]
    assert june(changes, DOWN) == Uptime(JUNE, up=30 * DAY)


def test_only_elapsed_time_counts() -> None:
    result = june([Change(at("2026-06-10"), UP, DOWN)], DOWN, now="2026-06-11")
    assert (result.up, result.down) == (9 * DAY, DAY)


def test_time_before_the_creation_does_not_count() -> None:
    result = june([], DOWN, created="2026-06-21")
    assert (result.down, result.watched) == (10 * DAY, 10 * DAY)


def test_paused_and_new_time_is_neither_up_nor_down() -> None:
    changes = [
        Change(at("2026-06-05"), NEW, UP),
        Change(at("2026-06-15"), UP, PAUSED),
        Change(at("2026-06-25"), PAUSED, NEW),
    ]
    result = june(changes, NEW)
    assert (result.up, result.down, result.percent) == (10 * DAY, timedelta(0), "100 %")


def test_an_unwatched_period_has_no_ratio() -> None:
    result = june([], PAUSED)
    assert (result.ratio, result.percent) == (None, "")
    assert june([], UP, created="2026-07-15").watched == timedelta(0)


def test_two_changes_at_one_instant_leave_one_outage() -> None:
    moment = at("2026-06-10")
    changes = [
        Change(at("2026-06-09"), UP, DOWN),
        Change(moment, DOWN, UP),
        Change(moment, UP, DOWN),
        Change(at("2026-06-11"), DOWN, UP),
    ]
    assert june(changes, UP).outages == 1


def test_the_percentage_is_rounded_down() -> None:
    changes = [Change(at("2026-06-10"), UP, DOWN), Change(at("2026-06-10T00:00:30"), DOWN, UP)]
    assert june(changes, UP).percent == "99.99 %"


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (Unit.DAY, ["2026-03-29", "2026-03-28"]),
        (Unit.WEEK, ["2026-03-23", "2026-03-16"]),
        (Unit.MONTH, ["2026-03-01", "2026-02-01"]),
    ],
)
def test_periods_begin_at_local_midnight(unit: Unit, expected: list[str]) -> None:
    riga = ZoneInfo("Europe/Riga")
    found = periods(unit, 2, riga, at("2026-03-29T20:00"))
    assert [f"{p.start.astimezone(riga):%Y-%m-%d %H:%M}" for p in found] == [
        f"{day} 00:00" for day in expected
    ]
    assert found[1].end == found[0].start


def test_the_day_of_a_clock_change_has_23_or_25_hours() -> None:
    riga = ZoneInfo("Europe/Riga")
    spring = periods(Unit.DAY, 1, riga, at("2026-03-29T12:00"))[0]
    autumn = periods(Unit.DAY, 1, riga, at("2026-10-25T12:00"))[0]
    assert spring.end - spring.start == timedelta(hours=23)
    assert autumn.end - autumn.start == timedelta(hours=25)


def test_an_outage_is_shared_out_among_its_days() -> None:
    changes = [
        Change(at("2026-06-10T18:00"), UP, DOWN),
        Change(at("2026-06-12T06:00"), DOWN, UP),
        Change(at("2026-06-12T12:00"), UP, PAUSED),
    ]
    found = daily(
        changes,
        created=at("2026-06-09T12:00"),
        status=PAUSED,
        since=date(2026, 6, 1),
        now=at("2026-06-14T01:00"),
    )
    hours = {day.day: (u.up / DAY * 24, u.down / DAY * 24, u.outages) for day, u in found.items()}
    assert hours == {9: (12, 0, 0), 10: (18, 6, 1), 11: (0, 24, 1), 12: (6, 6, 1)}


@given(
    st.lists(st.tuples(st.integers(0, 7 * 1440), st.sampled_from(Status)), max_size=20),
    st.integers(0, 7 * 1440),
    st.integers(0, 7 * 1440),
)
def test_days_are_periods_like_others(
    steps: list[tuple[int, Status]], created: int, passed: int
) -> None:
    start, minute = at("2026-06-01"), timedelta(minutes=1)
    changes, status = [], NEW
    for minutes, new in sorted(steps):
        changes.append(Change(start + minutes * minute, status, new))
        status = new
    known: dict[str, Any] = {
        "created": start + created * minute,
        "status": status,
        "now": start + passed * minute,
    }
    found = daily(changes, since=date(2026, 6, 1), **known)
    for number in range(8):
        day = date(2026, 6, 1 + number)
        later = [change for change in changes if change.at >= day_period(day).start]
        one = uptime(later, period=day_period(day), **known)
        assert found.get(day, Uptime(day_period(day))) == one


# --- Parts ------------------------------------------------------------------------------------


def test_parts_add_up_to_the_whole() -> None:
    start = datetime(2026, 5, 1, tzinfo=UTC)
    hours = [start + timedelta(hours=n) for n in range(25)]
    changes = [
        Change(hours[3], Status.NEW, Status.UP),
        Change(hours[6] + timedelta(minutes=15), Status.UP, Status.DOWN),
        Change(hours[8], Status.DOWN, Status.UP),
        Change(hours[20], Status.UP, Status.PAUSED),
    ]
    period = Period(start, hours[24])
    facts = {"created": hours[1], "status": Status.PAUSED, "now": hours[24]}
    whole = uptime(changes, period=period, **facts)  # type: ignore[arg-type]  # as named
    total, parts = course(changes, parts=equal_parts(period, 24), **facts)  # type: ignore[arg-type]
    assert total == whole
    assert sum((part.up for part in parts), ZERO) == whole.up
    assert sum((part.down for part in parts), ZERO) == whole.down
    assert (parts[6].up, parts[6].down) == (timedelta(minutes=15), timedelta(minutes=45))
    assert parts[7].down == timedelta(hours=1)
    assert [n for n, part in enumerate(parts) if not part.watched] == [0, 1, 2, 20, 21, 22, 23]


@given(st.integers(1, 97), st.lists(st.integers(0, 86_400), max_size=12))
def test_any_parts_of_any_day_add_up(count: int, seconds: list[int]) -> None:
    start = datetime(2026, 5, 1, tzinfo=UTC)
    period = Period(start, start + timedelta(days=1))
    states = [Status.UP, Status.DOWN]
    changes = [
        Change(start + timedelta(seconds=at), states[n % 2], states[1 - n % 2])
        for n, at in enumerate(sorted(seconds))
    ]
    facts = {"created": start, "status": states[len(seconds) % 2], "now": period.end}
    whole = uptime(changes, period=period, **facts)  # type: ignore[arg-type]  # as named
    total, parts = course(changes, parts=equal_parts(period, count), **facts)  # type: ignore[arg-type]
    assert total == whole
    assert sum((part.up for part in parts), ZERO) == whole.up
    assert sum((part.down for part in parts), ZERO) == whole.down
