"""Run times of a day, counted in buckets that grow by a constant factor.

Two histograms merge by adding their counts, so runs can be counted as they come, and the log of
pings need not be kept for it. A quantile is off by 2.5 % at most.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

GROWTH = 1.05
SMALLEST = timedelta(milliseconds=1)
_LOG_GROWTH = math.log(GROWTH)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many run times lie in each bucket, and the shortest and the longest of all, exactly.

    Bucket 0 ends at 1 ms; bucket i > 0 reaches from 1 ms × 1.05^(i-1) to 1 ms × 1.05^i.
    """

    counts: Mapping[int, int] = field(default_factory=dict)
    shortest: timedelta | None = None
    longest: timedelta | None = None

    @classmethod
    def of(cls, times: Iterable[timedelta]) -> Histogram:
        times = list(times)
        counts = Counter(map(bucket, times))
        return cls(counts, min(times, default=None), max(times, default=None))

    def __add__(self, other: Histogram) -> Histogram:
        ends = [self.shortest, self.longest, other.shortest, other.longest]
        known = [end for end in ends if end is not None]
        counts = Counter(self.counts)
        counts.update(other.counts)
        return Histogram(counts, min(known, default=None), max(known, default=None))

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def quantile(self, share: float) -> timedelta | None:
        """The run time that `share` (above 0, at most 1) of all runs do not exceed, by nearest
        rank; the middle of its bucket, but never beyond the extremes. None without runs."""
        if self.shortest is None or self.longest is None:
            return None
        rank = max(1, math.ceil(share * self.total - 1e-9))
        seen = 0
        for index in sorted(self.counts):
            seen += self.counts[index]
            if seen >= rank:
                return min(max(_middle(index), self.shortest), self.longest)
        return self.longest

    def as_json(self) -> dict[str, int]:
        """The counts with their buckets as text; the extremes are not in it."""
        return {str(index): count for index, count in sorted(self.counts.items())}

    @classmethod
    def from_json(
        cls, counts: Mapping[str, int], shortest: timedelta | None, longest: timedelta | None
    ) -> Histogram:
        return cls({int(index): count for index, count in counts.items()}, shortest, longest)


def bucket(time: timedelta) -> int:
    """The number of the bucket of a run time (zero or more)."""
    if time <= SMALLEST:
        return 0
    return max(1, math.ceil(math.log(time / SMALLEST) / _LOG_GROWTH - 1e-9))


def _middle(index: int) -> timedelta:
    """The geometric middle of a bucket, in whole microseconds."""
    return SMALLEST * GROWTH ** (index - 0.5) if index else SMALLEST
