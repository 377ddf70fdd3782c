from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hc.reports.dates import covered, next_report

RIGA, NEW_YORK, KOLKATA = map(ZoneInfo, ("Europe/Riga", "America/New_York", "Asia/Kolkata"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "now", "zone", "first"),
    [
        ("daily", "2026-06-15 12:00", RIGA, "2026-06-16 06:00"),
        ("daily", "2026-03-28 12:00", RIGA, "2026-03-29 06:00"),  # the clock goes forward
        ("daily", "2026-06-15 22:00", RIGA, "2026-06-17 06:00"),  # it is the 16th there
        ("weekly", "2026-06-15 12:00", NEW_YORK, "2026-06-22 13:00"),
        ("weekly", "2026-10-30 12:00", NEW_YORK, "2026-11-02 14:00"),  # it goes back on the 1st
        ("monthly", "2026-06-15 12:00", KOLKATA, "2026-07-01 03:30"),
        ("monthly", "2026-12-31 20:00", KOLKATA, "2027-02-01 03:30"),  # it is January there
    ],
)
def test_reports_come_in_the_morning_of_the_first_day(
    kind: str, now: str, zone: ZoneInfo, first: str
) -> None:
    found = next_report(kind, at(now), zone)
    assert found is not None
    assert at(first) <= found < at(first) + timedelta(hours=2)


def test_without_reports_there_is_no_date() -> None:
    assert next_report("off", at("2026-06-15 12:00"), RIGA) is None


@pytest.mark.parametrize(
    ("kind", "zone", "names", "start", "end"),
    [
        ("daily", RIGA, ["Sun 29 Mar", "Sat 28 Mar"], "2026-03-28 22:00", "2026-03-29 21:00"),
        ("weekly", RIGA, ["23–29 Mar", "16–22 Mar"], "2026-03-22 22:00", "2026-03-29 21:00"),
        (
            "monthly",
            NEW_YORK,
            ["February 2026", "January 2026"],
            "2026-02-01 05:00",
            "2026-03-01 05:00",
        ),
    ],
)
def test_the_last_two_complete_periods_are_covered(
    kind: str, zone: ZoneInfo, names: list[str], start: str, end: str
) -> None:
    spans = covered(kind, at("2026-03-30 12:00"), zone)
    assert [span.name for span in spans] == names
    assert (spans[0].period.start, spans[0].period.end) == (at(start), at(end))
    assert spans[1].period.end == spans[0].period.start


def test_a_week_over_the_end_of_a_month_names_both() -> None:
    (last, _) = covered("weekly", at("2026-07-06 12:00"), RIGA)
    assert last.name == "29 Jun–5 Jul"
