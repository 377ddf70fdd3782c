"""How the runs of a check went in the last day, month and year, and for how long it was up.

Whatever the size of its log: the daily rollups, the flips of a year as far as they are not too
many, and the newest pings without their bodies. Four queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import add
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Case, F, Q, QuerySet, When

from hc.api.event_log import first_hidden
from hc.api.models import Check, DailyRollup, Flip, Ping
from hc.core.durations import LoggedPing, durations
from hc.core.histogram import Histogram
from hc.core.rollup import DayRuns, Entry, OpenStarts, fold
from hc.core.state import Kind, Outcome, Status
from hc.core.uptime import Change, Period, Uptime, course, equal_parts
from hc.lib.question import Question

DAY, YEAR = timedelta(days=1), timedelta(days=365)
MONTH_DAYS = 30
# The newest pings that are read, and those of them that are read whatever their age.
RECENT, NEWEST = 1000, 60
# Of checks that change their status more often, the rest of the year is taken from the rollups.
MOST_FLIPS = 1000


class DayFacts(NamedTuple):
    """A day in UTC: its runs by outcome, how long they took, and for how long the check was up."""

    day: date
    successes: int = 0
    late: int = 0
    failures: int = 0
    missed: int = 0
    median: timedelta | None = None
    up_seconds: int = 0
    down_seconds: int = 0

    @property
    def runs(self) -> int:
        return self.successes + self.late + self.failures


@dataclass(frozen=True, slots=True)
class Run:
    """A run that ended."""

    n: int
    at: datetime
    outcome: Outcome
    duration: timedelta | None


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time up to now: what the check did in it, and in equal parts of it."""

    label: str
    total: Uptime
    parts: tuple[Uptime, ...]


@dataclass(frozen=True, slots=True)
class History:
    """`recent`: the runs among the newest pings, oldest first; `begins`: when the newest ones
    began. `is_cut`: there were more pings in the last day than are read. `days`: those of the last
    year with something to tell. `typical`: median and 95th percentile of a month."""

    recent: tuple[Run, ...] = ()
    begins: tuple[datetime, ...] = ()
    is_cut: bool = False
    days: Mapping[date, DayFacts] = field(default_factory=dict)
    typical: tuple[timedelta, timedelta] | None = None
    windows: tuple[Window, ...] = ()

    @property
    def quarter(self) -> Uptime:
        """The last 90 days."""
        return next(window.total for window in self.windows if window.label == "90 days")


WINDOWS = (
    ("24 h", DAY, 48),
    ("7 days", 7 * DAY, 56),
    ("30 days", 30 * DAY, 60),
    ("90 days", 90 * DAY, 90),
    ("12 months", YEAR, 73),
)


def of(check: Check, now: datetime) -> History:
    entries = _entries(check, now)
    days, month = _year(check, now)
    new = [entry for entry in entries if entry.n > check.rolled_n]
    folded = fold(new, _open_starts(month)).days
    times = durations(entries)
    return History(
        recent=tuple(_runs(entries, times)),
        begins=_begins(entries, times),
        is_cut=len(entries) >= RECENT and entries[0].at > now - DAY,
        days=_with_new(days, folded),
        typical=_typical(month, folded.values()),
        windows=_windows(check, days, now),
    )


# --- Runs -------------------------------------------------------------------------------------


def _entries(check: Check, now: datetime) -> list[Entry]:
    """The newest pings that say something of runs, oldest first."""
    found = _NEWEST.rows(
        check=check.pk,
        after=min(check.n_pings - NEWEST, check.rolled_n),
        since=now - DAY,
        floor=max(first_hidden(check), check.n_pings - RECENT),
    )
    return [
        Entry(n or 0, Kind(kind or "success"), at, rid, Outcome(outcome) if outcome else None)
        for n, kind, at, rid, outcome in found
        if kind not in ("log", "ign")
    ]


_NEWEST = Question(
    "hc_newest_runs",
    {"check": "integer", "after": "integer", "since": "timestamptz", "floor": "integer"},
    lambda check, after, since, floor: (
        Ping.objects.filter(Q(n__gt=after) | Q(created__gte=since), owner=check, n__gt=floor)
        .order_by("n")
        .values_list("n", "kind", "created", "rid", "outcome")
    ),
)


def _runs(entries: Iterable[Entry], times: Mapping[int, timedelta]) -> Iterable[Run]:
    for entry in entries:
        outcome = entry.counted_as()
        if outcome:
            yield Run(entry.n, entry.at, outcome, times.get(entry.n))


def _begins(entries: Sequence[LoggedPing], times: Mapping[int, timedelta]) -> tuple[datetime, ...]:
    """When the newest runs began; of jobs that do not tell, when they ended."""
    ends = [entry for entry in entries if entry.kind in (Kind.SUCCESS, Kind.FAIL)]
    return tuple(entry.at - times.get(entry.n, timedelta(0)) for entry in ends[-8:])


# --- Days -------------------------------------------------------------------------------------


class _MonthRow(NamedTuple):
    run_times: dict[str, int]
    shortest: timedelta | None
    longest: timedelta | None
    open_starts: list[list[str]]


def _year(check: Check, now: datetime) -> tuple[dict[date, DayFacts], list[_MonthRow]]:
    """The days of the last year, and the run times of the last month's. One query."""
    begin = _day(now - MONTH_DAYS * DAY)
    days, month = {}, []
    for row in _DAYS.rows(check=check.pk, since=_day(now - YEAR), recent=begin):
        days[row[0]] = DayFacts(*row[:8])
        if row[0] > begin:
            month.append(_MonthRow(*row[8:]))
    return days, month


def _asked_for_days(check: int, since: date, recent: date) -> QuerySet[Any, Any]:
    """Run times are long to read: those of `recent` days only."""
    times, starts = (
        Case(When(day__gt=recent, then=F(name))) for name in ("run_times", "open_starts")
    )
    rows = DailyRollup.objects.filter(owner=check, day__gte=since).order_by("day")
    return rows.annotate(times=times, starts=starts).values_list(
        *("day", "successes", "late", "failures", "missed", "duration_median"),
        *("up_seconds", "down_seconds", "times", "duration_min", "duration_max", "starts"),
    )


_DAYS = Question(
    "hc_days", {"check": "integer", "since": "date", "recent": "date"}, _asked_for_days
)


def _open_starts(month: Iterable[_MonthRow]) -> OpenStarts:
    return {
        UUID(rid) if rid else None: datetime.fromisoformat(at)
        for row in month
        for rid, at in row.open_starts
    }


def _with_new(
    days: Mapping[date, DayFacts], folded: Mapping[date, DayRuns]
) -> dict[date, DayFacts]:
    """The days with the pings that housekeeping has not counted yet."""
    found = dict(days)
    for day, runs in folded.items():
        known = found.get(day, DayFacts(day))
        found[day] = known._replace(
            successes=known.successes + runs.successes,
            late=known.late + runs.late,
            failures=known.failures + runs.failures,
            median=known.median or runs.times.quantile(0.5),
        )
    return found


def _typical(
    month: Iterable[_MonthRow], new: Iterable[DayRuns]
) -> tuple[timedelta, timedelta] | None:
    times = [Histogram.from_json(row.run_times, row.shortest, row.longest) for row in month]
    all_times = reduce(add, [*times, *(runs.times for runs in new)], Histogram())
    median, p95 = all_times.quantile(0.5), all_times.quantile(0.95)
    return (median, p95) if median is not None and p95 is not None else None


# --- Uptime -----------------------------------------------------------------------------------


_CHANGES = Question(
    "hc_changes",
    {"check": "integer", "since": "timestamptz"},
    lambda check, since: (
        Flip.objects.filter(owner=check, created__gte=since)
        .order_by("-created", "-pk")
        .values_list("created", "old_status", "new_status")[:MOST_FLIPS]
    ),
)


def _windows(check: Check, days: Mapping[date, DayFacts], now: datetime) -> tuple[Window, ...]:
    found = _CHANGES.rows(check=check.pk, since=now - YEAR)
    changes = [Change(at, Status(old), Status(new)) for at, old, new in reversed(found)]
    known_since = changes[0].at if len(changes) == MOST_FLIPS else now - YEAR
    facts = {"created": max(check.created, known_since), "status": Status(check.status), "now": now}
    windows = []
    for label, span, count in WINDOWS:
        period = Period(now - span, now)
        inside = [change for change in changes if change.at >= period.start]
        equal = equal_parts(period, count)
        total, parts = course(inside, parts=equal, **facts)  # type: ignore[arg-type]  # as named
        if known_since > period.start:
            total, parts = _from_days(total, parts, known_since, days)
        windows.append(Window(label, total, tuple(parts)))
    return tuple(windows)


def _from_days(
    total: Uptime, parts: list[Uptime], known_since: datetime, days: Mapping[date, DayFacts]
) -> tuple[Uptime, list[Uptime]]:
    """With the days before the oldest flip that is known."""
    for facts in days.values():
        noon = datetime(facts.day.year, facts.day.month, facts.day.day, 12, tzinfo=UTC)
        if not total.period.start <= noon < known_since:
            continue
        up, down = timedelta(seconds=facts.up_seconds), timedelta(seconds=facts.down_seconds)
        more = Uptime(total.period, up, down, facts.missed + facts.failures if down else 0)
        total = _sum(total, more)
        for index, part in enumerate(parts):
            if part.period.start <= noon < part.period.end:
                parts[index] = _sum(part, more)
    return total, parts


def _sum(one: Uptime, other: Uptime) -> Uptime:
    return Uptime(one.period, one.up + other.up, one.down + other.down, one.outages + other.outages)


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
