"""The life of a web process: it listens, and says so, from its start to its end."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from hc.api.services import listening
from hc.api.services.heartbeats import Pulse
from hc.lib import metrics
from hc.lib.connections import refresh
from hc.pings.asgi import Receive, Send, batcher, lane
from hc.pings.intake import Intake, intake

logger = logging.getLogger(__name__)


class Ears:
    """Says every few seconds that this process takes pings, and that all it took is stored."""

    def __init__(self, intake: Intake, now: datetime) -> None:
        self._intake = intake
        self._pulse = Pulse("web")
        self._since = self._heard = now
        self._failed: datetime | None = None

    def hear(self, now: datetime) -> None:
        """To be called every few seconds, whatever the database does. Where that was not done for
        a while this process was frozen (with its machine, or by a signal), and heard nothing."""
        if now - self._heard > listening.LATE:
            self._since = now
        self._heard = now

    def beat(self, now: datetime) -> None:
        """A database that is away is no reason to stop."""
        self.hear(now)
        refresh()
        try:
            self._tell(now)
        except (DatabaseError, InterfaceError) as e:
            self._failed = now
            logger.warning("no heartbeat", extra={"reason": type(e).__name__})

    def _tell(self, now: datetime) -> None:
        # Another thread may know already that we were frozen after `now`; the next beat tells.
        since = min(self._since, now)
        metrics.SPOOL.set(self._intake.waiting)
        spooling, refused = self._intake.spooling_since, self._intake.refused
        holding = [moment for moment in (spooling, refused and refused.started) if moment]
        self._pulse.beat(now, since=since, spooling_since=min(holding, default=None))
        # Other processes have lost the database at the same time: let them speak first.
        is_back = self._failed is None or now - self._failed > listening.RECONNECT
        is_refusing = refused is not None and now - refused.ended <= listening.LATE
        if spooling or self._intake.waiting or is_refusing or not is_back:
            return
        if listening.advance(now, since, refused) and refused:
            self._intake.forget_refused(refused)

    def stop(self) -> None:
        refresh()
        try:
            self._pulse.stop()
        except (DatabaseError, InterfaceError) as e:
            logger.warning("no farewell", extra={"reason": type(e).__name__})


def _part(ears: Ears) -> None:
    """The last that happens on its thread."""
    ears.stop()
    connection.close()


def listen_on_a_thread() -> None:
    """For servers that have no lifespan, such as that of the development."""

    def repeat(what: Callable[[datetime], None]) -> None:
        while True:
            what(timezone.now())
            time.sleep(listening.BEAT_SECONDS)

    ears = Ears(intake(), timezone.now())
    for what in (ears.hear, ears.beat):
        threading.Thread(target=repeat, args=(what,), name="ears", daemon=True).start()


async def lifespan(receive: Receive, send: Send) -> None:
    """The ASGI lifespan protocol."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="ears")
    loop = asyncio.get_running_loop()
    await receive()  # lifespan.startup
    # What was loaded stays: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    await loop.run_in_executor(pool, _start_intake)
    ears = Ears(intake(), timezone.now())
    tasks = [asyncio.create_task(_hear(ears)), asyncio.create_task(_beat(ears, pool))]
    await send({"type": "lifespan.startup.complete"})
    await receive()  # lifespan.shutdown
    for task in tasks:
        task.cancel()
    await batcher.drain()
    await lane.close()
    await asyncio.to_thread(intake().stop)
    await loop.run_in_executor(pool, _part, ears)
    pool.shutdown(wait=False)
    await send({"type": "lifespan.shutdown.complete"})


def _start_intake() -> None:
    """Take over what former processes left on the disk."""
    refresh()
    intake().start()


async def _hear(ears: Ears) -> None:
    """On the loop that takes the pings, and beside the beats, which a database may hold up."""
    while True:
        ears.hear(timezone.now())
        await asyncio.sleep(listening.BEAT_SECONDS)


async def _beat(ears: Ears, pool: ThreadPoolExecutor) -> None:
    while True:
        await asyncio.get_running_loop().run_in_executor(pool, ears.beat, timezone.now())
        await asyncio.sleep(listening.BEAT_SECONDS)
