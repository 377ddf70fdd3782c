"""How many messages may be on their way at once, in all and to one destination.

A message that is not through after a second gives up its seat: so destinations that hang hold up
neither others nor, for long, themselves.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

SEATS, SEATS_PER_DESTINATION = 500, 50
# With those that gave up their seats.
MOST, MOST_PER_DESTINATION = 2000, 400
SLOW_SECONDS = 1.0


class Room:
    """`on_free` is called when there is a free seat again."""

    def __init__(self, on_free: Callable[[], None] = lambda: None) -> None:
        self._on_free = on_free
        self._seated: Counter[str] = Counter()
        self._all: Counter[str] = Counter()

    @property
    def free(self) -> int:
        return min(SEATS - self._seated.total(), MOST - self._all.total())

    def places(self, destination: str) -> int:
        """How many more messages may go to a destination now."""
        seats = SEATS_PER_DESTINATION - self._seated[destination]
        return max(0, min(seats, MOST_PER_DESTINATION - self._all[destination]))

    def under_way(self, destination: str) -> int:
        return self._all[destination]

    def destinations(self) -> list[str]:
        """Those to which something is under way."""
        return list(self._all)

    def take(self, destination: str) -> Callable[[], None]:
        """Take a seat, for a second at most; returns how to leave the room."""
        self._seated[destination] += 1
        self._all[destination] += 1
        is_seated = True

        def rise() -> None:
            nonlocal is_seated
            if is_seated:
                is_seated = False
                _down(self._seated, destination)

        def rise_early() -> None:
            rise()
            self._on_free()

        timer = asyncio.get_running_loop().call_later(SLOW_SECONDS, rise_early)

        def leave() -> None:
            timer.cancel()
            rise()
            _down(self._all, destination)
            self._on_free()

        return leave


def _down(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if not counter[name]:
        del counter[name]
