"""The hint that a job seems to run by the clock of another time zone, with the ways to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hc.api.models import Check, ScheduleKind
from hc.core import words
from hc.core.schedule import Cron, OnCalendar, ScheduleError
from hc.core.zone_hint import offsets, zones_that_fit

OFFERED = 3


@dataclass(frozen=True, slots=True)
class Hint:
    """`offset`: "3 hours earlier". `zones`: those that would fit, the likeliest first. `minutes`:
    how far a fitting clock is ahead of UTC now; a script offers the browser's zone by it."""

    offset: str
    zones: tuple[str, ...]
    minutes: int


def hint(check: Check, begins: Sequence[datetime], own: ZoneInfo) -> Hint | None:
    """What to say about the zone of a check whose newest runs began then, if anything."""
    rule = check.schedule_rule()
    if not isinstance(rule, Cron | OnCalendar) or not begins:
        return None
    try:
        found = offsets(rule, begins, check.grace)
        if not found:
            return None
        fitting = zones_that_fit(rule, begins, [str(own), *_zones_nearby(check), "UTC"])
    except ScheduleError:
        return None
    by = _offset_of(rule, fitting, begins[-1]) if fitting else found[0]
    ahead = (begins[-1].astimezone(ZoneInfo(rule.tz)).utcoffset() or timedelta(0)) - by
    return Hint(
        f"{words.period(abs(by))} {'later' if by > timedelta(0) else 'earlier'}",
        tuple(fitting[:OFFERED]),
        round(ahead / timedelta(minutes=1)),
    )


def would_fit(check: Check, begins: Sequence[datetime], zone: str) -> bool:
    """Whether the check's newest runs began as scheduled by the clock of that zone."""
    rule = check.schedule_rule()
    return isinstance(rule, Cron | OnCalendar) and bool(zones_that_fit(rule, begins, [zone]))


def _zones_nearby(check: Check) -> list[str]:
    """The zones of the other checks of the project."""
    others = Check.objects.filter(project=check.project_id).exclude(kind=ScheduleKind.SIMPLE)
    return list(others.order_by("tz").values_list("tz", flat=True).distinct()[:20])


def _offset_of(rule: Cron | OnCalendar, fitting: Sequence[str], at: datetime) -> timedelta:
    """How much later than expected runs begin if they follow the first of these zones."""
    said, real = (at.astimezone(ZoneInfo(name)).utcoffset() for name in (rule.tz, fitting[0]))
    return (said or timedelta(0)) - (real or timedelta(0))
