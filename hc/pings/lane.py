"""The fast lane: batches of pings go to PostgreSQL from the event loop itself, without a thread.

It carries what nearly all batches are: pings that change no status. All else goes to the intake,
on a thread: other databases, flips and their messages, new checks, and every kind of trouble.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg2
from django.db import connection
from django.utils import timezone
from psycopg2.extensions import POLL_OK, POLL_WRITE

from hc.pings import postgres, slugs
from hc.pings.batch import Batch, as_rows
from hc.pings.event import PingEvent, Receipt, SlugAddress
from hc.pings.intake import Intake
from hc.pings.slugs import Resolved
from hc.pings.spool import Attempt
from hc.pings.writer import fold

logger = logging.getLogger(__name__)

BATCH_SECONDS = 10.0


class Lane:
    """Takes batches one after the other, for one event loop."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._thread = _thread()
        self._wire: Wire | None = None
        self._journal = uuid4().hex
        self._number = 0
        self._is_written = False

    async def take(self, events: Sequence[PingEvent]) -> list[Receipt]:
        """As Intake.take."""
        if connection.vendor != "postgresql" or self._intake.is_spooling:
            return await self._take_slowly(events)
        self._number += 1
        self._is_written = False
        try:
            async with asyncio.timeout(BATCH_SECONDS):
                receipts = await self._record(events)
        except (psycopg2.Error, TimeoutError) as e:
            self._hang_up()
            logger.warning(
                "fast lane interrupted", extra={"action": "ping", "reason": type(e).__name__}
            )
            is_undecided = self._is_written and not _is_refusal(e)
            attempt = Attempt(self._journal, self._number) if is_undecided else None
            return await self._take_slowly(events, attempt)
        return await self._take_slowly(events) if receipts is None else receipts

    def run(self, work: Callable[[], object]) -> None:
        """Do something on the thread, which has a database connection of its own."""
        self._thread.submit(work).result()

    async def close(self) -> None:
        """Finish what is being done, and let go of thread and connection; it can be used again."""
        self._hang_up()
        thread, self._thread = self._thread, _thread()
        await asyncio.to_thread(thread.shutdown)

    async def _take_slowly(
        self, events: Sequence[PingEvent], attempt: Attempt | None = None
    ) -> list[Receipt]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._intake.take, events, attempt)

    async def _record(self, events: Sequence[PingEvent]) -> list[Receipt] | None:
        """As writer.record; None if the batch is not for this lane, and nothing was written."""
        wire = self._wire or await self._connect()
        resolved = await _resolve(wire, events)
        if resolved is None:
            return None
        codes = {r.code for r in resolved if r.code}
        batch = Batch(as_rows(await wire.fetch(*postgres.lock_call("BEGIN;", codes))))
        folded = fold(events, resolved, batch.rows)
        if folded.has_flips or not folded.checks:
            await wire.execute("ROLLBACK")
            return None if folded.has_flips else folded.receipts
        folded.fill(batch, {self._journal: self._number})
        self._is_written = True
        await wire.execute(*postgres.write_call(batch, timezone.now(), "COMMIT"))
        return folded.receipts

    async def _connect(self) -> Wire:
        self._wire = wire = await Wire.open()
        await wire.execute(f"SET TIME ZONE 'UTC'; SET lock_timeout = '5s'; {postgres.SET_UP}")
        # There from the start, so that who wants to know how far we got can wait for its lock.
        begun = Batch([], journal={self._journal: 0})
        await wire.execute(*postgres.write_call(begun, timezone.now(), ""))
        return wire

    def _hang_up(self) -> None:
        if self._wire:
            self._wire.close()
        self._wire = None


def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="pings")


async def _resolve(wire: Wire, events: Sequence[PingEvent]) -> list[Resolved] | None:
    """What the events are meant for; None if checks have to be made first."""
    addresses = slugs.addresses_of(events)
    found: dict[SlugAddress, Resolved] = {}
    if addresses:
        rows = await wire.fetch(*postgres.resolve_call(slugs.pairs(addresses)))
        found = slugs.existing(addresses, rows)
        if any(slugs.is_to_be_made(*pair) for pair in found.items()):
            return None
    return slugs.targets(events, found)


def _is_refusal(e: Exception) -> bool:
    """Whether the server said that it rolled the transaction back; else it may have committed."""
    code: str = getattr(e, "pgcode", None) or "08000"
    return not code.startswith(("08", "57"))


class Wire:
    """A PostgreSQL connection that is waited for by the event loop. Always in autocommit mode."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._loop = asyncio.get_running_loop()
        self._watched: int | None = None
        self._waiter: asyncio.Future[None] | None = None

    @classmethod
    async def open(cls) -> Wire:
        """Connect as Django would; raises psycopg2.Error."""
        wire = cls(psycopg2.connect(**connection.get_connection_params(), async_=True))
        try:
            await wire._wait()
        except BaseException:
            wire.close()
            raise
        return wire

    async def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Run statements; the cursor holds the result of the last one."""
        cursor = self._raw.cursor()
        cursor.execute(sql, values)
        await self._wait()
        return cursor

    async def fetch(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        cursor = await self.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def close(self) -> None:
        self._unwatch()
        self._raw.close()

    async def _wait(self) -> None:
        while (state := self._raw.poll()) != POLL_OK:
            descriptor = self._raw.fileno()
            self._waiter = self._loop.create_future()
            self._watch(descriptor)
            if state == POLL_WRITE:
                self._loop.add_writer(descriptor, self._wake)
            try:
                await self._waiter
            finally:
                self._waiter = None
                if state == POLL_WRITE:
                    self._loop.remove_writer(descriptor)

    def _watch(self, descriptor: int) -> None:
        """For what the server sends, from now on. While connecting, the socket may change."""
        if self._watched != descriptor:
            self._unwatch()
            self._loop.add_reader(descriptor, self._wake)
            self._watched = descriptor

    def _unwatch(self) -> None:
        if self._watched is not None:
            self._loop.remove_reader(self._watched)
            self._watched = None

    def _wake(self) -> None:
        if self._waiter is None:  # the server hangs up, which the next statement will notice
            self._unwatch()
        elif not self._waiter.done():
            self._waiter.set_result(None)
