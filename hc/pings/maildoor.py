"""The door for pings by mail: a process that takes mails by SMTP and hands them in as pings.

A mail is answered 250 when all its pings are safe; every trouble of ours is answered 4xx, so that
it comes again.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import signal
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from uuid import UUID

from aiosmtpd.smtp import SMTP, Session, TLSSetupException
from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from hc.alerts.database import DatabaseThread
from hc.api.models import Check
from hc.api.services.heartbeats import Pulse
from hc.lib.addresses import parse_address
from hc.pings import http, mail, slugs, sql
from hc.pings.batcher import Batcher
from hc.pings.event import UA_LENGTH, Overloaded, PingEvent, Receipt, SlugAddress
from hc.pings.intake import Intake, intake
from hc.pings.lane import Lane
from hc.pings.smtp import Conversation, House, Limits, Mail, Refusal

logger = logging.getLogger(__name__)

RECIPIENTS = 100
PARSERS = 2
BACKLOG = 512
LOOKUP_SECONDS = 5.0
BEAT_SECONDS = 5.0
STOP_SECONDS = 7.0
_M_MMAP_THRESHOLD = -3  # malloc.h

OK = "250 OK"
FOREIGN = "550 5.1.1 Recipient rejected"
INVALID = "550 5.1.1 Invalid mailbox"
UNKNOWN = "550 5.1.1 Unknown mailbox"
TOO_MANY = "452 4.5.3 Too many recipients"
LATER = "451 4.3.0 Try again later"


class Door:
    """What the protocol asks: is there such a recipient, and what becomes of a mail."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._lane = Lane(intake)
        self._batcher = Batcher(self._lane.take)
        self._database = DatabaseThread()
        self._parsers = ThreadPoolExecutor(PARSERS, thread_name_prefix="mail")
        self._pulse = Pulse("smtpd")

    async def handle_EHLO(  # noqa: N802 - the library's
        self, _: SMTP, session: Session, envelope: Mail, hostname: str, replies: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [reply for reply in replies if not reply.startswith("250-AUTH")]

    async def handle_RCPT(  # noqa: N802 - the library's
        self, _: SMTP, session: Session, envelope: Mail, address: str, options: list[str]
    ) -> str:
        mailbox = mail.mailbox(address, settings.PING_EMAIL_DOMAIN)
        if mailbox is None:
            return FOREIGN
        target = mail.target_of(mailbox)
        if target is None:
            return INVALID
        if target in envelope.targets:
            return OK
        if len(envelope.targets) >= RECIPIENTS:
            return TOO_MANY
        if not await self._may_exist(target):
            return UNKNOWN
        envelope.rcpt_tos.append(address)
        envelope.targets.append(target)
        return OK

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Mail) -> str:  # noqa: N802
        received = timezone.now()
        loop = asyncio.get_running_loop()
        text = await loop.run_in_executor(self._parsers, mail.text_of, envelope.raw)
        events = [
            PingEvent(
                target,
                received,
                scheme="email",
                remote_addr=_address(session.peer),
                ua=_ua(envelope.sender),
                body=http.cut(envelope.raw),
                mail=text,
            )
            for target in envelope.targets
        ]
        return await self._hand_in(events)

    async def handle_exception(self, error: Exception) -> str:
        """Anything that went wrong with a command."""
        if not isinstance(error, TLSSetupException | EOFError):
            logger.error("command failed", exc_info=error, extra={"action": "mail"})
        return LATER

    async def close(self) -> None:
        """Once no more mails come: what was handed in gets written."""
        await self._batcher.drain()
        await asyncio.to_thread(self._lane.run, _disconnect)
        await self._lane.close()
        await asyncio.to_thread(self._intake.stop)
        await self._guarded(self._pulse.stop)
        await self._database(_disconnect)
        self._database.close()
        self._parsers.shutdown(wait=False, cancel_futures=True)

    async def beat(self) -> None:
        while True:
            since = self._intake.spooling_since
            await self._guarded(partial(self._pulse.beat, timezone.now(), spooling_since=since))
            await asyncio.sleep(BEAT_SECONDS)

    async def _guarded(self, work: Callable[[], None]) -> None:
        try:
            await self._database(work)
        except Error as e:
            logger.warning("no heartbeat", extra={"reason": type(e).__name__})

    async def _may_exist(self, target: UUID | SlugAddress) -> bool:
        """Whether there is such a check; while the database cannot tell, whether there may be."""
        if self._intake.is_spooling:
            return True
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                return await self._database(_exists, target)
        except (Error, TimeoutError) as e:
            extra = {"action": "mail", "reason": type(e).__name__}
            logger.warning("recipient not looked up", extra=extra)
            return True

    async def _hand_in(self, events: Sequence[PingEvent]) -> str:
        """The answer to a mail that is these pings. They go into one batch, if there is room."""
        try:
            outcomes = await self._batcher.submit_all(events)
        except Overloaded:
            return LATER
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                logger.error("mail could not be stored", exc_info=outcome, extra={"action": "mail"})
                break
        if any(isinstance(o, BaseException) or o is Receipt.REFUSED for o in outcomes):
            return LATER
        lost = outcomes.count(Receipt.NOT_FOUND) + outcomes.count(Receipt.AMBIGUOUS)
        if lost:
            logger.info("mail for no check or for several", extra={"action": "mail", "count": lost})
        return OK


class MailServer:
    """Listens from `start` to `stop`."""

    def __init__(
        self, intake: Intake, *, tls: ssl.SSLContext | None = None, limits: Limits | None = None
    ) -> None:
        self._door = Door(intake)
        self._house = House(settings.PING_EMAIL_DOMAIN, limits or Limits(), tls)

    async def start(self, host: str, port: int) -> None:
        """Raises OSError if the port is not to be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, host, port, backlog=BACKLOG)
        self._beats = asyncio.create_task(self._door.beat())

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Answer the mails that are coming in at the moment, if they do not take too long."""
        self._server.close()
        self._beats.cancel()
        self._house.is_closing = True
        open_ = list(self._house.conversations)
        for conversation in open_:
            if not conversation.is_busy:
                conversation.leave()
        tasks = [conversation.task for conversation in open_ if conversation.task]
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for conversation in list(self._house.conversations):
            conversation.abort()
        await self._door.close()

    def _protocol(self) -> asyncio.Protocol:
        if self._house.is_full:
            return Refusal()
        return Conversation(self._house, self._door)


async def main(host: str, port: int, tls: ssl.SSLContext | None) -> None:
    """Run until SIGTERM or SIGINT. Raises OSError if the port is not to be had."""
    _give_memory_back()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    server = MailServer(intake(), tls=tls)
    intake().start()
    await server.start(host, port)
    logger.info("started", extra={"action": "smtpd", "port": server.port})
    await stopping.wait()
    await server.stop()
    logger.info("stopped", extra={"action": "smtpd"})


def _give_memory_back() -> None:
    """Of large mails, at once: glibc would keep it for more of them, 100 MB and more."""
    with suppress(AttributeError, OSError):  # where it is another library
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 1_000_000)


def _disconnect() -> None:
    """Of the thread this runs on."""
    connection.close()


def _exists(target: UUID | SlugAddress) -> bool:
    if isinstance(target, UUID):
        return Check.objects.filter(code=target).exists()
    rows = sql.resolve([(target.ping_key, target.slug)])
    return slugs.existing([target], rows)[target].receipt is not Receipt.NOT_FOUND


def _address(peer: object) -> str | None:
    address = parse_address(str(peer[0])) if isinstance(peer, tuple) else None
    return str(address) if address else None


def _ua(sender: str) -> str:
    """Clients may send bytes that are no text."""
    text = sender.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return f"Email from {text}".replace("\0", "")[:UA_LENGTH]
