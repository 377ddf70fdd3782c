from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from hc.alerts import post
from hc.alerts.dispatcher import Space
from hc.alerts.leases import LEASE, Attempt
from hc.api.models import QueuedMail
from hc.api.services import mails
from hc.integrations.base import Outcome, delivered, failed, retry
from hc.lib.mail import Mail, MailError
from tests.alerts import FakeMailer

MAIL = Mail("a@example.org", "Hello", "text", "<p>text</p>", {"X-Test": "1"}, "r.alice")
HOUR = timedelta(hours=1)


def settle(outcome: Outcome, now: datetime) -> QueuedMail:
    (claim,) = post.claim(Space(10), now)
    post.settle([Attempt(claim, outcome, now, now)])
    return QueuedMail.objects.get()


def test_a_mail_is_claimed_with_all_it_says(db: None, now: datetime) -> None:
    mails.post(MAIL, now)
    (claim,) = post.claim(Space(10), now)
    mailer = FakeMailer()
    asyncio.run(post.parcel(claim, mailer).send())  # type: ignore[arg-type]
    (mail,) = mailer.mails
    assert (mail.to, mail.subject, mail.text, mail.html) == (
        "a@example.org",
        "Hello",
        "text",
        "<p>text</p>",
    )
    assert (mail.headers, mail.bounce_id) == ({"X-Test": "1"}, "r.alice")
    assert post.claim(Space(10), now) == []
    assert post.next_due(Space(10)) == now + LEASE


def test_what_is_on_its_way_is_not_claimed_twice(db: None, now: datetime) -> None:
    mails.post(MAIL, now)
    (claim,) = post.claim(Space(10), now)
    assert post.claim(Space(10, busy=[claim.id]), now + LEASE) == []
    assert post.next_due(Space(10, busy=[claim.id])) is None


def test_a_mail_server_that_is_left_alone_gets_none(db: None, now: datetime) -> None:
    mails.post(MAIL, now)
    space = Space(10, places={post.DESTINATION: 0})
    assert post.claim(space, now) == []
    assert post.next_due(space) is None


def test_a_sent_mail_loses_its_texts(db: None, now: datetime) -> None:
    mails.post(MAIL, now)
    row = settle(delivered(), now)
    assert (row.state, row.due, row.settled) == ("sent", None, now)
    assert (row.text, row.html, row.headers) == ("", "", {})


def test_a_mail_that_could_not_be_sent_comes_again(db: None, now: datetime) -> None:
    mails.post(MAIL, now)
    row = settle(retry("The mail server did not answer in time"), now)
    assert (row.state, row.text) == ("queued", "text")
    assert row.due
    assert row.due > now


def test_it_is_not_tried_for_longer_than_it_is_of_use(db: None, now: datetime) -> None:
    mails.post(MAIL, now, use=timedelta(seconds=5))
    row = settle(retry("no answer"), now)
    assert (row.state, row.error) == ("failed", "no answer")


def test_what_nobody_tried_in_time_is_given_up(db: None, now: datetime) -> None:
    mails.post(MAIL, now, use=HOUR)
    post.expire(now + HOUR)
    assert QueuedMail.objects.get().state == "queued"
    post.expire(now + HOUR + timedelta(seconds=1))
    row = QueuedMail.objects.get()
    assert (row.state, row.text) == ("failed", "")


def test_errors_of_the_mail_server_become_outcomes(db: None) -> None:
    def outcome(error: MailError) -> Outcome:
        return asyncio.run(post.sent(MAIL, FakeMailer(error)))  # type: ignore[arg-type]

    assert outcome(MailError("later")) == retry("later")
    assert outcome(MailError("never", permanent=True)) == failed("never")
