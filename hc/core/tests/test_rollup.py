from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hc.core.histogram import Histogram
from hc.core.rollup import MOST_OPEN_STARTS, DayRuns, Entry, OpenStarts, fold
from hc.core.state import Kind, Outcome

START = datetime(2026, 6, 15, 23, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MONDAY, TUESDAY = date(2026, 6, 15), date(2026, 6, 16)


def entry(
    n: int,
    kind: Kind,
    minutes: int = 0,
    outcome: Outcome | None = None,
    rid: UUID | None = None,
) -> Entry:
    return Entry(n, kind, START + minutes * MINUTE, rid, outcome)


@pytest.mark.parametrize(
    ("kind", "outcome", "expected"),
    [
        (Kind.SUCCESS, Outcome.SUCCESS, (1, 0, 0)),
        (Kind.SUCCESS, Outcome.LATE, (0, 1, 0)),
        (Kind.FAIL, Outcome.FAIL, (0, 0, 1)),
        (Kind.SUCCESS, None, (1, 0, 0)),
        (Kind.FAIL, None, (0, 0, 1)),
    ],
)
def test_runs_are_counted_by_their_outcome(
    kind: Kind, outcome: Outcome | None, expected: tuple[int, int, int]
) -> None:
    runs = fold([entry(1, kind, outcome=outcome)], {}).days[MONDAY]
    assert (runs.successes, runs.late, runs.failures) == expected
    assert runs.times.total == 0


@pytest.mark.parametrize("kind", [Kind.START, Kind.LOG, Kind.IGNORED])
def test_other_pings_are_no_runs(kind: Kind) -> None:
    assert fold([entry(1, kind)], {}).days == {}


def test_a_run_belongs_to_the_day_of_its_end_in_utc() -> None:
    folded = fold([entry(1, Kind.START, 0), entry(2, Kind.SUCCESS, 45)], {})
    assert folded.days == {TUESDAY: DayRuns(1, times=Histogram.of([45 * MINUTE]))}
    assert folded.open_starts == {}


def test_an_end_finds_its_start_of_last_time() -> None:
    first = fold([entry(1, Kind.START, 0)], {})
    second = fold([entry(2, Kind.FAIL, 10)], first.open_starts)
    assert second.days[MONDAY] == DayRuns(failures=1, times=Histogram.of([10 * MINUTE]))


def test_starts_that_find_no_end_are_forgotten() -> None:
    old = fold([entry(1, Kind.START, rid=UUID(int=1))], {}).open_starts
    assert fold([entry(2, Kind.LOG, 72 * 60)], old).open_starts == old
    assert fold([entry(2, Kind.LOG, 72 * 60 + 1)], old).open_starts == {}
    assert fold([], old).open_starts == old
    many = [entry(n, Kind.START, n, rid=UUID(int=n)) for n in range(1, 200)]
    kept = fold(many, {}).open_starts
    assert len(kept) == MOST_OPEN_STARTS
    assert min(kept.values()) == START + 100 * MINUTE


KINDS = st.sampled_from([Kind.SUCCESS, Kind.FAIL, Kind.START, Kind.LOG])
RIDS = st.sampled_from([None, UUID(int=1), UUID(int=2)])


@given(st.lists(st.tuples(KINDS, st.integers(0, 90), RIDS), max_size=30), st.data())
def test_a_log_folded_in_parts_gives_the_same_sums(
    steps: list[tuple[Kind, int, UUID | None]], data: st.DataObject
) -> None:
    entries, minutes = [], 0
    for n, (kind, pause, rid) in enumerate(steps, 1):
        minutes += pause
        entries.append(entry(n, kind, minutes, rid=rid))
    whole = fold(entries, {})
    sums: dict[date, DayRuns] = {}
    left: OpenStarts = {}
    while entries:
        size = data.draw(st.integers(1, len(entries)))
        part = fold(entries[:size], left)
        for day, runs in part.days.items():
            sums[day] = sums.get(day, DayRuns()) + runs
        entries, left = entries[size:], part.open_starts
    assert sums == whole.days
    assert left == whole.open_starts
