"""The preview of a schedule: in words, its next dates, and when people would be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from hc.api.services.checks import ScheduleSettings
from hc.core import calendar_words, words, zones
from hc.core.schedule import Cron, OnCalendar, Schedule, ScheduleError, upcoming

DATES = 6
# The time line, in pixels of its drawing.
WIDTH, LEAST, MARK = 280, 70, 6


@dataclass(frozen=True, slots=True)
class NextDate:
    """An expected time: as the clocks of the columns show it, those after the first in brief."""

    at: datetime
    local: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimeLine:
    """From a ping over the next expected one to the alert. `expected`: where that is drawn."""

    expected: int
    period: str
    grace: str

    @property
    def room(self) -> int:
        """The length of the grace time, up to the mark of the alert."""
        return WIDTH - MARK - self.expected

    @property
    def middle_of_period(self) -> int:
        return self.expected // 2

    @property
    def middle_of_grace(self) -> int:
        return (self.expected + WIDTH) // 2


@dataclass(frozen=True, slots=True)
class Preview:
    """`columns`: the zones in which the dates are given; `clocks`: what summer time does."""

    sentence: str
    grace: str
    columns: tuple[str, ...]
    dates: tuple[NextDate, ...]
    line: TimeLine
    clocks: str


def preview(settings: ScheduleSettings | None, reader_zone: str, now: datetime) -> Preview | None:
    """What a schedule means; None if there is none that can be read."""
    if settings is None:
        return None
    rule = settings.rule()
    simple = not isinstance(rule, Cron | OnCalendar)
    name = zones.canonical(reader_zone if simple else settings.tz)
    if name is None:
        return None
    try:
        dates = [] if simple else list(islice(upcoming(rule, now), DATES))
    except ScheduleError:
        return None
    shown = _different([name, reader_zone, "UTC"], dates)
    sentence = _in_words(rule)
    return Preview(
        sentence=sentence[:1].upper() + sentence[1:],
        grace=words.period(settings.grace),
        columns=tuple(shown),
        dates=tuple(_next_date(at, [ZoneInfo(zone) for zone in shown]) for at in dates),
        line=_line(settings, dates),
        clocks="" if simple else _clocks(rule, ZoneInfo(name), now),
    )


def _in_words(rule: Schedule) -> str:
    if isinstance(rule, Cron):
        return words.explain(rule)
    said = calendar_words.explain(rule.expression) if isinstance(rule, OnCalendar) else None
    return said or words.schedule(rule)


def _different(names: list[str], dates: list[datetime]) -> list[str]:
    """The zones whose clocks show something else than those before them."""
    shown: list[str] = []
    seen: list[list[timedelta | None]] = []
    for name in names:
        offsets = [at.astimezone(ZoneInfo(name)).utcoffset() for at in dates]
        if name not in shown and offsets not in seen:
            shown.append(name)
            seen.append(offsets)
    return shown


def _next_date(at: datetime, columns: list[ZoneInfo]) -> NextDate:
    local, *others = (at.astimezone(zone) for zone in columns)
    return NextDate(at, _date(local), tuple(_elsewhere(local, other) for other in others))


def _date(local: datetime) -> str:
    return f"{local:%a} {local.day} {local:%b %H:%M}" + (f":{local:%S}" if local.second else "")


def _elsewhere(local: datetime, other: datetime) -> str:
    """The time of another clock, with the weekday if that is another one."""
    return f"{other:%H:%M}" if other.date() == local.date() else f"{other:%a %H:%M}"


def _line(settings: ScheduleSettings, dates: list[datetime]) -> TimeLine:
    """To scale, but for spans that would be too short to be seen."""
    period = dates[1] - dates[0] if len(dates) > 1 else settings.timeout
    share = period / (period + settings.grace)
    expected = round(min(max(share * WIDTH, LEAST), WIDTH - LEAST))
    return TimeLine(expected, words.brief(period), words.brief(settings.grace))


def _clocks(rule: Schedule, zone: ZoneInfo, now: datetime) -> str:
    """What happens when the clocks of the zone are changed next; nothing if they are not."""
    change = _next_change(zone, now)
    if change is None:
        return ""
    before = _offset(zone, change - timedelta(minutes=1))
    after = change.astimezone(zone)
    shown = sorted([f"{change + before:%H:%M}", f"{after:%H:%M}"])
    when, hour = f"{after.day} {after:%B %Y}", f"from {shown[0]} to {shown[1]}"
    if _offset(zone, change) > before:
        then = "comes at its end" if isinstance(rule, Cron) else "does not come"
        return f"On {when} clocks go forward: a fixed time {hour} {then}."
    return f"On {when} clocks go back: a fixed time {hour} comes once."


def _next_change(zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the zone's clocks are changed within a year, to the minute."""
    at, day, minute = now.replace(second=0, microsecond=0), timedelta(days=1), timedelta(minutes=1)
    for _ in range(366):
        if _offset(zone, at) != _offset(zone, at + day):
            break
        at += day
    else:
        return None
    low, high = 0, day // minute
    while high - low > 1:
        middle = (low + high) // 2
        same = _offset(zone, at + middle * minute) == _offset(zone, at)
        low, high = (middle, high) if same else (low, middle)
    return at + high * minute


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()
