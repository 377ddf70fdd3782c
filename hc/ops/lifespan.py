"""The life of a web process: it beats from its start to its end."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from hc.api.services.heartbeats import Pulse
from hc.pings.asgi import Receive, Send, batcher, lane
from hc.pings.intake import intake

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0


async def lifespan(receive: Receive, send: Send) -> None:
    """The ASGI lifespan protocol."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="heartbeat")
    pulse = Pulse("web")
    await receive()  # lifespan.startup
    # What was loaded stays: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    await _on_thread(pool, intake().start)
    beats = asyncio.create_task(_beat(pulse, pool))
    await send({"type": "lifespan.startup.complete"})
    await receive()  # lifespan.shutdown
    beats.cancel()
    await batcher.drain()
    await lane.close()
    await asyncio.to_thread(intake().stop)
    await _on_thread(pool, pulse.stop)
    pool.shutdown(wait=False)
    await send({"type": "lifespan.shutdown.complete"})


async def _beat(pulse: Pulse, pool: ThreadPoolExecutor) -> None:
    while True:
        await _on_thread(pool, lambda: pulse.beat(timezone.now()))
        await asyncio.sleep(BEAT_SECONDS)


async def _on_thread(pool: ThreadPoolExecutor, work: Callable[[], None]) -> None:
    """Database work; a database that is away is no reason to stop."""

    def guarded() -> None:
        close_old_connections()
        try:
            work()
        except DatabaseError as e:
            logger.warning("no heartbeat", extra={"reason": type(e).__name__})

    await asyncio.get_running_loop().run_in_executor(pool, guarded)
