"""Sending: hundreds of messages at once, each failure the business of its own channel alone.

The dispatcher takes claimed messages, sends each, and settles them with their outcomes, as many
together as have ended meanwhile. It knows neither SQL nor services: the store is passed in, and
a parcel knows how it is sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol

from hc.alerts import telemetry
from hc.alerts.breakers import Breakers
from hc.alerts.leases import Attempt, Claim, Row
from hc.alerts.room import SEATS_PER_DESTINATION, Room
from hc.integrations.base import Outcome, Result, failed, retry

logger = logging.getLogger(__name__)

LONGEST_SEND = 120.0
SETTLE_AGAIN_SECONDS = 1.0
# So many messages to one destination are claimed ahead, to go out when others have left.
AHEAD = 100


@dataclass(frozen=True, slots=True)
class Parcel(Generic[Row]):
    """Claimed messages that one sending delivers. `about` is for the logs, `kind` for figures."""

    claims: Sequence[Claim[Row]]
    send: Callable[[], Coroutine[Any, Any, Outcome]]
    destination: str
    kind: str
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Space:
    """What a dispatcher can take: so many messages, and so many for the destinations named.

    `busy`: the messages it is sending; their leases may have run out while the database was away.
    """

    limit: int
    usual: int = SEATS_PER_DESTINATION + AHEAD
    places: Mapping[str, int] = field(default_factory=dict)
    busy: Collection[int] = ()

    def full(self) -> list[str]:
        return [destination for destination, places in self.places.items() if places <= 0]


class Store(Protocol[Row]):
    """Where messages come from and where their outcomes go."""

    async def fetch(self, space: Space) -> Sequence[Parcel[Row]]:
        """Claim messages that are due.

        Those that cannot or need not be sent are settled inside.
        """

    async def settle(self, attempts: Sequence[Attempt[Row]]) -> None:
        """Store what came of attempts; raises ConnectionError while the database is away."""

    async def renew(self, claims: Sequence[Claim[Row]]) -> None: ...

    async def release(self, claims: Sequence[Claim[Row]]) -> None: ...

    async def expire(self, failing: Mapping[str, datetime]) -> None:
        """Give up what is of no use any more, knowing since when destinations fail all the time."""

    async def next_due(self, space: Space) -> datetime | None:
        """When there is something to claim again."""


class Dispatcher(Generic[Row]):
    """`on_idle` is called when there is room again, or messages were settled: their successors
    may be due by now."""

    def __init__(
        self,
        store: Store[Row],
        *,
        clock: Callable[[], datetime],
        on_idle: Callable[[], None] = lambda: None,
    ) -> None:
        self._store: Store[Row] = store
        self._clock = clock
        self._on_idle = on_idle
        self._room = Room(self._on_seat)
        self._breakers = Breakers()
        self._lanes: dict[str, deque[Parcel[Row]]] = {}
        self._tasks: dict[asyncio.Task[None], Parcel[Row]] = {}
        self._ended: list[Attempt[Row]] = []
        self._settling: asyncio.Task[None] | None = None
        self._is_closing = False

    @property
    def space(self) -> Space:
        now = self._clock()
        known = {*self._room.destinations(), *self._breakers.watched(), *self._lanes}
        return Space(
            limit=max(0, self._room.free),
            places={name: self._places(name, now) + self._ahead(name, now) for name in known},
            busy={one.id for one in self._in_hand()},
        )

    async def next_moment(self) -> datetime | None:
        """When to dispatch again; None if the bell will ring before."""
        space = self.space
        if space.limit <= 0:
            return None
        due = await self._store.next_due(space)
        moments = [m for m in (due, self._breakers.next_probe(self._clock())) if m]
        return min(moments, default=None)

    async def dispatch(self) -> int:
        """Start sending what is due, as far as there is room; how many parcels were started."""
        space = self.space
        if space.limit <= 0 or self._is_closing:
            return 0
        parcels = await self._store.fetch(space)
        for parcel in parcels:
            self._lanes.setdefault(parcel.destination, deque()).append(parcel)
        self._fill()
        return len(parcels)

    async def renew(self) -> None:
        """Keep the leases of all messages in flight."""
        claims = self._in_hand()
        if claims:
            await self._store.renew(claims)

    async def expire(self) -> None:
        """Give up what is of no use any more."""
        await self._store.expire(self._breakers.failing(self._clock()))

    async def close(self, seconds: float) -> None:
        """Finish what is being sent, for at most `seconds`; give back what waits."""
        self._is_closing = True
        deadline = asyncio.get_running_loop().time() + seconds
        # Not waited for by itself: the database may not answer.
        giving_back = asyncio.create_task(self._give_back(list(self._lanes)))
        await asyncio.wait([giving_back, *self._tasks], timeout=seconds)
        # What still hangs is left to its lease: the message may be on its way.
        for task in (giving_back, *self._tasks):
            task.cancel()
        await asyncio.gather(giving_back, *self._tasks, return_exceptions=True)
        if settling := self._settling:
            left = deadline - asyncio.get_running_loop().time()
            await asyncio.wait([settling], timeout=max(left, 0.5))
            settling.cancel()

    # --- Lanes: what was claimed ahead, by destination ------------------------------------------

    def _on_seat(self) -> None:
        self._fill()
        self._on_idle()

    def _fill(self) -> None:
        """Send what waits, as far as there is room."""
        now = self._clock()
        for destination, lane in list(self._lanes.items()):
            while lane and self._room.free > 0 and self._places(destination, now) > 0:
                self._start(lane.popleft())
            if not lane:
                del self._lanes[destination]

    def _start(self, parcel: Parcel[Row]) -> None:
        leave = self._room.take(parcel.destination)
        task = asyncio.create_task(self._deliver(parcel, leave))
        self._tasks[task] = parcel
        task.add_done_callback(self._tasks.pop)

    async def _give_back(self, destinations: Sequence[str]) -> None:
        lanes = [self._lanes.pop(name) for name in destinations if name in self._lanes]
        claims = [claim for lane in lanes for parcel in lane for claim in parcel.claims]
        if not claims:
            return
        try:
            await self._store.release(claims)
        except Exception:
            # Their leases run out.
            logger.exception("messages not given back", extra={"action": "release"})

    def _in_hand(self) -> list[Claim[Row]]:
        """What is claimed and not settled yet."""
        waiting = [parcel for lane in self._lanes.values() for parcel in lane]
        parcels = [*self._tasks.values(), *waiting]
        claims = [claim for parcel in parcels for claim in parcel.claims]
        return claims + [attempt.claim for attempt in self._ended]

    def _places(self, destination: str, now: datetime) -> int:
        room = self._room
        usual = self._breakers.places(destination, SEATS_PER_DESTINATION, now)
        if usual < SEATS_PER_DESTINATION:
            return max(0, usual - room.under_way(destination))
        return room.places(destination)

    def _ahead(self, destination: str, now: datetime) -> int:
        """How many more messages may wait for a place."""
        if self._breakers.places(destination, AHEAD, now) < AHEAD:
            return 0
        return max(0, AHEAD - len(self._lanes.get(destination, ())))

    async def _deliver(self, parcel: Parcel[Row], leave: Callable[[], None]) -> None:
        started = self._clock()
        try:
            outcome = await self._send(parcel)
        finally:
            leave()
        finished = self._clock()
        self._judge(parcel.destination, outcome, finished)
        if not self._breakers.places(parcel.destination, 1, finished):
            await self._give_back([parcel.destination])
        seconds = (finished - started).total_seconds()
        telemetry.attempted(parcel.kind, outcome.result, seconds)
        self._ended += [Attempt(claim, outcome, started, finished) for claim in parcel.claims]
        if self._settling is None:
            self._settling = asyncio.create_task(self._settle())

    def _judge(self, destination: str, outcome: Outcome, now: datetime) -> None:
        refused = outcome.max_attempts is not None or outcome.retry_after is not None
        if outcome.result is Result.RETRY and not refused:
            self._breakers.failed(destination, now)
        else:
            self._breakers.answered(destination)

    async def _settle(self) -> None:
        """Store outcomes, however long the database is away: else the messages go out again."""
        while self._ended:
            batch = list(self._ended)
            try:
                await self._store.settle(batch)
            except ConnectionError as e:
                reason = type(e.__cause__ or e).__name__
                logger.warning("outcomes not stored yet", extra={"reason": reason})
                await asyncio.sleep(SETTLE_AGAIN_SECONDS)
                continue
            except Exception:
                # Not the database's absence: the leases run out, and the messages are tried again.
                logger.exception("outcomes cannot be stored", extra={"action": "settle"})
            del self._ended[: len(batch)]
            self._on_idle()
        self._settling = None

    async def _send(self, parcel: Parcel[Row]) -> Outcome:
        """One attempt; whatever goes wrong in a transport becomes a recorded error."""
        extra = {"action": "send", "kind": parcel.kind, **parcel.about}
        try:
            async with asyncio.timeout(LONGEST_SEND):
                outcome = await parcel.send()
        except TimeoutError:
            outcome = retry("The attempt took too long")
        except Exception:
            logger.exception("transport failed", extra=extra)
            outcome = failed("Internal error; it was logged for the operator")
        attempt = parcel.claims[0].attempt
        logger.info(
            "not sent" if outcome.error else "sent",
            extra=extra | {"attempt": attempt, "error": outcome.error},
        )
        return outcome
