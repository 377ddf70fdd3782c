"""What is kept of a check's day: its runs by outcome, and how long they took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hc.core.durations import LONGEST_RUN, LoggedPing, match
from hc.core.histogram import Histogram
from hc.core.state import Kind, Outcome

# Jobs that never end, each with a run id of its own, must not pile up.
MOST_OPEN_STARTS = 100

OpenStarts = Mapping[UUID | None, datetime]


@dataclass(frozen=True, slots=True)
class Entry(LoggedPing):
    """A ping in a check's log, and how the run went that it ended.

    Pings that never went through the rules (of an older version, or too late for them) have no
    outcome; they count as what they say.
    """

    outcome: Outcome | None = None

    def counted_as(self) -> Outcome | None:
        return self.outcome or _BY_KIND.get(self.kind)


_BY_KIND = {Kind.SUCCESS: Outcome.SUCCESS, Kind.FAIL: Outcome.FAIL}


@dataclass(frozen=True, slots=True)
class DayRuns:
    """The runs that ended on one day."""

    successes: int = 0
    late: int = 0
    failures: int = 0
    times: Histogram = field(default_factory=Histogram)

    def __add__(self, other: DayRuns) -> DayRuns:
        return DayRuns(
            self.successes + other.successes,
            self.late + other.late,
            self.failures + other.failures,
            self.times + other.times,
        )


@dataclass(frozen=True, slots=True)
class Folded:
    """Runs by day in UTC, and the starts that still wait for their ends."""

    days: Mapping[date, DayRuns]
    open_starts: OpenStarts


def fold(entries: Iterable[Entry], open_starts: OpenStarts) -> Folded:
    """Sum up the next pings of a check; `open_starts` are those that earlier pings have left.

    The log may be folded in parts of any size: the sums are the same.
    """
    ordered = sorted(entries, key=lambda entry: (entry.at, entry.n))
    matched = match(ordered, open_starts)
    outcomes: dict[date, list[Outcome]] = {}
    times: dict[date, list[timedelta]] = {}
    for entry in ordered:
        outcome = entry.counted_as()
        if outcome is None:
            continue
        day = entry.at.astimezone(UTC).date()
        outcomes.setdefault(day, []).append(outcome)
        if entry.n in matched.found:
            times.setdefault(day, []).append(matched.found[entry.n])
    days = {
        day: DayRuns(
            found.count(Outcome.SUCCESS),
            found.count(Outcome.LATE),
            found.count(Outcome.FAIL),
            Histogram.of(times.get(day, ())),
        )
        for day, found in outcomes.items()
    }
    return Folded(days, _recent(matched.open_starts, ordered))


def _recent(open_starts: OpenStarts, ordered: list[Entry]) -> OpenStarts:
    """The starts that may still find their ends."""
    if not ordered:
        return open_starts
    oldest = ordered[-1].at - LONGEST_RUN
    recent = [(at, rid) for rid, at in open_starts.items() if at >= oldest]
    recent.sort(key=lambda start: start[0])
    return {rid: at for at, rid in recent[-MOST_OPEN_STARTS:]}
