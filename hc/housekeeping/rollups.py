"""The runs of each check and day, folded from its pings before those are pruned.

Each check remembers the ping up to which it was folded (`rolled_n`), which is stored in the
transaction of the sums: a crash repeats nothing and loses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import or_
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When

from hc.api.models import Check, DailyRollup, Ping
from hc.core.durations import LONGEST_RUN
from hc.core.histogram import Histogram
from hc.core.rollup import DayRuns, Entry, Folded, OpenStarts, fold
from hc.core.state import Kind, Outcome

# Checks and pings folded in one transaction.
CHECKS = 200
PINGS = 20_000

COLUMNS = (
    "successes",
    "late",
    "failures",
    "run_times",
    "duration_min",
    "duration_median",
    "duration_p95",
    "duration_max",
    "open_starts",
)
_NO_RUNS = (str(Kind.LOG), str(Kind.IGNORED))


@dataclass(frozen=True, slots=True)
class _Slice:
    """The pings of a check to be folded: those after `rolled_n`, up to `up_to`."""

    check_id: int
    rolled_n: int
    up_to: int
    is_all: bool


def fold_new_pings(_: datetime) -> Iterator[int]:
    """Fold the pings that came since the last time; yields how many, for each transaction."""
    after = 0
    while slices := _next_slices(after):
        last = slices[-1]
        after = last.check_id if last.is_all else last.check_id - 1
        yield _fold(slices)


def upsert(rows: Sequence[DailyRollup], columns: Sequence[str]) -> None:
    """Insert rows, or change these columns of those that are there. The checks are locked."""
    needs_target = connection.features.supports_update_conflicts_with_target
    DailyRollup.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        update_fields=columns,
        unique_fields=["owner", "day"] if needs_target else None,
    )


def _next_slices(after: int) -> list[_Slice]:
    behind = Check.objects.filter(pk__gt=after, n_pings__gt=F("rolled_n")).order_by("pk")
    slices: list[_Slice] = []
    room = PINGS
    for check_id, rolled_n, n_pings in behind.values_list("pk", "rolled_n", "n_pings")[:CHECKS]:
        up_to = min(n_pings, rolled_n + room)
        slices.append(_Slice(check_id, rolled_n, up_to, up_to == n_pings))
        room -= up_to - rolled_n
        if room <= 0:
            break
    return slices


def _fold(slices: Sequence[_Slice]) -> int:
    entries = _entries(slices)
    rows = _summed(entries)
    # The checks are locked for the writing only: their pings wait for it. Nobody else writes sums
    # without moving `rolled_n`.
    with transaction.atomic():
        rolled = Check.objects.for_update().filter(pk__in=[s.check_id for s in slices])
        rolled_n = dict(rolled.values_list("pk", "rolled_n"))
        # Not those that were deleted meanwhile, or folded by another copy of us.
        ours = [s for s in slices if rolled_n.get(s.check_id) == s.rolled_n]
        upsert([row for s in ours for row in rows.get(s.check_id, ())], COLUMNS)
        _set_rolled_n(ours)
    return sum(len(entries.get(s.check_id, ())) for s in ours)


def _entries(slices: Iterable[_Slice]) -> Mapping[int, list[Entry]]:
    """The pings that matter, by check."""
    ranges = [Q(owner_id=s.check_id, n__gt=s.rolled_n, n__lte=s.up_to) for s in slices]
    rows = Ping.objects.filter(reduce(or_, ranges)).exclude(kind__in=_NO_RUNS)
    found: defaultdict[int, list[Entry]] = defaultdict(list)
    columns = rows.values_list("owner_id", "n", "kind", "created", "rid", "outcome")
    for check_id, n, kind, created, rid, outcome in columns.iterator(chunk_size=5000):
        # `n` cannot be NULL here; the range says so.
        signal = Kind(kind) if kind else Kind.SUCCESS
        known = Outcome(outcome) if outcome else None
        found[check_id].append(Entry(n or 0, signal, created, rid, known))
    return found


def _set_rolled_n(slices: Sequence[_Slice]) -> None:
    if slices:
        new = Case(*[When(pk=s.check_id, then=Value(s.up_to)) for s in slices])
        Check.objects.filter(pk__in=[s.check_id for s in slices]).update(rolled_n=new)


def _summed(entries: Mapping[int, Sequence[Entry]]) -> dict[int, list[DailyRollup]]:
    """The days of some checks with these entries added, as rows to be stored."""
    known = _rollups(entries)
    rows = {}
    for check_id, new in entries.items():
        days = known.get(check_id, {})
        folded = fold(new, _open_starts(days))
        rows[check_id] = [
            _row(check_id, day, runs, starts)
            for day, runs, starts in _changes(days, folded, _day(new[-1].at))
        ]
    return rows


def _rollups(entries: Mapping[int, Sequence[Entry]]) -> dict[int, dict[date, DailyRollup]]:
    """The days to be changed, and those before them whose starts may still find their ends."""
    instants = [entry.at for new in entries.values() for entry in new]
    if not instants:
        return {}
    found: defaultdict[int, dict[date, DailyRollup]] = defaultdict(dict)
    first = _day(min(instants) - LONGEST_RUN - timedelta(days=1))
    for row in DailyRollup.objects.filter(owner_id__in=list(entries), day__gte=first):
        found[row.owner_id][row.day] = row
    return found


def _changes(
    days: Mapping[date, DailyRollup], folded: Folded, today: date
) -> Iterator[tuple[date, DayRuns, OpenStarts]]:
    """The days that change, with their new sums. One row of a check holds its open starts."""
    holders = {day for day, row in days.items() if row.open_starts}
    newest = max([*days, *folded.days, today])
    changed = {*folded.days, *holders}
    if folded.open_starts:
        changed.add(newest)
    for day in sorted(changed):
        before = _runs(days[day]) if day in days else DayRuns()
        runs = before + folded.days[day] if day in folded.days else before
        yield day, runs, folded.open_starts if day == newest else {}


def _runs(row: DailyRollup) -> DayRuns:
    times = Histogram.from_json(row.run_times, row.duration_min, row.duration_max)
    return DayRuns(row.successes, row.late, row.failures, times)


def _row(check_id: int, day: date, runs: DayRuns, open_starts: OpenStarts) -> DailyRollup:
    times = runs.times
    return DailyRollup(
        owner_id=check_id,
        day=day,
        successes=runs.successes,
        late=runs.late,
        failures=runs.failures,
        run_times=times.as_json(),
        duration_min=times.shortest,
        duration_median=times.quantile(0.5),
        duration_p95=times.quantile(0.95),
        duration_max=times.longest,
        open_starts=[[str(rid or ""), at.isoformat()] for rid, at in open_starts.items()],
    )


def _open_starts(days: Mapping[date, DailyRollup]) -> dict[UUID | None, datetime]:
    return {
        UUID(rid) if rid else None: datetime.fromisoformat(at)
        for day in sorted(days)
        for rid, at in days[day].open_starts
    }


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
