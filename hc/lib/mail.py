"""Outgoing mail: the one way in which this service sends a message.

Alternatives in text and HTML, a Message-ID at the sender's domain, and errors that say whether
another attempt makes sense. Blocking; callers in an event loop use `Mailer.send_async`.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage as Part
from email.utils import make_msgid, parseaddr
from time import monotonic

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.crypto import constant_time_compare, salted_hmac

from hc.lib.crew import Crew

MAX_REPLY = 150
BOUNCE_LIFETIME = timedelta(hours=48)
KEEP_SECONDS = 20.0
CLOSE_SECONDS = 0.5


class MailError(Exception):
    """The message was not taken; the text says why.

    `permanent`: no other attempt will succeed. `dead`: the address itself was refused.
    """

    def __init__(self, message: str, *, permanent: bool = False, dead: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent or dead
        self.dead = dead


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to one address.

    `bounce_id` says whom a bounce concerns: `n.<notification>`, `r.<username>` (reports), `i.` or
    `d.<username>` (notices of closing), or `bounces`.
    `message_id` is the same for all attempts to send it; empty for one of its own.
    """

    to: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)
    bounce_id: str = "bounces"
    attachment: Part | None = None
    message_id: str = ""


class Mailer:
    """Sends through the configured server, some messages at once, over connections that are kept
    while there is something to do."""

    def __init__(self, threads: int = 8, *, clock: Callable[[], float] = monotonic) -> None:
        self._pool = Crew(threads, "mail")
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: list[tuple[BaseEmailBackend, float]] = []
        self._is_closed = False

    async def send_async(self, mail: Mail) -> None:
        """As `send`, without holding up the event loop."""
        await asyncio.get_running_loop().run_in_executor(self._pool, self._send, mail)

    def close(self) -> None:
        """Take no more mails, and hang up, as far as the server lets us do so at once."""
        with self._lock:
            self._is_closed = True
            kept, self._kept = self._kept, []
        for connection, _ in kept:
            self._pool.submit(_hang_up, connection)
        self._pool.close(CLOSE_SECONDS)

    def _send(self, mail: Mail) -> None:
        kept = self._take()
        if kept:
            try:
                return self._send_over(kept, mail)
            except MailError as e:
                # The server may have closed a connection that was kept.
                if not isinstance(e.__cause__, smtplib.SMTPServerDisconnected):
                    raise
        return self._send_over(_connect(), mail)

    def _send_over(self, connection: BaseEmailBackend, mail: Mail) -> None:
        try:
            send(mail, connection)
        except BaseException:
            _hang_up(connection)
            raise
        with self._lock:
            is_kept = not self._is_closed
            if is_kept:
                self._kept.append((connection, self._clock()))
        if not is_kept:
            _hang_up(connection)

    def _take(self) -> BaseEmailBackend | None:
        """A connection that was used a short time ago; the others are closed."""
        with self._lock:
            oldest = self._clock() - KEEP_SECONDS
            stale = [connection for connection, used in self._kept if used < oldest]
            self._kept = [(connection, used) for connection, used in self._kept if used >= oldest]
            taken = self._kept.pop()[0] if self._kept else None
        for connection in stale:
            _hang_up(connection)
        return taken


def _connect() -> BaseEmailBackend:
    connection: BaseEmailBackend = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as e:
        raise as_mail_error(e) from e
    return connection


def _hang_up(connection: BaseEmailBackend) -> None:
    with suppress(OSError, smtplib.SMTPException):
        connection.close()


def send(mail: Mail, connection: BaseEmailBackend | None = None) -> None:
    """Hand one message to the mail server, over an open connection if there is one; raises
    MailError."""
    sender = settings.DEFAULT_FROM_EMAIL
    domain = parseaddr(sender)[1].rpartition("@")[2]
    message = EmailMultiAlternatives(
        one_line(mail.subject),
        mail.text,
        envelope_sender(mail.bounce_id),
        [mail.to],
        connection=connection,
        headers={"From": sender, "Message-ID": _message_id(mail, domain), **mail.headers},
    )
    message.attach_alternative(mail.html, "text/html")
    if mail.attachment is not None:
        message.attach("last-ping.eml", mail.attachment.as_bytes(), "message/rfc822")
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as e:
        raise as_mail_error(e) from e


def _message_id(mail: Mail, domain: str) -> str:
    return f"<{mail.message_id}@{domain}>" if mail.message_id else make_msgid(domain=domain)


def one_line(text: str) -> str:
    return " ".join(text.split())


def envelope_sender(bounce_id: str) -> str:
    """The address for bounces: EMAIL_MAIL_FROM_TMPL with a signed id, or the plain sender.

    The signed id has at most 64 characters, the limit of a local part.
    """
    template = settings.EMAIL_MAIL_FROM_TMPL
    if not template:
        return str(settings.DEFAULT_FROM_EMAIL)
    return str(template % (sign_bounce_id(bounce_id) if "." in bounce_id else bounce_id))


def sign_bounce_id(bounce_id: str) -> str:
    """<id>.<unix time in hex>.<16 hex digits of a keyed hash>. Source: core 3.5."""
    stamped = f"{bounce_id}.{int(time.time()):x}"
    return f"{stamped}.{_bounce_digest(stamped, settings.SECRET_KEY)}"


def read_bounce_id(text: str, now: datetime) -> str | None:
    """The id that was signed; None if the signature is wrong, or older than two days."""
    stamped, _, signature = text.rpartition(".")
    bounce_id, _, stamp = stamped.rpartition(".")
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(constant_time_compare(signature, _bounce_digest(stamped, key)) for key in keys):
        return None
    age = now - datetime.fromtimestamp(int(stamp, 16), UTC)
    return bounce_id if age <= BOUNCE_LIFETIME else None


def _bounce_digest(stamped: str, key: str) -> str:
    digest = salted_hmac("hc.lib.mail.bounce", stamped, secret=key, algorithm="sha256")
    return digest.hexdigest()[:16]


def as_mail_error(error: Exception) -> MailError:
    """What an exception of the SMTP conversation means for the message."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reply = next(iter(error.recipients.values()), (0, b""))
        return MailError(f"Recipient refused: {_reply(code, reply)}", dead=500 <= code < 600)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return MailError("The mail server refused our user name or password")
    if isinstance(error, smtplib.SMTPResponseException):
        text = f"Mail server refused the message: {_reply(error.smtp_code, error.smtp_error)}"
        return MailError(text, permanent=500 <= error.smtp_code < 600)
    for kinds, text in _TROUBLE:
        if isinstance(error, kinds):
            return MailError(text)
    return MailError(f"The mail server cannot be reached ({type(error).__name__})")


_TROUBLE = (
    ((TimeoutError,), "The mail server did not answer in time"),
    ((ssl.SSLError,), "TLS with the mail server failed"),
    (
        (ConnectionError, smtplib.SMTPServerDisconnected),
        "The mail server refused or closed the connection",
    ),
)


def _reply(code: int, reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return one_line(f"{code} {text}")[:MAX_REPLY]
