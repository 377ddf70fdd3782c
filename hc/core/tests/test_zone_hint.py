from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hc.core.schedule import Cron, OnCalendar, ScheduleError, Simple, upcoming
from hc.core.zone_hint import offsets, zones_that_fit

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MAY = datetime(2026, 5, 4, tzinfo=UTC)
ZONES = ["UTC", "Europe/Riga", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]


def runs(schedule: Cron | OnCalendar, number: int = 8, since: datetime = MAY) -> list[datetime]:
    """Runs by the clock of a zone, each some seconds late."""
    dates = islice(upcoming(schedule, since), number)
    return [at + timedelta(seconds=3 + index) for index, at in enumerate(dates)]


def test_a_job_by_another_clock_is_noticed() -> None:
    begins = runs(Cron("15 1 * * *", "Europe/Riga"))
    assert offsets(Cron("15 1 * * *", "UTC"), begins, HOUR) == [-3 * HOUR]
    assert offsets(Cron("15 1 * * *", "Asia/Kolkata"), begins, HOUR) == [2.5 * HOUR]
    calendar = OnCalendar("*-*-* 01:15", "America/New_York")
    assert offsets(calendar, begins, HOUR) == [-7 * HOUR]


def test_the_zones_by_whose_clock_it_runs() -> None:
    begins = runs(Cron("15 1 * * *", "Europe/Riga"))
    names = ["Asia/Tokyo", "Europe/Helsinki", "Mars/Phobos", "Europe/Riga", "Europe/Helsinki"]
    found = zones_that_fit(Cron("15 1 * * *", "UTC"), begins, names)
    assert found == ["Europe/Helsinki", "Europe/Riga"]


def test_a_change_of_the_clocks_does_not_hide_the_zone() -> None:
    begins = runs(Cron("0 6 * * *", "Europe/Riga"), since=datetime(2026, 3, 25, tzinfo=UTC))
    schedule = Cron("0 6 * * *", "UTC")
    assert offsets(schedule, begins, HOUR) == []  # two hours at first, three later
    assert zones_that_fit(schedule, begins, ["UTC", "Europe/Riga"]) == ["Europe/Riga"]
    assert offsets(schedule, begins[5:] + runs(Cron("0 6 * * *", "Europe/Riga")), HOUR)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("*/30 * * * *", "it fits as it is"),
        ("0 * * * *", "it fits as it is"),
        ("15 1 * * *", "runs an hour apart are no rhythm of once a day"),
    ],
)
def test_when_nothing_is_said(expression: str, why: str) -> None:
    begins = [MAY + HOUR * n for n in range(8)]
    assert offsets(Cron(expression, "UTC"), begins, HOUR) == [], why


def test_too_few_and_unsteady_runs_say_nothing() -> None:
    schedule, begins = Cron("15 1 * * *", "UTC"), runs(Cron("15 1 * * *", "Europe/Riga"))
    assert offsets(schedule, begins[:3], HOUR) == []
    assert offsets(schedule, [*begins[:7], begins[6] + HOUR / 2.5], HOUR) == []
    assert offsets(Simple(DAY), begins, HOUR) == []


def test_who_may_be_late_is_not_suspected() -> None:
    """Pings at the end of a job that takes two hours, with time enough for it."""
    begins = [at + 2 * HOUR for at in runs(Cron("15 1 * * *", "UTC"))]
    assert offsets(Cron("15 1 * * *", "UTC"), begins, 3 * HOUR) == []
    assert offsets(Cron("15 1 * * *", "UTC"), begins, HOUR) == [2 * HOUR]


def test_a_rhythm_within_the_day_leaves_a_choice() -> None:
    begins = runs(Cron("0 */6 * * *", "Europe/Riga"))
    found = offsets(Cron("0 */6 * * *", "UTC"), begins, HOUR)
    assert found[:2] == [-3 * HOUR, 3 * HOUR]


def test_a_schedule_that_cannot_be_read() -> None:
    with pytest.raises(ScheduleError):
        offsets(Cron("61 * * * *", "UTC"), [MAY + DAY * n for n in range(5)], HOUR)


@given(
    said=st.sampled_from(ZONES),
    real=st.sampled_from(ZONES),
    at=st.times(max_value=time(23, 59)),
    since=st.integers(0, 700).map(lambda days: datetime(2025, 1, 1, tzinfo=UTC) + days * DAY),
    lateness=st.floats(0, 240),
)
def test_what_is_said_explains_all_runs(
    said: str, real: str, at: time, since: datetime, lateness: float
) -> None:
    """Whatever the zones and the time of the year: a run by its own clock is never suspected, and
    an offset that is named is the distance of the two clocks at each run."""
    expression = f"{at.minute} {at.hour} * * *"
    begins = [
        run + timedelta(seconds=lateness)
        for run in islice(upcoming(Cron(expression, real), since), 8)
    ]
    found = offsets(Cron(expression, said), begins, HOUR / 60)
    assert real in zones_that_fit(Cron(expression, said), begins, ZONES)
    if said == real:
        assert found == []
    distances = {_distance(run, said, real) for run in begins}
    for by in found:
        assert distances <= {by, by + DAY, by - DAY} or _is_at_a_change(begins, said, real)
    steady = len(distances) == 1 and not _is_at_a_change(begins, said, real)
    (some,) = list(distances)[:1]
    if steady and said != real and abs(some) <= 14 * HOUR and some % (HOUR / 2) == 0 * HOUR:
        assert some in found


def _distance(at: datetime, said: str, real: str) -> timedelta:
    """How much later a clock in `real` shows a time than one in `said` does."""
    shown = [at.astimezone(ZoneInfo(name)).utcoffset() or 0 * HOUR for name in (said, real)]
    return shown[0] - shown[1]


def _is_at_a_change(begins: list[datetime], said: str, real: str) -> bool:
    """Whether a clock is changed around these runs, when times exist twice or not at all."""
    around = [begins[0] - 2 * DAY, *begins, begins[-1] + 2 * DAY]
    return any(
        len({moment.astimezone(ZoneInfo(name)).utcoffset() for moment in around}) > 1
        for name in (said, real)
    )
