"""Sending: hundreds of messages at once, each failure the business of its own channel alone.

The dispatcher takes claimed messages, hands each to the transport of its kind, and settles it
with the outcome. It knows neither SQL nor services: the store and the transports are passed in.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hc.alerts.outbox import Attempt, Claim
from hc.integrations.base import Alert, Config, Outcome, Send, Wire, failed, retry

logger = logging.getLogger(__name__)

AT_ONCE = 500
AT_ONCE_PER_DESTINATION = 50
LONGEST_SEND = 120.0
SETTLE_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claimed message with all that is needed to send it."""

    claim: Claim
    alert: Alert
    config: Config
    destination: str
    send: Send


class Store(Protocol):
    """Where messages come from and where their outcomes go."""

    async def fetch(self, limit: int, busy: Collection[int]) -> Sequence[Parcel]:
        """Claim up to `limit` messages, none of those in `busy`.

        Messages that cannot or need not be sent are settled inside.
        """

    async def settle(self, attempt: Attempt) -> None:
        """Store what came of an attempt; raises ConnectionError while the database is away."""

    async def renew(self, claims: Sequence[Claim]) -> None: ...

    async def release(self, claims: Sequence[Claim]) -> None: ...


class Dispatcher:
    """`on_idle` is called when a message was settled: its successor may be due by now."""

    def __init__(
        self,
        store: Store,
        wire: Wire,
        *,
        clock: Callable[[], datetime],
        on_idle: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._wire = wire
        self._clock = clock
        self._on_idle = on_idle
        self._tasks: dict[asyncio.Task[None], Claim] = {}
        self._begun: set[int] = set()
        self._lanes: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(AT_ONCE_PER_DESTINATION)
        )
        self._in_lane: Counter[str] = Counter()

    @property
    def busy(self) -> set[int]:
        """The messages that are being sent."""
        return {one.id for one in self._tasks.values()}

    @property
    def is_full(self) -> bool:
        return len(self._tasks) >= AT_ONCE

    async def dispatch(self) -> int:
        """Start sending what is due, as far as there is room; how many were started."""
        busy = self.busy
        parcels = await self._store.fetch(AT_ONCE - len(busy), busy)
        for parcel in parcels:
            task = asyncio.create_task(self._deliver(parcel))
            self._tasks[task] = parcel.claim
            task.add_done_callback(self._finished)
        return len(parcels)

    async def renew(self) -> None:
        """Keep the leases of all messages in flight."""
        if self._tasks:
            await self._store.renew(list(self._tasks.values()))

    async def close(self, seconds: float) -> None:
        """Finish what is being sent, for at most `seconds`; give the rest back."""
        waiting = [task for task, one in self._tasks.items() if one.id not in self._begun]
        await self._abandon(waiting)
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=seconds)
        # What still hangs is left to its lease: the message may be on its way.
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _abandon(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        claims = [self._tasks[task] for task in tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if claims:
            try:
                await self._store.release(claims)
            except Exception:
                # Their leases run out.
                logger.exception("messages not given back", extra={"action": "stop"})

    def _finished(self, task: asyncio.Task[None]) -> None:
        claim = self._tasks.pop(task)
        self._begun.discard(claim.id)
        self._on_idle()

    async def _deliver(self, parcel: Parcel) -> None:
        destination = parcel.destination
        self._in_lane[destination] += 1
        try:
            async with self._lanes[destination]:
                self._begun.add(parcel.claim.id)
                started = self._clock()
                outcome = await self._send(parcel)
        finally:
            self._leave(destination)
        await self._settle(Attempt(parcel.claim, outcome, started, self._clock()))

    async def _settle(self, attempt: Attempt) -> None:
        """Store the outcome, however long the database is away: else the message goes out again."""
        while True:
            extra = {"action": "settle", "notification": attempt.claim.id}
            try:
                return await self._store.settle(attempt)
            except ConnectionError:
                logger.exception("outcome could not be stored yet", extra=extra)
                await asyncio.sleep(SETTLE_AGAIN_SECONDS)
            except Exception:
                # Not the database's absence: the lease runs out, and the message is tried again.
                logger.exception("outcome cannot be stored", extra=extra)
                return None

    def _leave(self, destination: str) -> None:
        self._in_lane[destination] -= 1
        if not self._in_lane[destination]:
            del self._in_lane[destination], self._lanes[destination]

    async def _send(self, parcel: Parcel) -> Outcome:
        """One attempt; whatever goes wrong in a transport becomes a recorded error."""
        extra = {
            "action": "send",
            "notification": parcel.claim.id,
            "channel": str(parcel.claim.notification.channel.code),
        }
        try:
            async with asyncio.timeout(LONGEST_SEND):
                outcome = await parcel.send(parcel.alert, parcel.config, self._wire)
        except TimeoutError:
            outcome = retry("The attempt took too long")
        except Exception:
            logger.exception("transport failed", extra=extra)
            outcome = failed("Internal error; it was logged for the operator")
        logger.info(
            "sent" if not outcome.error else "not sent",
            extra=extra | {"attempt": parcel.claim.attempt, "error": outcome.error},
        )
        return outcome
