from __future__ import annotations

from datetime import timedelta

import pytest

from hc.core import words
from hc.core.schedule import Cron, Never, OnCalendar, Schedule, Simple


def td(text: str) -> timedelta:
    """A duration from "1d 2h 3m 4s"."""
    sizes = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
    return timedelta(seconds=sum(float(part[:-1]) * sizes[part[-1]] for part in text.split()))


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        ("7d", "1 week"),
        ("8d", "8 days"),
        ("1h 1m", "1 hour 1 minute"),
        ("90s", "1 minute 30 seconds"),
        ("0s", "0 seconds"),
    ],
)
def test_period(duration: str, text: str) -> None:
    assert words.period(td(duration)) == text


@pytest.mark.parametrize(
    ("duration", "text", "age"),
    [
        ("45s", "45 s", "45 s"),
        ("26m 15s", "26 min 15 s", "26 min"),
        ("4h 12m", "4 h 12 min", "4 h 12 min"),
        ("3d 5m", "3 days", "3 days"),
        ("1d 2h 3m", "1 day 2 h", "1 day 2 h"),
        ("0s", "0 s", "0 s"),
    ],
)
def test_brief_and_age(duration: str, text: str, age: str) -> None:
    assert words.brief(td(duration)) == text
    assert words.age(td(duration)) == age


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        ("0.36s", "0.36 s"),
        ("12.44s", "12.4 s"),
        ("59.97s", "1 min"),
        ("63s", "1 min 03 s"),
        ("2h 12m", "2 h 12 min"),
        ("3h", "3 h"),
        ("3d 4h 5m", "3 days 4 h"),
    ],
)
def test_run_time(duration: str, text: str) -> None:
    assert words.run_time(td(duration)) == text


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        ("2d 3h 59m", "2 days, 3 hours"),
        ("1h 1m", "1 hour, 1 minute"),
        ("4m 5s", "4 minutes, 5 seconds"),
        ("1s", "1 second"),
    ],
)
def test_downtime(duration: str, text: str) -> None:
    assert words.downtime(td(duration)) == text


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (Simple(td("1d")), "every day"),
        (Simple(td("15m")), "every 15 minutes"),
        (Simple(td("1h 30m")), "every 1 hour 30 minutes"),
        (Cron("* * * * *", "UTC"), "every minute"),
        (Cron("*/15 * * * *", "UTC"), "every 15 minutes"),
        (Cron("0 * * * *", "UTC"), "every hour"),
        (Cron("5 */6 * * *", "UTC"), "every 6 hours at :05"),
        (Cron("15 1 * * 1-5", "UTC"), "01:15 on weekdays"),
        (Cron("15 1 * * MON-FRI", "UTC"), "01:15 on weekdays"),
        (Cron("30 4 * * *", "UTC"), "04:30 every day"),
        (Cron("17 0,12 * * *", "UTC"), "00:17 and 12:17"),
        (Cron("30 2 * * 7", "UTC"), "02:30 on Sundays"),
        (Cron("0 9 * * 0,6", "UTC"), "09:00 on weekends"),
        (Cron("0 9 * * mon,3", "UTC"), "09:00 on Mon, Wed"),
        (Cron("0 0 22 * *", "UTC"), "00:00 on the 22nd"),
        (Cron("0 0 11 * *", "UTC"), "00:00 on the 11th"),
        (Cron("0 0 1 1 *", "UTC"), "At 00:00 on January 1"),
        (Cron("*/7 * * * *", "UTC"), "Every seventh minute of every hour"),
        (Cron("*/0 1-2 * * *", "UTC"), "*/0 1-2 * * *"),
        (Cron("0 0 * *", "UTC"), "0 0 * *"),
        (Cron("0 0 * * 1#2", "UTC"), "At 00:00 on the second Monday of the month"),
        (OnCalendar("Sun 02:30", "UTC"), "Sun 02:30"),
        (OnCalendar("09:00\n\n 21:00", "UTC"), "09:00 (+1 more)"),
        (OnCalendar("", "UTC"), ""),
        (Never(), "never"),
    ],
)
def test_schedules_in_words(schedule: Schedule, text: str) -> None:
    assert words.schedule(schedule) == text


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", "90s"),
        ("2h 30m", "2h 30m"),
        ("2 hours, 30 minutes", "2h 30m"),
        (" 1 Day ", "1d"),
        ("15", "15m"),
        ("1w", "7d"),
        ("1h1m", "1h 1m"),
    ],
)
def test_periods_are_understood(text: str, duration: str) -> None:
    assert words.parse_period(text) == td(duration)


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "1.5h", "-5m", "٣", "9" * 30, "h 5"])
def test_what_is_no_period_is_refused(text: str) -> None:
    assert words.parse_period(text) is None
