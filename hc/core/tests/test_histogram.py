from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hc.core.durations import LONGEST_RUN
from hc.core.histogram import GROWTH, SMALLEST, Histogram, bucket

MS, S, HOUR = timedelta(milliseconds=1), timedelta(seconds=1), timedelta(hours=1)
TIMES = st.lists(st.timedeltas(timedelta(0), LONGEST_RUN), max_size=50)
# Half a bucket, and the rounding to microseconds.
ERROR = math.sqrt(GROWTH) - 1 + 1e-6


@pytest.mark.parametrize(
    ("time", "index"),
    [
        (timedelta(0), 0),
        (MS, 0),
        (timedelta(microseconds=1001), 1),
        (MS * 1.05, 1),
        (MS * 1.06, 2),
        (S, 142),
        (LONGEST_RUN, 398),
    ],
)
def test_buckets_grow_by_a_constant_factor(time: timedelta, index: int) -> None:
    assert bucket(time) == index


def test_nothing_has_no_quantiles() -> None:
    empty = Histogram.of([])
    assert (empty.total, empty.quantile(0.5), empty.shortest, empty.longest) == (
        0,
        None,
        None,
        None,
    )


def test_one_run_is_all_of_its_quantiles() -> None:
    one = Histogram.of([3 * S])
    assert [one.quantile(q) for q in (0.01, 0.5, 0.95, 1)] == [3 * S] * 4


def test_quantiles_of_many_runs() -> None:
    many = Histogram.of([n * S for n in range(1, 101)])
    for share, exact in ((0.5, 50 * S), (0.95, 95 * S), (1, 100 * S)):
        assert many.quantile(share) == pytest.approx(exact, abs=exact * ERROR)


@given(TIMES.filter(bool), st.floats(0.01, 1))
def test_quantiles_are_close_to_the_truth(times: list[timedelta], share: float) -> None:
    found = Histogram.of(times).quantile(share)
    exact = sorted(times)[max(1, math.ceil(share * len(times) - 1e-9)) - 1]
    assert found is not None
    assert min(times) <= found <= max(times)
    assert abs(found - exact) <= max(exact * ERROR, SMALLEST)


@given(TIMES, TIMES, TIMES)
def test_merging_is_as_good_as_counting_at_once(
    a: list[timedelta], b: list[timedelta], c: list[timedelta]
) -> None:
    whole = Histogram.of(a + b + c)
    assert (Histogram.of(a) + Histogram.of(b)) + Histogram.of(c) == whole
    assert Histogram.of(c) + (Histogram.of(b) + Histogram.of(a)) == whole


@given(TIMES)
def test_it_survives_being_stored(times: list[timedelta]) -> None:
    before = Histogram.of(times)
    assert Histogram.from_json(before.as_json(), before.shortest, before.longest) == before


def test_a_day_of_a_busy_check_is_stored_in_a_few_numbers() -> None:
    counts = Histogram.of([MS * n for n in range(100_000)]).as_json()
    assert len(counts) < 250
    assert sum(counts.values()) == 100_000
