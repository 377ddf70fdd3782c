from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic
from uuid import uuid4

import pytest
import time_machine
from pytest_django import Settings

from hc.accounts.models import Profile, Project, User
from hc.accounts.services import closing
from hc.alerts.bounces import MAX_BYTES, receive
from hc.api.models import Channel, Check, Notification, QueuedMail
from hc.api.services import mails
from hc.lib.mail import Mail, sign_bounce_id
from tests.factories import make_email

REPORT = """\
From: MAILER-DAEMON@mx.example.net
To: %s@bounces.example.org
Subject: It came back
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="limit"

--limit
Content-Type: text/plain

We are sorry.

--limit
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; ops@example.org
%s

--limit
Content-Type: message/rfc822

Subject: DOWN | Backup

--limit--
"""
GONE = """\
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such
 mailbox"""


def channel_of(message: Notification) -> Channel:
    return Channel.objects.get(pk=message.channel_id)


@pytest.fixture
def message(project: Project, check: Check, now: datetime) -> Notification:
    channel = make_email(project)
    return Notification.objects.create(
        channel=channel, owner=check, check_status="down", created=now, state="sent"
    )


def bounce(bounce_id: str, report: str, now: datetime, later: timedelta = timedelta()) -> str:
    """What is answered to a bounce of a mail that was sent now, some time later."""
    with time_machine.travel(now, tick=False):
        signed = sign_bounce_id(bounce_id)
    return receive((REPORT % (signed, report)).encode(), now + later)


def test_a_mailbox_that_does_not_exist_switches_the_channel_off(
    message: Notification, now: datetime
) -> None:
    assert bounce(f"n.{message.code}", GONE, now) == "OK"
    message.refresh_from_db()
    channel = channel_of(message)
    error = "Delivery failed (550 5.1.1 no such mailbox)"
    assert (message.state, message.error, channel.last_error) == ("failed", error, error)
    assert channel.disabled


@pytest.mark.parametrize(
    ("status", "is_dead"),
    [("4.2.2", False), ("5.4.4", False), ("5.4.40", True), ("5.7.1 (policy)", True)],
)
def test_only_what_stays_so_switches_it_off(
    message: Notification, now: datetime, status: str, is_dead: bool
) -> None:
    assert bounce(f"n.{message.code}", f"Action: failed\nStatus: {status}", now) == "OK"
    channel = channel_of(message)
    assert channel.disabled == is_dead
    code = status.split(" ", maxsplit=1)[0]
    assert channel.last_error == f"Delivery failed (SMTP status code: {code})"


def test_a_mail_that_is_delayed_may_still_arrive(message: Notification, now: datetime) -> None:
    bounce(f"n.{message.code}", "Action: delayed\nStatus: 4.4.1", now)
    message.refresh_from_db()
    assert message.state == "sent"
    assert message.error == "Delivery failed (SMTP status code: 4.4.1)"


@pytest.mark.parametrize(
    "report", ["Status: 5.1.1", "Action: failed", "Action: delivered\nStatus: 2.0.0", "", "junk"]
)
def test_what_reports_no_failure_is_ignored(
    message: Notification, now: datetime, report: str
) -> None:
    assert bounce(f"n.{message.code}", report, now) == "OK (ignored)"
    assert not channel_of(message).disabled


def test_windows_line_ends_and_letter_case_do_not_matter(
    message: Notification, now: datetime
) -> None:
    with time_machine.travel(now, tick=False):
        signed = sign_bounce_id(f"n.{message.code}")
    text = (REPORT % (f'"Bounces" <{signed}@b.example.org>,x', GONE)).replace("\n", "\r\n")
    text = text.replace("@bounces.example.org", "").replace("Status: 5", "STATUS: 5")
    assert receive(text.encode(), now) == "OK"


def test_signatures_are_verified(message: Notification, now: datetime) -> None:
    other = f"n.{uuid4()}"
    with time_machine.travel(now, tick=False):
        stamped, _, signature = sign_bounce_id(f"n.{message.code}").rpartition(".")
    for address in ("", "x", f"n.{message.code}", f"{stamped}.0000", f"{other}.6a.{signature}"):
        assert receive((REPORT % (address, GONE)).encode(), now) == "OK (bad signature)"
    for raw in (b"", b"x", b"\0\xff\n\n", b"To: \xff@x\n\n", b"To: a\xc3\xa4@x\n"):
        assert receive(raw, now) == "OK (bad signature)"
    assert not channel_of(message).disabled


def test_a_bounce_is_believed_for_two_days(message: Notification, now: datetime) -> None:
    two_days = timedelta(hours=48)
    about = f"n.{message.code}"
    late = two_days + timedelta(seconds=1)
    assert bounce(about, GONE, now, late) == "OK (bad signature)"
    assert bounce(about, GONE, now, two_days) == "OK"


def test_a_former_key_still_counts(
    message: Notification, now: datetime, settings: Settings
) -> None:
    with time_machine.travel(now, tick=False):
        signed = sign_bounce_id(f"n.{message.code}")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert receive((REPORT % (signed, GONE)).encode(), now) == "OK"


@pytest.mark.parametrize("code", ["07c2f548-9850-4b27-af5d-6c9dc157ec02", "not-a-code", ""])
def test_messages_that_are_gone(db: None, now: datetime, code: str) -> None:
    assert bounce(f"n.{code}", GONE, now) == "OK (notification not found)"


def test_reports_to_a_dead_mailbox_stop(alice: User, now: datetime) -> None:
    Profile.objects.update(reports="weekly", nag_period=timedelta(days=1), next_report_date=now)
    assert bounce(f"r.{alice.username}", "Action: failed\nStatus: 4.2.2", now) == "OK"
    assert Profile.objects.get(user=alice).reports == "weekly"
    assert bounce(f"r.{alice.username}", GONE, now) == "OK"
    profile = Profile.objects.get(user=alice)
    assert (profile.reports, profile.nag_period, profile.next_report_date) == (
        "off",
        timedelta(0),
        None,
    )
    assert bounce("r.nobody.at.all", GONE, now) == "OK (user not found)"


@pytest.mark.parametrize("about", list(closing.COLUMNS))
def test_a_notice_of_closing_that_came_back_does_not_count(
    alice: User, now: datetime, about: str
) -> None:
    column = closing.COLUMNS[about]
    bounce_id = closing.notice_id(alice, about)
    Profile.objects.update(**{column: now})
    mails.post(Mail(alice.email, "Closing", "", "", bounce_id=bounce_id), now)
    QueuedMail.objects.update(state="sent", due=None, settled=now)
    assert bounce(bounce_id, "Action: failed\nStatus: 4.2.2", now) == "OK"
    assert Profile.objects.filter(**{column: now}).exists()
    assert bounce(bounce_id, GONE, now) == "OK"
    assert not Profile.objects.filter(**{column: now}).exists()
    assert QueuedMail.objects.get().error == "Delivery failed (550 5.1.1 no such mailbox)"
    assert bounce(f"{about}nobody", GONE, now) == "OK"


def test_other_bounces_need_nothing(db: None, now: datetime) -> None:
    assert bounce("x.y", GONE, now) == "OK"


def test_a_malicious_mail_costs_little(db: None, now: datetime) -> None:
    nested = "".join(f"Content-Type: multipart/mixed; boundary={n}\n\n--{n}\n" for n in range(9999))
    started = monotonic()
    for evil in (nested, "Status:\nAction:\n\n" * 9000, "Status: \n" * 30_000, "\n \n" * 60_000):
        assert bounce("x.y", evil[:MAX_BYTES], now) == "OK (ignored)"
    assert monotonic() - started < 5
