"""Circuit breakers: a destination that fails time and again is left alone for a while.

Its messages wait in the queue meanwhile, and cost neither seats nor attempts. After the pause a
few are tried; one that arrives closes the breaker, else the pause grows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES = 20
PROBES = 5
PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(seconds=60)
# While messages wait, no probe takes longer to come: after such a gap it was us who were away.
LONGEST_GAP = timedelta(minutes=10)


@dataclass(slots=True)
class _Breaker:
    failures: int = 0
    pause: timedelta = PAUSE
    open_until: datetime | None = None
    since: datetime | None = None
    last: datetime | None = None


class Breakers:
    """The breakers of all destinations that have lately failed."""

    def __init__(self) -> None:
        self._breakers: dict[str, _Breaker] = {}

    def failed(self, destination: str, now: datetime) -> None:
        """An attempt ended without an answer, or with one that asks to come back."""
        breaker = self._breakers.setdefault(destination, _Breaker())
        breaker.failures += 1
        if breaker.last is None or now - breaker.last > LONGEST_GAP:
            breaker.since = now
        breaker.last = now
        if breaker.failures < FAILURES:
            return
        if breaker.open_until is None:
            breaker.open_until = now + breaker.pause
        elif now >= breaker.open_until:  # a probe has failed
            breaker.pause = min(2 * breaker.pause, LONGEST_PAUSE)
            breaker.open_until = now + breaker.pause

    def answered(self, destination: str) -> None:
        """The destination works."""
        self._breakers.pop(destination, None)

    def places(self, destination: str, usual: int, now: datetime) -> int:
        """How many messages may be on their way there at once."""
        breaker = self._breakers.get(destination)
        if breaker is None or breaker.open_until is None:
            return usual
        return PROBES if now >= breaker.open_until else 0

    def watched(self) -> list[str]:
        """The destinations whose breakers are open, or being probed."""
        return [name for name, breaker in self._breakers.items() if breaker.open_until]

    def failing(self, now: datetime) -> dict[str, datetime]:
        """Since when those that are left alone have been tried in vain without a break."""
        return {
            name: breaker.since
            for name, breaker in self._breakers.items()
            if breaker.open_until and breaker.since and breaker.last
            if now - breaker.last <= LONGEST_GAP
        }

    def next_probe(self, now: datetime) -> datetime | None:
        """When the next pause ends."""
        ends = [b.open_until for b in self._breakers.values() if b.open_until]
        return min((end for end in ends if end > now), default=None)
