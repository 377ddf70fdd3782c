"""The process `sendalerts`: sweep overdue checks, dispatch messages, beat, until told to stop.

An error of one step (the database restarts, say) is logged and the loop goes on: it never ends
by itself.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from datetime import datetime
from time import monotonic

from django.conf import settings
from django.utils import timezone
from django.utils.text import slugify

from hc import __version__
from hc.alerts import outbox, overdue
from hc.alerts.dispatcher import Dispatcher
from hc.alerts.store import DatabaseThread, OutboxStore
from hc.alerts.wakeup import Bell
from hc.api.services.heartbeats import Pulse
from hc.integrations.base import Wire
from hc.lib.http import HttpClient, Policy
from hc.lib.mail import Mailer

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
UPKEEP_SECONDS = 4.0
STOP_SECONDS = 8.0


class AlertLoop:
    def __init__(
        self,
        database: DatabaseThread,
        dispatcher: Dispatcher,
        bell: Bell,
        *,
        sweep: Callable[[datetime], int] = overdue.sweep,
    ) -> None:
        self._database = database
        self._dispatcher = dispatcher
        self._bell = bell
        self._take_down = sweep
        self._pulse = Pulse("sendalerts")
        self._stopping = False
        self._upkeep_at = 0.0

    def stop(self) -> None:
        self._stopping = True
        self._bell.ring()

    async def run(self) -> None:
        while not self._stopping:
            await self._step("upkeep", self._upkeep)
            await self._step("sweep", self._sweep)
            await self._step("dispatch", self._dispatcher.dispatch)
            if not self._stopping:
                await self._bell.wait(await self._pause())
        await self._dispatcher.close(STOP_SECONDS)
        await self._step("farewell", lambda: self._database(self._pulse.stop))

    async def _step(self, name: str, action: Callable[[], Awaitable[object]]) -> bool:
        try:
            await action()
        except Exception:
            logger.exception("step failed", extra={"action": name})
            return False
        return True

    async def _upkeep(self) -> None:
        """What is due every few seconds: heartbeat, leases, flips left open."""
        if monotonic() < self._upkeep_at:
            return
        self._upkeep_at = monotonic() + UPKEEP_SECONDS
        now = timezone.now()
        await self._database(self._pulse.beat, now)
        await self._dispatcher.renew()
        await self._database(outbox.close_finished_flips, now)

    async def _sweep(self) -> None:
        await self._database(self._take_down, timezone.now())

    async def _pause(self) -> float:
        """Seconds until the next deadline or due message, at most the polling interval."""
        moments: list[datetime] = []
        ok = await self._step("look ahead", lambda: self._look_ahead(moments))
        if not ok or not moments:
            return POLL_SECONDS
        seconds = (min(moments) - timezone.now()).total_seconds()
        return min(max(seconds, 0.01), POLL_SECONDS)

    async def _look_ahead(self, moments: list[datetime]) -> None:
        answers = [await self._database(overdue.next_look)]
        if not self._dispatcher.is_full:  # else the end of a sending rings the bell
            answers.append(await self._database(outbox.next_due, self._dispatcher.busy))
        moments.extend(moment for moment in answers if moment is not None)


def user_agent() -> str:
    return f"{slugify(settings.SITE_NAME) or 'healthchecks'}/{__version__}"


async def main() -> None:
    """Run until SIGTERM or SIGINT."""
    policy = Policy(
        user_agent=user_agent(),
        allow_private=settings.INTEGRATIONS_ALLOW_PRIVATE_IPS,
        ca_bundle=settings.CA_BUNDLE,
    )
    database, mailer = DatabaseThread(), Mailer()
    async with HttpClient(policy) as http, Bell() as bell:
        dispatcher = Dispatcher(
            OutboxStore(database),
            Wire(http=http, mail=mailer),
            clock=timezone.now,
            on_idle=bell.ring,
        )
        loop = AlertLoop(database, dispatcher, bell)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, loop.stop)
        logger.info("started", extra={"action": "sendalerts"})
        await loop.run()
    mailer.close()
    database.close()
    logger.info("stopped", extra={"action": "sendalerts"})
