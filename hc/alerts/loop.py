"""The process `sendalerts`: sweep overdue checks, dispatch messages, beat, until told to stop.

An error of one step (the database restarts, say) is logged and the loop goes on: it never ends
by itself. When it is told to stop it does so in time, though the database or a mail server hang:
a step that is cut off, or a message, is left to the next process when its lease has run out.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from time import monotonic

from django.conf import settings
from django.utils import timezone
from django.utils.text import slugify

from hc import __version__
from hc.alerts import guard, outbox, overdue, queueing
from hc.alerts.database import DatabaseThread
from hc.alerts.dispatcher import Dispatcher
from hc.alerts.overdue import Swept
from hc.alerts.store import MailStore, OutboxStore
from hc.alerts.wakeup import Bell
from hc.api.models import Notification, QueuedMail
from hc.api.services.heartbeats import Pulse
from hc.integrations.base import Wire
from hc.lib.http import HttpClient, Policy
from hc.lib.mail import Mailer

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
UPKEEP_SECONDS = 4.0
# A supervisor kills after ten seconds.
STOP_SECONDS = 6.5
LAST_STEP_SECONDS = 3.0
FAREWELL_SECONDS = 1.0
SWEEPS_AT_ONCE = 8

Engines = Sequence[Dispatcher[Notification] | Dispatcher[QueuedMail]]


class AlertLoop:
    def __init__(
        self,
        database: DatabaseThread,
        dispatchers: Engines,
        bell: Bell,
        *,
        sweep: Callable[[datetime], Swept] = guard.sweep,
    ) -> None:
        self._database = database
        self._dispatchers = dispatchers
        self._bell = bell
        self._take_down = sweep
        self._pulse = Pulse("sendalerts")
        self._stopping = asyncio.Event()
        self._upkeep_at = 0.0
        self._swept = Swept()

    def stop(self) -> None:
        self._stopping.set()
        self._bell.ring()

    async def run(self) -> None:
        """Work until `stop` is called."""
        working = asyncio.create_task(self._work())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        deadline = monotonic() + STOP_SECONDS
        await asyncio.wait([working], timeout=LAST_STEP_SECONDS)
        working.cancel()
        left = max(0.0, deadline - monotonic())
        await asyncio.gather(*(d.close(left) for d in self._dispatchers))
        await self._step("farewell", self._say_goodbye)
        with suppress(asyncio.CancelledError):
            await working

    async def _work(self) -> None:
        while not self._stopping.is_set():
            await self._step("upkeep", self._upkeep)
            await self._step("sweep", self._sweep)
            for dispatcher in self._dispatchers:
                await self._step("dispatch", dispatcher.dispatch)
            if self._swept.has_more:
                continue
            if not self._stopping.is_set():
                await self._bell.wait(await self._pause())

    async def _say_goodbye(self) -> None:
        async with asyncio.timeout(FAREWELL_SECONDS):
            await self._database(self._pulse.stop)

    async def _step(self, name: str, action: Callable[[], Awaitable[object]]) -> bool:
        try:
            await action()
        except Exception:
            logger.exception("step failed", extra={"action": name})
            return False
        return True

    async def _upkeep(self) -> None:
        """What is due every few seconds: heartbeat, leases, whatever was left behind."""
        if monotonic() < self._upkeep_at:
            return
        self._upkeep_at = monotonic() + UPKEEP_SECONDS
        now = timezone.now()
        await self._database(self._pulse.beat, now)
        for dispatcher in self._dispatchers:
            await dispatcher.renew()
            await dispatcher.expire()
        for chore in (outbox.close_finished_flips, queueing.summarise):
            await self._database(chore, now)

    async def _sweep(self) -> None:
        """A few batches at a time, so that neither a storm nor its messages wait for long."""
        self._swept = Swept()
        for _ in range(SWEEPS_AT_ONCE):
            self._swept = await self._database(self._take_down, timezone.now())
            if not self._swept.has_more:
                break

    async def _pause(self) -> float:
        """Seconds until the next deadline or due message, at most the polling interval."""
        moments: list[datetime] = []
        ok = await self._step("look ahead", lambda: self._look_ahead(moments))
        is_told = self._bell.is_connected and not self._swept.is_deaf
        longest = UPKEEP_SECONDS if is_told else POLL_SECONDS
        if not ok or not moments:
            return longest if ok else POLL_SECONDS
        seconds = (min(moments) - timezone.now()).total_seconds()
        return min(max(seconds, 0.01), longest)

    async def _look_ahead(self, moments: list[datetime]) -> None:
        answers = [await dispatcher.next_moment() for dispatcher in self._dispatchers]
        if not self._swept.is_deaf:
            answers.append(await self._database(overdue.next_look))
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
        wire = Wire(http=http, mail=mailer)
        outbox_, mails = OutboxStore(database, wire), MailStore(database, wire)
        dispatchers = (
            Dispatcher(outbox_, clock=timezone.now, on_idle=bell.ring),
            Dispatcher(mails, clock=timezone.now, on_idle=bell.ring),
        )
        loop = AlertLoop(database, dispatchers, bell)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, loop.stop)
        logger.info("started", extra={"action": "sendalerts"})
        await loop.run()
    mailer.close()
    database.close()
    logger.info("stopped", extra={"action": "sendalerts"})
