"""The life of a web process: it listens, and says so, from its start to its end."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from django.db import DatabaseError, InterfaceError
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
        self._since = now
        self._failed: datetime | None = None

    def beat(self, now: datetime) -> None:
        """A database that is away is no reason to stop."""
        refresh()
        try:
            since = self._intake.spooling_since
            metrics.SPOOL.set(self._intake.waiting)
            self._pulse.beat(now, spooling_since=since)
            # Other processes have lost the database at the same time: let them speak first.
            is_back = self._failed is None or now - self._failed > listening.RECONNECT
            if since is None and is_back and not self._intake.waiting:
                listening.advance(now, self._since)
        except (DatabaseError, InterfaceError) as e:
            self._failed = now
            logger.warning("no heartbeat", extra={"reason": type(e).__name__})

    def stop(self) -> None:
        refresh()
        try:
            self._pulse.stop()
        except (DatabaseError, InterfaceError) as e:
            logger.warning("no farewell", extra={"reason": type(e).__name__})


def listen_on_a_thread() -> None:
    """For servers that have no lifespan, such as that of the development."""

    def listen() -> None:
        ears = Ears(intake(), timezone.now())
        while True:
            ears.beat(timezone.now())
            time.sleep(listening.BEAT_SECONDS)

    threading.Thread(target=listen, name="ears", daemon=True).start()


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
    beats = asyncio.create_task(_beat(ears, pool))
    await send({"type": "lifespan.startup.complete"})
    await receive()  # lifespan.shutdown
    beats.cancel()
    await batcher.drain()
    await lane.close()
    await asyncio.to_thread(intake().stop)
    await loop.run_in_executor(pool, ears.stop)
    pool.shutdown(wait=False)
    await send({"type": "lifespan.shutdown.complete"})


def _start_intake() -> None:
    """Take over what former processes left on the disk."""
    refresh()
    intake().start()


async def _beat(ears: Ears, pool: ThreadPoolExecutor) -> None:
    while True:
        await asyncio.get_running_loop().run_in_executor(pool, ears.beat, timezone.now())
        await asyncio.sleep(listening.BEAT_SECONDS)
