from __future__ import annotations

from datetime import datetime

import pytest

from hc.accounts.models import Project
from hc.alerts import digests, outbox, packing, testing
from hc.alerts.dispatcher import Space
from hc.alerts.leases import Attempt
from hc.api.models import Channel, Check, Notification
from hc.api.services import channels
from hc.core.state import Kind
from hc.integrations.base import delivered, retry
from hc.integrations.email.config import EmailConfig
from hc.integrations.webhook.config import WebhookConfig
from hc.lib.mail import Mail
from hc.pings.writer import record
from tests.alerts import FakeMailer, wire
from tests.factories import make_check, make_email, make_webhook, ping_event, seconds
from tests.loop import run


@pytest.fixture
def checks(project: Project) -> list[Check]:
    return [make_check(project, name=f"Job {number:02}") for number in range(12)]


def fail_all(checks: list[Check], at: datetime) -> None:
    record([ping_event(check.code, at, Kind.FAIL) for check in checks], at)


def sent(now: datetime) -> list[Mail]:
    """The mails that go out of what is due."""
    mailer = FakeMailer()
    for parcel in packing.pack(outbox.claim(Space(100), now), wire(mail=mailer), now):
        run(parcel.send())
    return mailer.mails


def test_many_checks_that_go_down_at_once_are_told_of_in_one_mail(
    checks: list[Check], project: Project, now: datetime
) -> None:
    make_email(project)
    fail_all(checks, now)
    assert sent(now) == []  # they wait for others
    (mail,) = sent(now + digests.GATHER)
    assert mail.subject == "DOWN | 12 checks of Production"
    assert all(f"Job {number:02}" in mail.text for number in range(12))
    assert all(f"Job {number:02}" in mail.html for number in range(12))


def test_a_few_are_told_of_one_by_one_and_at_once(
    checks: list[Check], project: Project, now: datetime
) -> None:
    make_email(project)
    fail_all(checks[:9], now)
    assert len(sent(now)) == 9


def test_those_that_follow_many_within_a_minute_wait_for_each_other(
    checks: list[Check], project: Project, now: datetime
) -> None:
    make_email(project)
    fail_all(checks[:9], now)
    fail_all(checks[9:], now + seconds(30))
    dues = set(Notification.objects.order_by("-pk")[:3].values_list("due", flat=True))
    assert dues == {now + seconds(30) + digests.GATHER}


def test_a_channel_may_be_told_of_each_check_by_itself(
    checks: list[Check], project: Project, now: datetime
) -> None:
    config = EmailConfig(value="ops@example.org", together=False)
    channels.create(project, "email", config, verified=True)
    fail_all(checks, now)
    assert len(sent(now)) == 12


def test_kinds_that_cannot_tell_of_many_are_not_held_up(
    checks: list[Check], project: Project, now: datetime
) -> None:
    make_webhook(project)
    fail_all(checks, now)
    assert len(outbox.claim(Space(100), now)) == 12


def test_ups_and_downs_go_out_apart(checks: list[Check], project: Project, now: datetime) -> None:
    make_email(project)
    fail_all(checks, now)
    Notification.objects.all().delete()
    record([ping_event(check.code, now) for check in checks[:11]], now)
    record([ping_event(check.code, now, Kind.FAIL) for check in checks[:10]], now)
    fail_all([make_check(project) for _ in range(10)], now)
    subjects = {mail.subject for mail in sent(now + digests.GATHER)}
    assert subjects == {"UP | 11 checks of Production", "DOWN | 10 checks of Production"}


def test_a_mail_about_many_that_fails_is_tried_again_as_one(
    checks: list[Check], project: Project, now: datetime
) -> None:
    make_email(project)
    fail_all(checks, now)
    later = now + digests.GATHER
    (lot,) = outbox.claim(Space(100), later)
    outbox.settle([Attempt(claim, retry("busy"), later, later) for claim in lot])
    assert Notification.objects.values("due").distinct().count() == 1


def test_unreadable_settings_want_nothing(project: Project, now: datetime) -> None:
    assert not digests.is_together("email", None)
    assert not digests.is_together("webhook", WebhookConfig())


def test_the_setting_survives_the_table(project: Project) -> None:
    apart = EmailConfig(value="a@example.org", together=False)
    assert EmailConfig.load(apart.dump()) == apart
    assert "together" not in EmailConfig(value="a@example.org").dump()


def test_the_channel_records_the_attempt_once(
    checks: list[Check], project: Project, now: datetime
) -> None:
    channel = make_email(project)
    fail_all(checks, now)
    later = now + digests.GATHER
    (lot,) = outbox.claim(Space(100), later)
    outbox.settle([Attempt(claim, retry("busy"), later, later) for claim in lot])
    assert Channel.objects.get(pk=channel.pk).last_error == "busy"


# --- Storms that take their time ----------------------------------------------------------------


def played(checks: list[Check], start: datetime, pause: float, until: float) -> dict[float, int]:
    """Checks that fail one after another, each `pause` seconds after the one before; of how many
    each mail tells, by the second in which it goes out."""
    mails: dict[float, int] = {}
    failing = list(checks)
    for tenth in range(int(until * 10)):
        at = start + seconds(tenth / 10)
        if failing and tenth % (pause * 10) == 0:
            fail_all([failing.pop(0)], at)
        for lot in outbox.claim(Space(100), at):
            mails[tenth / 10 + len(mails) / 1e6] = len(lot)
            outbox.settle([Attempt(claim, delivered(), at, at) for claim in lot])
    return mails


def test_a_storm_that_comes_check_by_check_is_told_of_at_once_and_then_together(
    project: Project, now: datetime
) -> None:
    make_email(project)
    checks = [make_check(project) for _ in range(40)]
    mails = played(checks, now, 1, 60)
    numbers = list(mails.values())
    assert numbers[:9] == [1] * 9
    assert [round(at) for at in list(mails)[:9]] == list(range(9))  # nobody waits for the first
    assert (sum(numbers), len(numbers)) == (40, 13)
    waited = [n.settled - n.created for n in Notification.objects.all() if n.settled]
    assert len(waited) == 40
    assert max(waited) <= digests.GATHER


def test_the_few_that_waited_go_out_as_one(
    checks: list[Check], project: Project, now: datetime
) -> None:
    make_email(project)
    mails = played(checks, now, 1, 30)
    assert list(mails.values()) == [1] * 9 + [3]


def test_a_trickle_is_told_of_one_by_one(project: Project, now: datetime) -> None:
    make_email(project)
    mails = played([make_check(project) for _ in range(12)], now, 8, 100)
    assert list(mails.values()) == [1] * 12


def test_ups_do_not_wait_for_downs(checks: list[Check], project: Project, now: datetime) -> None:
    make_email(project)
    fail_all(checks[:9], now)
    assert len(sent(now)) == 9
    Notification.objects.update(due=None, state="sent")
    record([ping_event(check.code, now + seconds(1)) for check in checks[:2]], now + seconds(1))
    assert len(sent(now + seconds(1))) == 2


def test_tests_go_out_by_themselves(checks: list[Check], project: Project, now: datetime) -> None:
    channel = make_email(project)
    fail_all(checks, now)
    later = now + digests.GATHER
    testing.send_test(channel, later)
    subjects = sorted(mail.subject for mail in sent(later))
    assert subjects == ["DOWN | 12 checks of Production", "DOWN | TEST"]
