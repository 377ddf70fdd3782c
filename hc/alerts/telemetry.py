"""What the alert engine tells of itself: figures for scrapes, and the names that statsd knows.

Source of the latter and of their meanings: core 7 of the specification.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hc.api.models import Notification
from hc.integrations.base import Result
from hc.lib import metrics, statsd


def attempted(kind: str, outcome: str, seconds: float) -> None:
    """An attempt to send something of a kind has ended, after so many seconds."""
    metrics.DELIVERIES.labels(kind, outcome).inc()
    metrics.DELIVERY.labels(kind).observe(seconds)


def unsent(kind: str, outcome: str, number: int = 1) -> None:
    """So many messages have ended without an attempt."""
    if number:
        metrics.DELIVERIES.labels(kind, outcome).inc(number)


def settled(messages: Iterable[tuple[Notification, str, Result]]) -> None:
    """Messages of some kinds are over. Those of the members of a group count as one, the group's;
    those that nobody needed any more do not count."""
    for message, kind, result in messages:
        if message.group_id is None and result is not Result.DROPPED:
            word = "success" if result is Result.DELIVERED else "fail"
            statsd.count(f"hc.notifications.{kind}.{word}")


def swept(count: int, lag_seconds: float) -> None:
    """So many checks went down, the first one so long after its deadline."""
    metrics.WENT_DOWN.inc(count)
    metrics.OVERDUE_LAG.observe(max(0.0, lag_seconds))


def claimed(number: int) -> None:
    """So many messages were taken from the queue."""
    metrics.CLAIMED.inc(number)


# --- Flips ------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Times:
    created: datetime
    started: datetime | None = None


class FlipTimes:
    """How long flips wait for their first message to be sent, and for all to be told of them.

    It stands in the memory of the process that claimed the first message: figures are not worth
    writes to the tables. Flips that are ended by others are forgotten when there are too many.
    """

    MOST = 10_000

    def __init__(self) -> None:
        self._flips: dict[int, _Times] = {}
        self._lock = threading.Lock()

    def claimed(self, flips: Mapping[int, datetime]) -> None:
        """The first messages about flips, which happened at these times, were claimed."""
        with self._lock:
            for flip, created in flips.items():
                if flip not in self._flips:
                    self._flips[flip] = _Times(created)
                    statsd.count("hc.sendalerts.processFlip")
            while len(self._flips) > self.MOST:
                del self._flips[next(iter(self._flips))]

    def started(self, flips: Iterable[int], now: datetime) -> None:
        """Messages about these flips begin to be sent."""
        with self._lock:
            for times in [self._flips[flip] for flip in flips if flip in self._flips]:
                if times.started is None:
                    times.started = now
                    dwelt = (now - times.created).total_seconds()
                    statsd.timing("hc.sendalerts.dwellTime", dwelt)

    def under_way(self, flips: Collection[int]) -> list[int]:
        """Those of the flips of which it is not known yet that everybody was told."""
        with self._lock:
            return [flip for flip in flips if flip in self._flips]

    def processed(self, flips: Mapping[int, datetime]) -> None:
        """Nobody has to be told of these flips any more, since these times."""
        with self._lock:
            for flip, at in flips.items():
                times = self._flips.pop(flip, None)
                if times and times.started:
                    seconds = max(0.0, (at - times.started).total_seconds())
                    statsd.timing("hc.sendalerts.sendTime", seconds)


FLIPS = FlipTimes()
