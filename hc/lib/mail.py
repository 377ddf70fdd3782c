"""Outgoing mail: the one way in which this service sends a message.

Alternatives in text and HTML, a Message-ID at the sender's domain, and errors that say whether
another attempt makes sense. Blocking; callers in an event loop use `Mailer.send_async`.
"""

from __future__ import annotations

import asyncio
import logging
import smtplib
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from email.message import EmailMessage as Part
from email.utils import make_msgid, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils.crypto import salted_hmac

logger = logging.getLogger(__name__)

MAX_REPLY = 150


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

    `bounce_id` says whom a bounce concerns: `n.<notification>`, `r.<username>` or `bounces`.
    """

    to: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)
    bounce_id: str = "bounces"
    attachment: Part | None = None


class Mailer:
    """Sends through the configured server, some messages at once."""

    def __init__(self, threads: int = 8) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="mail")

    async def send_async(self, mail: Mail) -> None:
        """As `send`, without holding up the event loop."""
        await asyncio.get_running_loop().run_in_executor(self._pool, send, mail)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


_background = ThreadPoolExecutor(2, thread_name_prefix="account-mail")
_pending: set[Future[None]] = set()


def send_later(mail: Mail) -> None:
    """Hand a message over for sending outside the request; a failure is logged."""
    future = _background.submit(_send_logged, mail)
    _pending.add(future)
    future.add_done_callback(_pending.discard)


def flush() -> None:
    """Wait until all messages that were handed over are sent."""
    wait(list(_pending))


def _send_logged(mail: Mail) -> None:
    try:
        send(mail)
    except MailError as e:
        logger.error("mail not sent", extra={"action": "mail", "reason": str(e)})
    except Exception:
        logger.exception("mail not sent", extra={"action": "mail"})


def send(mail: Mail) -> None:
    """Hand one message to the mail server; raises MailError."""
    sender = settings.DEFAULT_FROM_EMAIL
    domain = parseaddr(sender)[1].rpartition("@")[2]
    message = EmailMultiAlternatives(
        one_line(mail.subject),
        mail.text,
        envelope_sender(mail.bounce_id),
        [mail.to],
        headers={"From": sender, "Message-ID": make_msgid(domain=domain), **mail.headers},
    )
    message.attach_alternative(mail.html, "text/html")
    if mail.attachment is not None:
        message.attach("last-ping.eml", mail.attachment.as_bytes(), "message/rfc822")
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as e:
        raise as_mail_error(e) from e


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
    digest = salted_hmac("hc.lib.mail.bounce", stamped, algorithm="sha256").hexdigest()
    return f"{stamped}.{digest[:16]}"


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
