from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from hc.pings.batcher import Batcher
from hc.pings.event import Overloaded, PingEvent, Receipt
from tests.factories import ping_event

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


class Writer:
    """Takes batches, and finishes them when it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[PingEvent]] = []
        self.free = asyncio.Event()
        self.error: Exception | None = None

    async def take(self, events: Sequence[PingEvent]) -> list[Receipt]:
        self.batches.append(list(events))
        await self.free.wait()
        if self.error:
            raise self.error
        return [Receipt.RECORDED if e.ua == "curl" else Receipt.NOT_FOUND for e in events]


def event(code: UUID | None = None, body: bytes = b"") -> PingEvent:
    return ping_event(code or uuid4(), NOW, body=body)


async def submit(batcher: Batcher, *events: PingEvent) -> list[asyncio.Task[Receipt]]:
    tasks = [asyncio.create_task(batcher.submit(e)) for e in events]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


def test_what_comes_during_a_batch_is_the_next_one() -> None:
    async def play() -> None:
        writer = Writer()
        batcher = Batcher(writer.take)
        events = [event() for _ in range(5)]
        first = await submit(batcher, events[0])
        rest = await submit(batcher, *events[1:])
        assert writer.batches == [events[:1]]
        writer.free.set()
        assert await asyncio.gather(*first, *rest) == [Receipt.RECORDED] * 5
        assert writer.batches == [events[:1], events[1:]]

    asyncio.run(play())


def test_a_batch_has_a_largest_size() -> None:
    async def play() -> None:
        writer = Writer()
        batcher = Batcher(writer.take, most=2)
        tasks = await submit(batcher, *(event() for _ in range(5)))
        writer.free.set()
        await asyncio.gather(*tasks)
        assert [len(batch) for batch in writer.batches] == [2, 2, 1]

    asyncio.run(play())


@pytest.mark.parametrize("limits", [{"capacity": 2}, {"capacity_bytes": 20}])
def test_when_too_many_wait_the_next_is_refused(limits: dict[str, int]) -> None:
    async def play() -> None:
        writer = Writer()
        batcher = Batcher(writer.take, **limits)
        being_written = await submit(batcher, event(body=b"x" * 10))
        waiting = await submit(batcher, event(body=b"x" * 10), event(body=b"x" * 10))
        with pytest.raises(Overloaded):
            await batcher.submit(event())
        writer.free.set()
        await asyncio.gather(*being_written, *waiting)
        assert await batcher.submit(event()) is Receipt.RECORDED

    asyncio.run(play())


def test_pings_that_came_as_one_are_taken_or_refused_together() -> None:
    async def play() -> None:
        writer = Writer()
        batcher = Batcher(writer.take, capacity=2)
        being_written = await submit(batcher, event())
        waiting = await submit(batcher, event())
        three = [event() for _ in range(3)]
        together = asyncio.create_task(batcher.submit_all(three))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await batcher.submit_all([event(), event()])
        writer.free.set()
        assert await together == [Receipt.RECORDED] * 3
        await asyncio.gather(*being_written, *waiting)
        assert [len(batch) for batch in writer.batches] == [1, 4]

    asyncio.run(play())


def test_a_sender_that_hangs_up_disturbs_nobody() -> None:
    async def play() -> None:
        writer = Writer()
        batcher = Batcher(writer.take)
        gone, stays = await submit(batcher, event(), event())
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone
        writer.free.set()
        assert await stays is Receipt.RECORDED

    asyncio.run(play())


def test_an_error_reaches_those_of_its_batch_only() -> None:
    async def play() -> None:
        writer = Writer()
        writer.error = ValueError("broken")
        writer.free.set()
        batcher = Batcher(writer.take)
        results = await asyncio.gather(
            *(batcher.submit(event()) for _ in range(2)), return_exceptions=True
        )
        assert [str(r) for r in results] == ["broken", "broken"]
        writer.error = None
        assert await batcher.submit(event()) is Receipt.RECORDED

    asyncio.run(play())


def test_draining_waits_for_all_that_was_submitted() -> None:
    async def play() -> None:
        writer = Writer()
        batcher = Batcher(writer.take, most=1)
        tasks = await submit(batcher, event(), event())
        writer.free.set()
        await batcher.drain()
        assert all(task.done() or not task.cancelled() for task in tasks)
        assert len(writer.batches) == 2

    asyncio.run(play())
