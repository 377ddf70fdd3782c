"""The SMTP protocol as we speak it: one conversation per connection, over aiosmtpd.

The library knows the protocol. What is ours: lines of any length, limits to what is held in
memory, no AUTH, a clean goodbye. What becomes of mails is up to hc/pings/maildoor.py.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import defaultdict
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from aiosmtpd.smtp import SMTP, Envelope, syntax

from hc.pings.event import SlugAddress

MAX_MESSAGE = 33_554_432
MAX_COMMAND = 2048
BUFFER = 65_536
_END = b"\r\n.\r\n"

TOO_LARGE = "552 Error: Too much mail data"
NO_ROOM = "452 4.3.1 Too many large mails at the moment"
SHUTTING_DOWN = "421 4.3.2 Shutting down"
FULL = "421 4.3.2 Too many connections"


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one process. `held`: bytes of mails that are not answered yet; `idle`: seconds for which
    a client may be silent."""

    connections: int = 500
    held: int = 256_000_000
    idle: float = 300.0


@dataclass(slots=True)
class House:
    """What the conversations of a process have in common."""

    name: str
    limits: Limits
    tls: ssl.SSLContext | None = None
    conversations: set[Conversation] = field(default_factory=set)
    is_closing: bool = False

    @property
    def is_full(self) -> bool:
        return len(self.conversations) >= self.limits.connections

    @property
    def has_room(self) -> bool:
        """Whether large mails may grow."""
        return sum(each.held for each in self.conversations) <= self.limits.held


class Mail(Envelope):
    """A mail that comes in. `targets`: the checks it is for, each once."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[UUID | SlugAddress] = []

    @property
    def sender(self) -> str:
        return self.mail_from or ""

    @property
    def raw(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else b""


class Conversation(SMTP):
    # Of a command; the library makes it the size of the buffer, too.
    line_length_limit = BUFFER

    def __init__(self, house: House, handler: object) -> None:
        self.house = house
        self.is_busy = False  # with a mail, from DATA to the answer
        self.held = 0
        # The library's is one for all connections, and each new one resets it.
        self.command_size_limits = defaultdict(lambda: MAX_COMMAND)
        super().__init__(
            handler,
            data_size_limit=MAX_MESSAGE,
            enable_SMTPUTF8=True,
            hostname=house.name,
            ident="ESMTP",
            tls_context=house.tls,
            timeout=house.limits.idle,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        house.conversations.add(self)

    @property
    def task(self) -> asyncio.Task[None] | None:
        return self._handler_coroutine

    @property
    def mail(self) -> Mail:
        return cast("Mail", self.envelope)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Once more when TLS begins."""
        super().connection_made(transport)
        if self.task:
            self.task.add_done_callback(self._end)

    def connection_lost(self, error: Exception | None) -> None:
        self.house.conversations.discard(self)
        super().connection_lost(error)

    def _end(self, task: asyncio.Task[None]) -> None:
        """Also of connections that broke while TLS was to begin, which nobody says are lost."""
        self.house.conversations.discard(self)
        if not task.cancelled():
            task.exception()  # connections break; nobody needs to know

    async def push(self, status: str | bytes) -> None:
        """Send a reply; some repeat what the client said, be it text or not."""
        reply = status.encode("utf-8", "surrogateescape") if isinstance(status, str) else status
        await super().push(reply)

    def leave(self) -> None:
        """Say goodbye, between two mails."""
        transport = self.transport or self._original_transport
        if isinstance(transport, asyncio.WriteTransport) and not transport.is_closing():
            transport.write(SHUTTING_DOWN.encode() + b"\r\n")
            transport.close()

    def abort(self) -> None:
        """Hang up."""
        transport = self._original_transport or self.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()

    @syntax("STARTTLS", when="tls_context")
    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802 - the library's name
        if self.session and self.session.ssl:
            await self.push("503 TLS is in use")
            return
        await super().smtp_STARTTLS(arg)
        if self._tls_protocol and not (self.session and self.session.ssl):
            raise ConnectionResetError

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        if await self.check_helo_needed():
            return
        if arg or not self.mail.targets:
            await self.push("501 Syntax: DATA" if arg else "503 Error: need RCPT command")
            return
        self.is_busy = True
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            await self.push(await self._take_mail())
        finally:
            self.is_busy, self.held = False, 0
            self.envelope = Mail()
        if self.house.is_closing:
            self.leave()

    async def _take_mail(self) -> str:
        """The answer to the mail that comes now."""
        data, size, noted = bytearray(_END[:2]), 0, 0
        refusal = ""
        while not data.endswith(_END):
            chunk = await self._chunk()
            data += chunk
            size += len(chunk)
            if not refusal and size - noted >= BUFFER:  # who trickles does not stay for ever
                noted, self.held = size, size
                self._reset_timeout()
                refusal = self._refusal(size)
            if refusal:
                self.held = 0
                del data[: -len(_END)]
            await asyncio.sleep(0)  # all that was read ahead must not keep others waiting
        if refusal := refusal or self._refusal(size):
            return refusal
        self.held = size
        self.mail.content = bytes(data.replace(b"\r\n.", b"\r\n")[2:-2])
        del data
        answer: str = await self._call_handler_hook("DATA")
        return answer

    def _refusal(self, size: int) -> str:
        if size > MAX_MESSAGE + len(_END[2:]):
            return TOO_LARGE
        return "" if self.house.has_room else NO_ROOM

    async def _chunk(self) -> bytes:
        """More of the mail, but not beyond its end. Lines may have any length."""
        try:
            return await self._reader.readuntil(_END[2:])
        except asyncio.LimitOverrunError as e:
            return await self._reader.readexactly(e.consumed)

    def _create_envelope(self) -> Mail:
        return Mail()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """An address, and the parameters behind it. Whatever a job calls itself, its mail counts.

        Called by the library: "" stands for nothing, None for nonsense, "<>" for no sender.
        """
        if not arg:
            return "", ""
        match = _ADDRESS.fullmatch(arg)
        if match is None:
            return None, None
        bracketed, bare, parameters = match.groups()
        return bare or bracketed or "<>", parameters


# With the route of former days (<@relay,@relay:address>), which does not interest us.
_ADDRESS = re.compile(r"(?:<(?:@[^<>\s:]*:)?(.*)>|([^<>\s]+))\s*([^<>]*)")


class Refusal(asyncio.Protocol):
    """For whom there is no room."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - for the types
        transport.write(FULL.encode() + b"\r\n")
        transport.close()
