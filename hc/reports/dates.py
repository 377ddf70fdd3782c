"""When the next report is due, and what it covers. Wall clocks of the reader's zone."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hc.accounts.models import Profile
from hc.accounts.models.profile import Reports
from hc.core import zones
from hc.core.uptime import Period, Unit, periods

UNITS = {Reports.DAILY: Unit.DAY, Reports.WEEKLY: Unit.WEEK, Reports.MONTHLY: Unit.MONTH}
FIRST_HOUR = 9
SPREAD_MINUTES = 120


@dataclass(frozen=True, slots=True)
class Span:
    """A calendar period with its name: "October 2026", "16–22 Nov", "Sun 22 Nov"."""

    period: Period
    name: str


def zone_of(profile: Profile) -> ZoneInfo:
    return ZoneInfo(zones.canonical(profile.tz) or "UTC")


def next_report(reports: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The next day on which a report is due, never today, between 9 and 11 in the morning; None
    without reports. Source: core 4.2."""
    if reports not in UNITS:
        return None
    day = now.astimezone(zone).date() + timedelta(days=1)
    while not _begins(UNITS[Reports(reports)], day):
        day += timedelta(days=1)
    minutes = random.randrange(SPREAD_MINUTES)  # noqa: S311 - so that not all go out at once
    local = datetime.combine(day, time(FIRST_HOUR), zone) + timedelta(minutes=minutes)
    return local.astimezone(UTC)


def covered(reports: str, now: datetime, zone: ZoneInfo) -> list[Span]:
    """The two last complete periods, the newer one first."""
    unit = UNITS[Reports(reports)]
    _, *complete = periods(unit, 3, zone, now)
    return [Span(period, _name(unit, period, zone)) for period in complete]


def _begins(unit: Unit, day: date) -> bool:
    if unit is Unit.MONTH:
        return day.day == 1
    return unit is Unit.DAY or day.weekday() == 0


def _name(unit: Unit, period: Period, zone: ZoneInfo) -> str:
    first = period.start.astimezone(zone).date()
    last = (period.end.astimezone(zone) - timedelta(hours=12)).date()
    if unit is Unit.MONTH:
        return f"{first:%B %Y}"
    if unit is Unit.DAY:
        return f"{first:%a} {first.day} {first:%b}"
    month = f" {first:%b}" if first.month != last.month else ""
    return f"{first.day}{month}–{last.day} {last:%b}"
