from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from hc.accounts.models import Project
from hc.core.schedule import Cron, OnCalendar, upcoming
from hc.front.clocks import UNKNOWN, calendar_of_cron, cron_line, cron_of_calendar, systemd_timer
from tests.factories import make_check, make_cron_check

START = datetime(2026, 5, 4, 7, 13, tzinfo=UTC)


def dates(rule: Cron | OnCalendar) -> list[datetime]:
    return list(islice(upcoming(rule, START), 20))


@pytest.mark.parametrize(
    ("minutes", "line"),
    [
        (1, "* * * * *"),
        (15, "*/15 * * * *"),
        (60, "0 * * * *"),
        (360, "0 */6 * * *"),
        (1440, "0 0 * * *"),
        (10_080, "0 0 * * 0"),
        (7, UNKNOWN),
        (1.5, UNKNOWN),
    ],
)
def test_the_cron_line_follows_from_the_period(project: Project, minutes: float, line: str) -> None:
    check = make_check(project, timeout=timedelta(minutes=minutes))
    assert cron_line(check) == line


@pytest.mark.parametrize(
    "expression",
    [
        "hourly",
        "daily",
        "weekly",
        "monthly",
        "quarterly",
        "*-*-* 02:30",
        "02:30:00",
        "Mon..Fri 09:00",
        "Sat,Sun 08:15",
        "*-*-01 04:00",
        "*-01,07-* 04:05",
        "*:0/5",
        "00/6:30",
        "Sunday 23:59",
    ],
)
def test_a_crontab_means_what_the_calendar_means(expression: str) -> None:
    line = cron_of_calendar(expression)
    assert line
    assert dates(Cron(line, "UTC")) == dates(OnCalendar(expression, "UTC"))


@pytest.mark.parametrize(
    "expression",
    ["2026-05-06 10:00", "Mon *-*-01 10:00", "10:00:30", "09:00\n17:00", "Mon..Fri", "*-*~1 10:00"],
)
def test_what_cron_cannot_say_is_not_guessed(project: Project, expression: str) -> None:
    check = make_check(project, kind="oncalendar", schedule=expression)
    assert cron_line(check) == UNKNOWN


@pytest.mark.parametrize(
    "expression",
    [
        "* * * * *",
        "*/15 * * * *",
        "0 */6 * * *",
        "30 2 * * 1-5",
        "15 9,17 * * 0,6",
        "0 4 1 * *",
        "5 4 1,15 1,7 *",
        "0 0 * * 7",
    ],
)
def test_a_timer_means_what_the_crontab_means(expression: str) -> None:
    line = calendar_of_cron(expression)
    assert line
    assert dates(OnCalendar(line, "UTC")) == dates(Cron(expression, "UTC"))


@pytest.mark.parametrize("expression", ["0 0 1 * 1", "0 0 L * *", "0 9-17 * * *", "0 0 * * 5L"])
def test_what_a_timer_cannot_say_is_left_open(project: Project, expression: str) -> None:
    check = make_cron_check(project, expression)
    assert systemd_timer(check) == f"# as cron would: {expression}\nOnCalendar="


def test_timers_of_other_schedules(project: Project) -> None:
    simple = make_check(project, timeout=timedelta(minutes=90))
    assert systemd_timer(simple) == "OnActiveSec=5400s\nOnUnitActiveSec=5400s"
    schedule = "Mon 09:00\n21:00 Asia/Tokyo"
    calendar = make_check(project, kind="oncalendar", schedule=schedule, tz="Europe/Riga")
    expected = "OnCalendar=Mon 09:00 Europe/Riga\nOnCalendar=21:00 Asia/Tokyo"
    assert systemd_timer(calendar) == expected
