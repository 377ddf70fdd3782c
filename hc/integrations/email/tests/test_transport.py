from __future__ import annotations

import asyncio
import email
from dataclasses import replace
from email.message import EmailMessage

import pytest

from hc.core.schedule import Cron
from hc.core.state import Reason
from hc.integrations.base import Alert, Outcome, ProjectSummary, Result
from hc.integrations.email.config import EmailConfig
from hc.integrations.email.transport import compose, send
from hc.lib.mail import MailError
from tests.alerts import CHECK, DOWN, PING, UP, FakeMailer, named, wire, with_body

CONFIG = EmailConfig(value="ops@example.org")


def deliver(alert: Alert, mailer: FakeMailer) -> Outcome:
    return asyncio.run(send(alert, CONFIG, wire(mail=mailer)))


def parts(alert: Alert) -> tuple[str, str]:
    mail = compose(alert, CONFIG)
    return mail.text, mail.html


def test_the_mail_is_sent_once_to_the_address() -> None:
    mailer = FakeMailer()
    assert deliver(DOWN, mailer).result is Result.DELIVERED
    (mail,) = mailer.mails
    assert (mail.to, mail.subject) == ("ops@example.org", "DOWN | Nightly backup")
    assert compose(UP, CONFIG).subject == "UP | Nightly backup"


def test_an_address_that_was_not_confirmed_gets_nothing() -> None:
    mailer = FakeMailer()
    outcome = deliver(replace(DOWN, verified=False), mailer)
    assert (outcome, mailer.mails) == (Outcome(Result.FAILED, "Email not verified"), [])


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (MailError("busy"), Result.RETRY),
        (MailError("spam", permanent=True), Result.FAILED),
        (MailError("unknown", dead=True), Result.DEAD),
    ],
)
def test_errors_of_the_mail_server_become_outcomes(error: MailError, result: Result) -> None:
    assert deliver(DOWN, FakeMailer(error)) == Outcome(result, str(error))


def test_headers_for_mail_programs() -> None:
    mail = compose(DOWN, CONFIG)
    assert mail.headers["List-Unsubscribe"] == f"<{DOWN.unsubscribe_url}>"
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.headers["Auto-Submitted"] == "auto-generated"
    assert mail.headers["References"] == f"<check.{'a' * 40}@checks.example.org>"
    assert mail.bounce_id == f"n.{DOWN.id}"


@pytest.mark.parametrize(
    ("alert", "sentence"),
    [
        (DOWN, "The job sent a failure signal."),
        (replace(DOWN, reason=Reason.TIMEOUT), "No success signal came in time"),
        (replace(DOWN, reason=Reason.NONE), "The check went down."),
        (UP, "The check is up again after 1 hour, 2 minutes."),
        (replace(UP, downtime=None), "The check is up again."),
    ],
)
def test_both_parts_say_what_happened(alert: Alert, sentence: str) -> None:
    text, html = parts(alert)
    assert sentence in text
    assert sentence in html


@pytest.mark.parametrize(
    "fact",
    [
        "Nightly backup",
        "Production",
        "db prod",
        "every day",
        "1 hour",
        "See run book.",
        "42 since 16 May 2026",
        "Exit status 3, 5 min before from 10.0.0.7",
        "Mon, 15 Jun 2026 15:00:30 +0300",
        DOWN.link,
        DOWN.unsubscribe_url,
    ],
)
def test_both_parts_give_the_facts(fact: str) -> None:
    text, html = parts(DOWN)
    assert fact in text
    assert fact in html


def test_a_cron_schedule_is_given_with_its_zone() -> None:
    alert = replace(DOWN, check=replace(CHECK, schedule=Cron("0 3 * * *", "Asia/Tokyo")))
    text, _ = parts(alert)
    assert "Schedule: 0 3 * * *" in text
    assert "Time zone: Asia/Tokyo" in text


def test_without_a_ping_it_says_never() -> None:
    assert "Last ping: Never" in parts(replace(DOWN, last_ping=None))[0]


def test_names_are_plain_in_text_and_escaped_in_html() -> None:
    name = 'A <b>&"q" *s*'
    text, html = parts(named(DOWN, name, desc="<script>alert(1)</script>"))
    assert name in text
    assert "A &lt;b&gt;&amp;&quot;q&quot; *s*" in html
    assert "<script>" not in html


def test_a_line_break_in_a_name_cannot_break_the_subject() -> None:
    assert compose(named(DOWN, "a\r\nBcc: x"), CONFIG).subject == "DOWN | a Bcc: x"


def test_the_body_of_the_last_ping_is_quoted() -> None:
    text, html = parts(with_body(DOWN, b"disk <full>\n\xff"))
    assert "disk <full>" in text
    assert "disk &lt;full&gt;" in html


def test_a_long_body_is_cut_to_its_end_with_a_link_to_the_rest() -> None:
    text, html = parts(with_body(DOWN, b"first" + b"x" * 10_000 + b"last"))
    assert "first" not in text
    assert "last" in text
    assert f"{DOWN.link}#ping-42" in text
    assert f"{DOWN.link}#ping-42" in html
    assert max(len(line) for line in text.splitlines()) < 200


def test_the_projects_of_the_reader_are_listed() -> None:
    projects = (
        ProjectSummary("Billing", 2, "https://x/1"),
        ProjectSummary("Web", 0, "https://x/2"),
    )
    alert = replace(DOWN, reader=replace(DOWN.reader, projects=projects))
    text, html = parts(alert)
    assert "- Billing: 2 down" in text
    assert "- Web: all up" in text
    assert "https://x/1" in html


MAIL_PING = b"""From: cron@example.org\r
Subject: =?utf-8?q?Backup_=C3=BCber?=\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain; charset=no-such-charset\r
\r
line\r
--b\r
Content-Type: message/rfc822\r
\r
Subject: nested\r
\r
secret\r
--b--\r
"""


def test_a_ping_by_mail_is_attached_without_nested_messages() -> None:
    alert = with_body(DOWN, MAIL_PING, scheme="email")
    mail = compose(alert, CONFIG)
    assert "Its subject: Backup über" in mail.text
    assert "secret" not in mail.text
    assert isinstance(mail.attachment, EmailMessage)
    again = email.message_from_bytes(mail.attachment.as_bytes())
    assert [p.get_content_type() for p in again.walk()] == ["multipart/mixed", "text/plain"]
    assert all(len(line) <= 998 for line in mail.attachment.as_bytes().splitlines())


def test_broken_mime_is_attached_as_far_as_it_can_be_read() -> None:
    alert = with_body(DOWN, b"Content-Type: multipart/mixed\r\n\r\n\xff\xff", scheme="email")
    assert compose(alert, CONFIG).attachment is not None


@pytest.mark.parametrize(
    ("value", "up", "down", "details"),
    [
        ("ops@example.org", True, True, ""),
        ('{"value": "ops@example.org", "up": false, "down": true}', False, True, "down only"),
        ('{"value": "ops@example.org", "up": true, "down": false}', True, False, "up only"),
    ],
)
def test_stored_values_load(value: str, up: bool, down: bool, details: str) -> None:
    config = EmailConfig.load(value)
    assert (config.address, config.wants("up"), config.wants("down")) == (
        "ops@example.org",
        up,
        down,
    )
    assert (config.title(), config.details(), config.reader_address()) == (
        "ops@example.org",
        details,
        "ops@example.org",
    )
    assert EmailConfig.load(config.dump()) == config


def test_a_body_that_could_not_be_read_in_time_is_pointed_to() -> None:
    alert = replace(DOWN, last_ping=replace(PING, unread=12_345))
    for part in parts(alert):
        assert "a body of 12,345 bytes, which could not be read in time" in part
        assert f"{DOWN.link}#ping-42" in part
    assert all("could not be read" not in part for part in parts(with_body(DOWN, b"text")))
