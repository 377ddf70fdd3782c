"""The chart of recent runs: one bar per run, as high as it took long, drawn as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from hc.api.models import Ping
from hc.core import words
from hc.core.state import Kind
from hc.front.rows import clock

BARS = 30
WIDTH, HEIGHT, STEP, BAR = 720, 120, 24, 16
LOWEST, UNKNOWN = 10.0, 56.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A run; coordinates in the chart's units."""

    x: int
    y: float
    height: float
    outcome: str
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: tuple[Bar, ...]
    labels: tuple[tuple[int, str, str], ...]  # x, text, text-anchor
    width: int = WIDTH
    height: int = HEIGHT
    bar: int = BAR


def run_chart(
    pings: Sequence[Ping], times: Mapping[int, timedelta], now: datetime, zone: tzinfo
) -> Chart:
    """The last runs among `pings` (newest first), oldest on the left."""
    ends = [ping for ping in pings if ping.signal() in (Kind.SUCCESS, Kind.FAIL)][:BARS]
    ends.reverse()
    known = [times[ping.n or 0] for ping in ends if ping.n in times]
    longest = max(known, default=timedelta(0))
    offset = (BARS - len(ends)) * STEP
    bars = []
    for position, ping in enumerate(ends):
        taken = times.get(ping.n or 0)
        height = _height(taken, longest)
        bars.append(
            Bar(
                x=offset + position * STEP + (STEP - BAR) // 2,
                y=HEIGHT - height,
                height=height,
                outcome="failed" if ping.signal() is Kind.FAIL else "good",
                title=_title(ping, taken, now, zone),
            )
        )
    labels = tuple(
        (
            (WIDTH, clock(ends[i].created, now, zone), "end")
            if i == len(ends) - 1
            else (bars[i].x + BAR // 2, clock(ends[i].created, now, zone), "middle")
        )
        for i in range(len(ends) - 1, -1, -6)
        if bars[i].x > 30
    )
    return Chart(tuple(bars), labels)


def _height(taken: timedelta | None, longest: timedelta) -> float:
    if taken is None or not longest:
        return UNKNOWN
    return round(LOWEST + (HEIGHT - LOWEST) * (taken / longest), 1)


def _title(ping: Ping, taken: timedelta | None, now: datetime, zone: tzinfo) -> str:
    result = "failed" if ping.signal() is Kind.FAIL else "succeeded"
    took = f" in {words.run_time(taken)}" if taken else ""
    return f"#{ping.n} {result}{took}, {clock(ping.created, now, zone)}"
