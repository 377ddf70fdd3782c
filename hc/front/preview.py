"""The preview of a schedule: in words, and its next dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from hc.api.services.checks import ScheduleSettings
from hc.core import words, zones
from hc.core.schedule import Cron, OnCalendar, ScheduleError, upcoming

DATES = 6


@dataclass(frozen=True, slots=True)
class NextDate:
    """An expected time: as the job's clock shows it, and as the reader's does if that differs."""

    at: datetime
    local: str
    elsewhere: str


@dataclass(frozen=True, slots=True)
class Preview:
    sentence: str
    grace: str
    zone: str
    reader_zone: str
    dates: tuple[NextDate, ...]


def preview(settings: ScheduleSettings | None, reader_zone: str, now: datetime) -> Preview | None:
    """What a schedule means; None if there is none that can be read."""
    if settings is None:
        return None
    rule = settings.rule()
    simple = not isinstance(rule, Cron | OnCalendar)
    name = zones.canonical(reader_zone if simple else settings.tz)
    if name is None:
        return None
    zone = ZoneInfo(name)
    try:
        dates = [] if simple else list(islice(upcoming(rule, now), DATES))
    except ScheduleError:
        return None
    sentence = words.explain(rule) if isinstance(rule, Cron) else words.schedule(rule)
    return Preview(
        sentence=sentence[:1].upper() + sentence[1:],
        grace=words.period(settings.grace),
        zone=str(zone),
        reader_zone=reader_zone if reader_zone != str(zone) else "UTC",
        dates=tuple(_next_date(at, zone, ZoneInfo(reader_zone)) for at in dates),
    )


def _next_date(at: datetime, zone: ZoneInfo, reader: ZoneInfo) -> NextDate:
    other = reader if str(reader) != str(zone) else UTC
    elsewhere = at.astimezone(other)
    local = at.astimezone(zone)
    same = elsewhere.replace(tzinfo=None) == local.replace(tzinfo=None)
    return NextDate(
        at, _date(local), "" if same else f"{elsewhere:%H:%M}{_shift(local, elsewhere)}"
    )


def _date(local: datetime) -> str:
    return f"{local:%a} {local.day} {local:%b %H:%M}" + (f":{local:%S}" if local.second else "")


def _shift(local: datetime, elsewhere: datetime) -> str:
    """A note that the date is another one elsewhere."""
    days = (elsewhere.date() - local.date()) // timedelta(days=1)
    return {1: " next day", -1: " day before"}.get(days, "")
