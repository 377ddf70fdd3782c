"""Mails as they leave, to a real SMTP server on the loopback interface."""

from __future__ import annotations

import asyncio
import email
import email.policy
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytest_django import Settings

from hc.lib import mail
from hc.lib.mail import Mail, Mailer, MailError, as_mail_error
from tests.receivers import Mailbox, free_port, smtp_sink

MESSAGE = Mail("you@example.org", "Hello\r\nBcc: x", "text ü", "<p>html</p>")


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    with smtp_sink() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = "127.0.0.1"
        settings.EMAIL_PORT = running.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.DEFAULT_FROM_EMAIL = "Checks <checks@example.org>"
        yield running


def test_text_and_html_arrive_with_the_headers(mailbox: Mailbox) -> None:
    mail.send(MESSAGE)
    sender, recipients, content, _ = mailbox.messages[0]
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert (sender, recipients) == ("checks@example.org", ["you@example.org"])
    assert message["From"] == "Checks <checks@example.org>"
    assert message["Subject"] == "Hello Bcc: x"
    assert message["Message-ID"].endswith("@example.org>")
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "text ü"


def test_a_long_unsubscribe_link_leaves_as_it_is(mailbox: Mailbox) -> None:
    """Folded at white space at most: mailbox providers do not read encoded words here."""
    link = "<https://checks.example.org/integrations/" + "x" * 200 + ":1abc:def/>"
    mail.send(Mail("you@example.org", "s", "t", "h", {"List-Unsubscribe": link}))
    unfolded = mailbox.messages[0][2].decode().replace("\r\n ", " ")
    assert f"List-Unsubscribe: {link}" in unfolded.replace("  ", " ").splitlines()


def test_bounces_go_to_a_signed_address(mailbox: Mailbox, settings: Settings) -> None:
    settings.EMAIL_MAIL_FROM_TMPL = "%s@bounces.example.org"
    notification = "n.0d5a0d5a-0000-4000-8000-000000000001"
    mail.send(Mail("you@example.org", "s", "t", "h", bounce_id=notification))
    mail.send(MESSAGE)
    first, second = (message[0] for message in mailbox.messages)
    local = first.partition("@")[0]
    assert local.startswith(f"{notification}.")
    assert len(local) <= 64
    assert second == "bounces@bounces.example.org"


def test_an_attachment_travels_along(mailbox: Mailbox) -> None:
    attached = email.message_from_string("Subject: inner\n\nbody", policy=email.policy.SMTP)
    mail.send(Mail("you@example.org", "s", "t", "h", attachment=attached))
    message = email.message_from_bytes(mailbox.messages[0][2], policy=email.policy.default)
    (part,) = message.iter_attachments()
    assert (part.get_content_type(), part.get_filename()) == ("message/rfc822", "last-ping.eml")


def test_a_refused_recipient_is_a_dead_address(mailbox: Mailbox) -> None:
    mailbox.refuse = "550 5.1.1 No such user"
    with pytest.raises(MailError, match=r"Recipient refused: 550 5\.1\.1 No such user") as caught:
        mail.send(MESSAGE)
    assert (caught.value.dead, caught.value.permanent) == (True, True)


def test_a_recipient_put_off_may_be_tried_again(mailbox: Mailbox) -> None:
    mailbox.refuse = "451 4.7.1 Greylisted"
    with pytest.raises(MailError) as caught:
        mail.send(MESSAGE)
    assert (caught.value.dead, caught.value.permanent) == (False, False)


def test_no_server_is_a_passing_trouble(mailbox: Mailbox, settings: Settings) -> None:
    settings.EMAIL_PORT = 1
    with pytest.raises(MailError, match="refused or closed the connection") as caught:
        mail.send(MESSAGE)
    assert not caught.value.permanent


@pytest.mark.parametrize(
    ("error", "text", "permanent"),
    [
        (smtplib.SMTPAuthenticationError(535, b"secret user"), "refused our user name", False),
        (smtplib.SMTPDataError(554, b"spam"), "554 spam", True),
        (smtplib.SMTPDataError(451, "later"), "451 later", False),
        (smtplib.SMTPSenderRefused(550, b"who", "a"), "550 who", True),
        (TimeoutError(), "did not answer in time", False),
        (ssl.SSLError("x"), "TLS with the mail server failed", False),
        (smtplib.SMTPServerDisconnected(), "closed the connection", False),
        (OSError("x"), "cannot be reached", False),
    ],
)
def test_errors_become_words(error: Exception, text: str, permanent: bool) -> None:
    found = as_mail_error(error)
    assert text in str(found)
    assert "secret" not in str(found)
    assert found.permanent == permanent


def test_the_mailer_sends_beside_the_event_loop(mailbox: Mailbox) -> None:
    mailer = Mailer(threads=2)

    async def run() -> None:
        await asyncio.gather(*(mailer.send_async(MESSAGE) for _ in range(4)))

    asyncio.run(run())
    mailer.close()
    assert len(mailbox.messages) == 4


def test_connections_are_kept_for_a_while(mailbox: Mailbox) -> None:
    moments = [0.0]
    mailer = Mailer(threads=1, clock=lambda: moments[0])

    def send() -> None:
        asyncio.run(mailer.send_async(MESSAGE))

    send()
    send()
    moments[0] += mail.KEEP_SECONDS + 1
    send()
    mailer.close()
    assert len(mailbox.messages) == 3
    assert mailbox.connections == 2


def test_a_connection_that_the_server_has_closed_costs_no_message(mailbox: Mailbox) -> None:
    mailer = Mailer(threads=1)
    asyncio.run(mailer.send_async(MESSAGE))
    mailbox.hang_up()
    asyncio.run(mailer.send_async(MESSAGE))
    mailer.close()
    assert len(mailbox.messages) == 2


def test_a_message_keeps_its_id_over_all_attempts(mailbox: Mailbox) -> None:
    mail.send(replace(MESSAGE, message_id="abc"))
    assert b"Message-ID: <abc@" in mailbox.messages[0][2]


def test_a_server_that_cannot_be_reached_is_said_in_words(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    mailer = Mailer(threads=1)
    with pytest.raises(mail.MailError, match="refused or closed the connection"):
        asyncio.run(mailer.send_async(MESSAGE))
    mailer.close()
