from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hc.core import zones
from hc.core.schedule import (
    Cron,
    Never,
    OnCalendar,
    Schedule,
    ScheduleError,
    Simple,
    next_after,
    upcoming,
    validate_cron,
    validate_oncalendar,
)

RIGA = "Europe/Riga"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Gap in Riga: 2024-03-31 03:00 to 04:00. Repeated hour: 2023-10-29 03:00 to 04:00.
REFERENCE = [
    (Cron("30 3 * * *", RIGA), "2024-03-31T00:00", "2024-03-31T01:00"),
    (Cron("30 3 * * *", RIGA), "2024-03-31T01:00:30", "2024-04-01T00:30"),
    (OnCalendar("03:30", RIGA), "2024-03-31T00:00", "2024-04-01T00:30"),
    (Cron("30 * * * *", RIGA), "2024-03-31T00:45", "2024-03-31T01:30"),
    (Cron("30 3 * * *", RIGA), "2023-10-29T00:30:05", "2023-10-30T01:30"),
    (Cron("15 * * * *", RIGA), "2023-10-29T00:16", "2023-10-29T01:15"),
    (OnCalendar("*:15", RIGA), "2023-10-29T00:16", "2023-10-29T02:15"),
    # In the second pass of the repeated hour the libraries name an instant of the first one.
    (Cron("30 3 * * *", RIGA), "2023-10-29T01:10", "2023-10-30T01:30"),
    (OnCalendar("*:15", RIGA), "2023-10-29T01:10", "2023-10-29T02:15"),
]


@pytest.mark.parametrize(("schedule", "last_ping", "expected"), REFERENCE)
def test_reference_values_around_clock_changes(
    schedule: Schedule, last_ping: str, expected: str
) -> None:
    assert next_after(schedule, utc(last_ping)) == utc(expected)


def test_simple_schedule_counts_from_the_last_ping() -> None:
    later = next_after(Simple(timedelta(minutes=90)), utc("2026-01-01T00:00"))
    assert later == utc("2026-01-01T01:30")


def test_a_time_within_the_second_of_the_ping_is_not_expected_again() -> None:
    just_after = utc("2026-01-01T00:30") + timedelta(milliseconds=500)
    assert next_after(Cron("30 0 * * *", "UTC"), just_after) == utc("2026-01-02T00:30")


def test_a_time_in_the_next_second_is_expected() -> None:
    just_before = utc("2026-01-01T00:29:59") + timedelta(milliseconds=900)
    assert next_after(Cron("30 0 * * *", "UTC"), just_before) == utc("2026-01-01T00:30")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 0 L * *", "2026-01-31T00:00"),
        ("0 0 LW * *", "2026-01-30T00:00"),
        ("0 0 * * 5L", "2026-01-30T00:00"),
        ("0 0 * * MON#2", "2026-01-12T00:00"),
        ("0 0 * jan 7", "2026-01-04T00:00"),
        ("5/20 * * * *", "2026-01-01T00:05"),
        ("0 0 13 * 5", "2026-01-02T00:00"),
        ("0 0 */13 * 5", "2026-02-27T00:00"),
    ],
)
def test_cron_dialect(expression: str, expected: str) -> None:
    assert next_after(Cron(expression, "UTC"), utc("2026-01-01T00:00")) == utc(expected)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "* * * * * *",
        "@daily",
        "60 * * * *",
        "0 0 30 2 *",
        "5-1 * * * *",
        "*/0 * * * *",
    ],
)
def test_bad_cron_expressions_are_refused(expression: str) -> None:
    with pytest.raises(ScheduleError):
        validate_cron(expression)


@pytest.mark.parametrize("expression", ["* * * * *", "0 9 * * MON-FRI", "0 0 29 2 *"])
def test_good_cron_expressions_are_accepted(expression: str) -> None:
    validate_cron(expression)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("hourly", "2026-01-01T01:00"),
        ("Mon..Fri 12:00:30", "2026-01-01T12:00:30"),
        ("*-02~01", "2026-02-28T00:00"),
        ("12:00 America/New_York", "2026-01-01T17:00"),
        ("23:00\n09:00\n", "2026-01-01T09:00"),
        ("30-01-02", "2030-01-02T00:00"),
    ],
)
def test_oncalendar_dialect(expression: str, expected: str) -> None:
    assert next_after(OnCalendar(expression, "UTC"), utc("2026-01-01T00:00")) == utc(expected)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "\n \n",
        "nonsense",
        "25:00",
        "Mon 1-1 10:00 UTC extra",
        "1-1 0:0:0.5",
        "x" * 101,
        "*-02~30",
    ],
)
def test_bad_oncalendar_expressions_are_refused(expression: str) -> None:
    with pytest.raises(ScheduleError):
        validate_oncalendar(expression)


def test_an_expression_that_never_happens_is_refused() -> None:
    with pytest.raises(ScheduleError, match="never happens"):
        validate_oncalendar("*-02-30")


def test_an_exhausted_schedule_expects_nothing() -> None:
    assert next_after(OnCalendar("2019-01-01", "UTC"), utc("2026-01-01T00:00")) is None


def test_never_expects_nothing() -> None:
    assert next_after(Never(), utc("2026-01-01T00:00")) is None


def test_several_expressions_come_in_order_and_once() -> None:
    times = upcoming(OnCalendar("*:00\n*:30\n12:00", "UTC"), utc("2026-01-01T11:10"))
    assert [f"{t:%H:%M}" for t in islice(times, 4)] == ["11:30", "12:00", "12:30", "13:00"]


def test_simple_schedule_goes_on() -> None:
    times = upcoming(Simple(timedelta(hours=1)), utc("2026-01-01T00:00"))
    assert [t.hour for t in islice(times, 3)] == [1, 2, 3]


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(ScheduleError, match="no time zone 'Mars/Base'"):
        next_after(Cron("* * * * *", "Mars/Base"), utc("2026-01-01T00:00"))


def test_a_retired_zone_name_is_understood() -> None:
    kyiv = next_after(Cron("0 12 * * *", "Europe/Kiev"), utc("2026-01-01T00:00"))
    assert kyiv == utc("2026-01-01T10:00")


def test_zone_names() -> None:
    assert zones.canonical("Asia/Calcutta") == "Asia/Kolkata"
    assert zones.canonical("America/Coyhaique") == "America/Coyhaique"
    assert zones.canonical("utc") is None
    assert zones.canonical("Factory") is None
    assert len(zones.RETIRED) == 113
    assert set(zones.RETIRED.values()) <= zones.ZONES


# --- Properties -------------------------------------------------------------------------------

SCHEDULES: list[tuple[type[Cron | OnCalendar], str]] = [
    *((Cron, e) for e in ("* * * * *", "*/7 * * * *", "30 2 * * *", "15 */2 * * *", "0 1-3 * * *")),
    *((Cron, e) for e in ("30 * 1 * *", "59 23 * * 0", "0 0 * * *", "*/30 1,2,3 * * *")),
    *((OnCalendar, e) for e in ("*:15", "02:30", "hourly", "Sun 01:59:59", "*:0/20\n03:00")),
]


def clock_changes(name: str) -> list[datetime]:
    """The hours within two years at which the zone's offset changes."""
    zone, found = ZoneInfo(name), []
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    for _ in range(4 * 365):
        later = moment + timedelta(hours=12)
        if moment.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            found += [moment + timedelta(hours=h) for h in range(12)]
        moment = later
    return found


@pytest.mark.parametrize(
    "zone",
    sorted(
        {
            "Europe/Riga",
            "Australia/Lord_Howe",
            "America/Havana",
            "Asia/Beirut",
            "Africa/Casablanca",
            "America/St_Johns",
            "Pacific/Chatham",
            "Antarctica/Troll",
        }
    ),
)
@pytest.mark.parametrize(("kind", "expression"), SCHEDULES)
def test_expected_times_ascend_through_every_clock_change(
    kind: type[Cron | OnCalendar], expression: str, zone: str
) -> None:
    for start in clock_changes(zone):
        times = [start, *islice(upcoming(kind(expression, zone), start), 5)]
        assert all(a < b for a, b in pairwise(times)), (zone, expression, start)


@pytest.mark.slow
def test_in_every_zone_the_expected_time_is_after_the_ping_at_every_clock_change() -> None:
    schedules = (Cron("30 2 * * *", ""), Cron("*/20 * * * *", ""), OnCalendar("*:15", ""))
    for zone in sorted(zones.ZONES):
        for start in clock_changes(zone):
            for schedule in schedules:
                expected = next_after(replace(schedule, tz=zone), start)
                assert expected is not None
                assert expected > start, (zone, schedule, start)


@settings(max_examples=300, deadline=None)
@given(
    zone=st.sampled_from(sorted(zones.ZONES)),
    schedule=st.sampled_from(SCHEDULES),
    hours=st.floats(0, 4 * 365 * 24),
)
def test_the_expected_time_is_always_after_the_last_ping(
    zone: str, schedule: tuple[type[Cron | OnCalendar], str], hours: float
) -> None:
    kind, expression = schedule
    moment = utc("2024-06-01") + timedelta(hours=hours)
    expected = next_after(kind(expression, zone), moment)
    assert expected is not None
    assert expected > moment
    assert expected.tzinfo is UTC


@settings(max_examples=200, deadline=None)
@given(expression=st.text("0123456789*/,-LWMONJAF# ~.:\n", max_size=40))
def test_any_text_is_judged_without_another_error(expression: str) -> None:
    for validate in (validate_cron, validate_oncalendar):
        assert complaint(validate, expression) != ""


def complaint(validate: Callable[[str], None], expression: str) -> str | None:
    try:
        validate(expression)
    except ScheduleError as e:
        return str(e)
    return None
