"""Uptime and downtime over a period, from the flips of a check.

Only time that has passed counts, and only while the check was watched: time before its creation,
paused time and time spent waiting for a first ping are neither up nor down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from hc.core.state import Status

ZERO = timedelta(0)


class Unit(StrEnum):
    """A kind of calendar period."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of status at an instant."""

    at: datetime
    old: Status
    new: Status


@dataclass(frozen=True, slots=True)
class Period:
    """The time from `start` (included) to `end` (excluded)."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Uptime:
    """What a check did in one period: time up, time down, and the number of outages."""

    period: Period
    up: timedelta = ZERO
    down: timedelta = ZERO
    outages: int = 0

    @property
    def watched(self) -> timedelta:
        return self.up + self.down

    @property
    def ratio(self) -> float | None:
        """The share of the watched time that was up, 0 to 1; None if nothing was watched."""
        return self.up / self.watched if self.watched else None

    @property
    def percent(self) -> str:
        """The ratio as "99.38 %", rounded down; "" if nothing was watched."""
        if self.ratio is None:
            return ""
        hundredths = self.up * 10_000 // self.watched
        return f"{hundredths / 100:.2f} %" if hundredths < 10_000 else "100 %"


def uptime(
    changes: Sequence[Change], *, created: datetime, status: Status, period: Period, now: datetime
) -> Uptime:
    """Up and down time of a check in `period`, as far as it has passed at `now`.

    `changes` are all flips of the check since the period's start, ascending; `status` is its
    status now. An outage that lasts beyond the period's edges counts once in it.
    """
    start = max(period.start, created)
    end = min(period.end, now)
    up = down = ZERO
    outages = 0
    for span_start, span_end, state in _spans(changes, status, start, end):
        if state is Status.UP:
            up += span_end - span_start
        elif state is Status.DOWN:
            down += span_end - span_start
            outages += 1
    return Uptime(period, up, down, outages)


def daily(
    changes: Sequence[Change], *, created: datetime, status: Status, since: date, now: datetime
) -> dict[date, Uptime]:
    """Up and down time of each day in UTC from `since` to `now`; only days that were watched.

    `changes` are all flips of the check since the beginning of `since`, ascending.
    """
    start = max(day_period(since).start, created)
    found: dict[date, Uptime] = {}
    for begin, end, state in _spans(changes, status, start, now):
        if state not in (Status.UP, Status.DOWN):
            continue
        edge = begin
        while edge < end:
            day = edge.astimezone(UTC).date()
            period = day_period(day)
            known = found.get(day, Uptime(period))
            span = min(end, period.end) - edge
            found[day] = _with(known, state, span)
            edge = period.end
    return found


def equal_parts(period: Period, count: int) -> list[Period]:
    step = (period.end - period.start) / count
    edges = [*(period.start + step * n for n in range(count)), period.end]
    return [Period(start, end) for start, end in pairwise(edges)]


def course(
    changes: Sequence[Change],
    *,
    created: datetime,
    status: Status,
    parts: Sequence[Period],
    now: datetime,
) -> tuple[Uptime, list[Uptime]]:
    """Up and down time in all of the `parts`, which follow one another and are equally long, and
    in each of them; other arguments as for `uptime`, with flips since the first part's start."""
    period = Period(parts[0].start, parts[-1].end)
    begin, step, last = period.start, parts[0].end - parts[0].start, len(parts) - 1
    up, down, outages = ([ZERO] * len(parts), [ZERO] * len(parts), [0] * len(parts))
    number = 0
    spans = _spans(changes, status, max(begin, created), min(period.end, now))
    for span_start, span_end, state in spans:
        if state not in (Status.UP, Status.DOWN):
            continue
        number += state is Status.DOWN
        into = up if state is Status.UP else down
        # Steps are whole microseconds, so that the first part may be the one before.
        n = max(0, int((span_start - begin) / step) - 1)
        while n <= last and parts[n].start < span_end:
            span = min(span_end, parts[n].end) - max(span_start, parts[n].start)
            if span > ZERO:
                into[n] += span
                outages[n] += state is Status.DOWN
            n += 1
    total = Uptime(period, sum(up, ZERO), sum(down, ZERO), number)
    found = zip(parts, up, down, outages, strict=True)
    return total, [Uptime(*facts) for facts in found]


def _with(known: Uptime, state: Status, span: timedelta) -> Uptime:
    if state is Status.UP:
        return replace(known, up=known.up + span)
    return replace(known, down=known.down + span, outages=known.outages + 1)


def day_period(day: date) -> Period:
    """A day in UTC."""
    start = datetime.combine(day, time(), UTC)
    return Period(start, start + timedelta(days=1))


def _spans(
    changes: Sequence[Change], status: Status, start: datetime, end: datetime
) -> list[tuple[datetime, datetime, Status]]:
    """The statuses between `start` and `end` as (from, to, status), without empty spans."""
    spans = []
    edge = end
    current = status
    for change in reversed(changes):
        begin = max(change.at, start)
        if begin < edge:
            spans.append((begin, edge, current))
            edge = begin
        current = change.old
    if start < edge:
        spans.append((start, edge, current))
    spans.reverse()
    return _merged(spans)


def _merged(
    spans: list[tuple[datetime, datetime, Status]],
) -> list[tuple[datetime, datetime, Status]]:
    """Neighbours of the same status as one."""
    merged: list[tuple[datetime, datetime, Status]] = []
    for begin, end, status in spans:
        if merged and merged[-1][1] == begin and merged[-1][2] is status:
            merged[-1] = (merged[-1][0], end, status)
        else:
            merged.append((begin, end, status))
    return merged


def periods(unit: Unit, count: int, zone: ZoneInfo, now: datetime) -> list[Period]:
    """The last `count` calendar days, weeks or months in `zone`, newest (running) first."""
    local = datetime.combine(now.astimezone(zone).date(), time(), zone)
    start = _first_of(unit, local)
    end = _first_of(unit, start + timedelta(days=32)) if unit is Unit.MONTH else start + _STEP[unit]
    found = []
    for _ in range(count):
        found.append(Period(_utc(start), _utc(end)))
        start, end = _first_of(unit, start - timedelta(days=1)), start
    return found


_STEP = {Unit.DAY: timedelta(days=1), Unit.WEEK: timedelta(days=7)}


def _first_of(unit: Unit, day: datetime) -> datetime:
    """Midnight of the first day of the period that holds `day` (a local midnight)."""
    if unit is Unit.MONTH:
        return day.replace(day=1)
    if unit is Unit.WEEK:
        return day - timedelta(days=day.weekday())
    return day


def _utc(local: datetime) -> datetime:
    return local.replace(fold=0).astimezone(UTC)
