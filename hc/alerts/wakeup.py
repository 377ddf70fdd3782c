"""Waking the alert loop: at once on PostgreSQL (LISTEN/NOTIFY), by polling elsewhere."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import psycopg2
from django.db import connection

from hc.lib.crew import Crew
from hc.lib.doorbell import TOPIC

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = 5.0


class Bell:
    """Rings when there is work to do, or when the time is up."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._connecting = Crew(1, "bell")
        # Whether everything that is queued rings; else one has to look.
        self.is_connected = False

    async def __aenter__(self) -> Self:
        if connection.vendor == "postgresql":
            self._listening = asyncio.create_task(self._listen_for_ever())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._listening:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        self._connecting.close()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Until the bell rings, `seconds` at most."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), seconds)
        self._rung.clear()

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                await self._listen()
            except psycopg2.Error as e:
                logger.warning("cannot listen, polling", extra={"reason": type(e).__name__})
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        """Ring at every message, until the connection breaks."""
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()
        listener = await loop.run_in_executor(self._connecting, _connect)
        # The number outlives the connection, which forgets it when it breaks.
        descriptor = listener.fileno()
        loop.add_reader(descriptor, arrived.set)
        self.ring()  # for what came while nobody listened
        self.is_connected = True
        try:
            while True:
                await arrived.wait()
                arrived.clear()
                listener.poll()
                if listener.notifies:
                    listener.notifies.clear()
                    self.ring()
        finally:
            self.is_connected = False
            loop.remove_reader(descriptor)
            listener.close()


def _connect() -> Any:
    listener = psycopg2.connect(**connection.get_connection_params())
    listener.autocommit = True
    with listener.cursor() as cursor:
        cursor.execute(f"LISTEN {TOPIC}")
    return listener
