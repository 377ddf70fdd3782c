"""Waking the alert loop: at once on PostgreSQL (LISTEN/NOTIFY), by polling elsewhere."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from django.db import Error, connection

logger = logging.getLogger(__name__)

TOPIC = "hc_alerts"
RECONNECT_SECONDS = 5.0


def notify() -> None:
    """Tell the alert loops, with the commit of the current transaction, that there is work."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {TOPIC}")


class Bell:
    """Rings when there is work to do, or when the time is up."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self._listener: Any = None
        self._reconnecting: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._reconnecting:
            self._reconnecting.cancel()
        self._hang_up()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Until the bell rings, `seconds` at most."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), seconds)
        self._rung.clear()

    def _listen(self) -> None:
        self._reconnecting = None
        if connection.vendor != "postgresql":
            return
        try:
            self._listener = connection.get_new_connection(connection.get_connection_params())
            self._listener.autocommit = True
            with self._listener.cursor() as cursor:
                cursor.execute(f"LISTEN {TOPIC}")
        except Error as e:
            logger.warning("cannot listen, polling", extra={"reason": type(e).__name__})
            self._try_again_later()
            return
        asyncio.get_running_loop().add_reader(self._listener.fileno(), self._on_message)

    def _on_message(self) -> None:
        try:
            self._listener.poll()
        except Exception as e:  # noqa: BLE001 - the driver's own errors, not wrapped by Django
            logger.warning("stopped listening, polling", extra={"reason": type(e).__name__})
            self._try_again_later()
            return
        self._listener.notifies.clear()
        self.ring()

    def _try_again_later(self) -> None:
        self._hang_up()
        loop = asyncio.get_running_loop()
        self._reconnecting = loop.call_later(RECONNECT_SECONDS, self._listen)

    def _hang_up(self) -> None:
        if self._listener is None:
            return
        if not self._listener.closed:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
        self._listener.close()
        self._listener = None
