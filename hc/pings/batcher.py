"""Group commit: while one batch of pings is being written, the next one gathers.

There is no artificial delay: a lone ping is a batch of one and goes out at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic

from hc.lib import metrics
from hc.pings.event import Overloaded, PingEvent, Receipt

MOST = 500
CAPACITY = 20_000
CAPACITY_BYTES = 32_000_000  # of bodies; the texts of mails are limited by the mail door

Take = Callable[[Sequence[PingEvent]], Awaitable[list[Receipt]]]


class Batcher:
    """Hands the pings of an event loop to `take`, a batch at a time, in their order."""

    def __init__(
        self,
        take: Take,
        *,
        most: int = MOST,
        capacity: int = CAPACITY,
        capacity_bytes: int = CAPACITY_BYTES,
    ) -> None:
        self._take = take
        self._most = most
        self._capacity = capacity
        self._capacity_bytes = capacity_bytes
        self._waiting: deque[tuple[PingEvent, asyncio.Future[Receipt]]] = deque()
        self._bytes = 0
        self._writing: asyncio.Task[None] | None = None

    async def submit(self, event: PingEvent) -> Receipt:
        """What became of a ping, once it is safe. Raises Overloaded when too many wait."""
        self._need_room()
        return await self._add(event)

    async def submit_all(self, events: Sequence[PingEvent]) -> list[Receipt | BaseException]:
        """What became of pings that came as one. Raises Overloaded for all of them or for none."""
        self._need_room()
        return await asyncio.gather(*map(self._add, events), return_exceptions=True)

    async def drain(self) -> None:
        """Until all that was submitted has been written."""
        if self._writing:
            await asyncio.wait([self._writing])

    def _need_room(self) -> None:
        if len(self._waiting) >= self._capacity or self._bytes >= self._capacity_bytes:
            raise Overloaded

    def _add(self, event: PingEvent) -> asyncio.Future[Receipt]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Receipt] = loop.create_future()
        self._waiting.append((event, future))
        self._bytes += len(event.body)
        if self._writing is None:
            self._writing = loop.create_task(self._write())
        return future

    async def _write(self) -> None:
        try:
            while self._waiting:
                await self._write_batch()
        finally:
            self._writing = None

    async def _write_batch(self) -> None:
        size = min(len(self._waiting), self._most)
        batch = [self._waiting.popleft() for _ in range(size)]
        events = [event for event, _ in batch]
        self._bytes -= sum(len(event.body) for event in events)
        futures = [future for _, future in batch]
        began = monotonic()
        try:
            receipts = await self._take(events)
        except Exception as e:  # noqa: BLE001 - raised by those who wait for it
            for future in futures:
                if not future.done():
                    future.set_exception(e)
            return
        _measure(receipts, monotonic() - began)
        for future, receipt in zip(futures, receipts, strict=True):
            if not future.done():  # else its sender has hung up
                future.set_result(receipt)


def _measure(receipts: Sequence[Receipt], seconds: float) -> None:
    metrics.BATCH_SIZE.observe(len(receipts))
    metrics.COMMIT.observe(seconds)
    for receipt in set(receipts):
        metrics.PINGS.labels(receipt.name.lower()).inc(receipts.count(receipt))
