"""How long runs took: the ends of runs matched with their starts.

Source: core 2.6 of the specification.
"""

from __future__ import annotations

from collections.abc import Iterable
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


def durations(pings: Iterable[LoggedPing]) -> dict[int, timedelta]:
    """The run time of each success or failure that has a start: {n: duration}.

    `pings` are one check's, ascending by `n`. A run ends with the first success or failure that
    carries the run id of its start (no id counts as an id of its own); of several starts the
    latest counts; a start older than 72 hours belongs to nothing.
    """
    open_starts: dict[UUID | None, datetime] = {}
    found: dict[int, timedelta] = {}
    for ping in pings:
        if ping.kind is Kind.START:
            open_starts[ping.rid] = ping.at
        elif ping.kind in (Kind.SUCCESS, Kind.FAIL):
            start = open_starts.pop(ping.rid, None)
            if start is not None and ping.at - start <= LONGEST_RUN:
                found[ping.n] = ping.at - start
    return found
