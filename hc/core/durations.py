"""How long runs took: the ends of runs matched with their starts.

Source: core 2.6 of the specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hc.core.state import Kind

LONGEST_RUN = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class LoggedPing:
    """A ping in a check's log, numbered by `n`."""

    n: int
    kind: Kind
    at: datetime
    rid: UUID | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """The run time of each end of a run, {n: duration}, and the starts that are still open."""

    found: Mapping[int, timedelta]
    open_starts: Mapping[UUID | None, datetime]


def match(pings: Iterable[LoggedPing], open_starts: Mapping[UUID | None, datetime]) -> Matched:
    """Match ends with starts, beginning with the starts that earlier pings have left open.

    `pings` are one check's, in their order. A run ends with the first success or failure that
    carries the run id of its start (no id counts as an id of its own); of several starts the
    latest counts; a start older than 72 hours belongs to nothing.
    """
    still_open = dict(open_starts)
    found: dict[int, timedelta] = {}
    for ping in pings:
        if ping.kind is Kind.START:
            still_open[ping.rid] = ping.at
        elif ping.kind in (Kind.SUCCESS, Kind.FAIL):
            start = still_open.pop(ping.rid, None)
            # Clocks of two hosts differ: an end may seem to come before its start.
            if start is not None and timedelta(0) <= ping.at - start <= LONGEST_RUN:
                found[ping.n] = ping.at - start
    return Matched(found, still_open)


def durations(pings: Iterable[LoggedPing]) -> dict[int, timedelta]:
    """The run time of each success or failure that has a start: {n: duration}.

    `pings` are one check's, ascending by `n`.
    """
    return dict(match(pings, {}).found)
