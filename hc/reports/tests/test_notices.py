from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from hc.accounts.models import Profile, Project, Role, User
from hc.accounts.services import closing
from hc.accounts.services.accounts import create_account
from hc.api.models import Check, DeliveryState, Flip, Notification, QueuedMail
from hc.api.services import channels
from hc.integrations.webhook.config import WebhookConfig
from hc.logs.models import Record
from hc.pings.writer import record
from hc.reports import notices, troubles
from tests.admin import confirm
from tests.factories import (
    PASSWORD,
    make_check,
    make_email,
    make_group,
    make_member,
    make_webhook,
    ping_event,
)

DAY = timedelta(days=1)


@pytest.fixture
def forgotten(alice: User, now: datetime) -> User:
    """An account that nobody has used for two years."""
    User.objects.filter(pk=alice.pk).update(date_joined=now - 800 * DAY, last_login=now - 730 * DAY)
    return alice


@pytest.fixture
def as_root(db: None) -> Client:
    client = Client()
    client.force_login(create_account("root@example.org", password=PASSWORD, admin=True))
    confirm(client)
    return client


def notified(now: datetime) -> list[str]:
    return list(notices.send_inactivity_notices(now))


def test_owners_of_unused_accounts_are_told_once(
    forgotten: User, now: datetime, mails: list[EmailMessage]
) -> None:
    assert notified(now) == ["alice@example.org"]
    assert notified(now + DAY) == []
    assert Profile.objects.get(user=forgotten).deletion_notice_date == now
    assert "15 July 2026" in mails[0].body


@pytest.mark.parametrize("life", ["date_joined", "last_login", "profile", "ping"])
def test_used_accounts_are_left_alone(
    forgotten: User, check: Check, now: datetime, life: str
) -> None:
    moment = now - 300 * DAY
    if life == "profile":
        Profile.objects.filter(user=forgotten).update(last_active_date=moment)
    elif life == "ping":
        record([ping_event(check.code, moment)], moment)
    else:
        User.objects.filter(pk=forgotten.pk).update(**{life: moment})
    assert notified(now) == []


def test_a_team_that_is_active_keeps_the_account(
    forgotten: User, check: Check, bob: User, now: datetime
) -> None:
    make_member(check.project, bob, Role.REGULAR)
    User.objects.filter(pk=bob.pk).update(last_login=now, date_joined=now - 900 * DAY)
    assert notified(now) == []


def test_a_notice_that_could_not_be_sent_is_sent_again(forgotten: User, now: datetime) -> None:
    notified(now)
    QueuedMail.objects.update(state=DeliveryState.FAILED, due=None, settled=now + DAY)
    assert notified(now + 8 * DAY) == ["alice@example.org"]
    assert Profile.objects.get(user=forgotten).deletion_notice_date == now + 8 * DAY
    assert notified(now + 9 * DAY) == []


def test_a_notice_that_came_back_is_sent_again_after_a_week(forgotten: User, now: datetime) -> None:
    notified(now)
    QueuedMail.objects.update(state=DeliveryState.SENT, due=None, settled=now)
    closing.notice_came_back(closing.notice_id(forgotten, closing.UNUSED), "no such mailbox")
    assert Profile.objects.get(user=forgotten).deletion_notice_date is None
    assert notified(now + 6 * DAY) == []
    assert notified(now + 7 * DAY) == ["alice@example.org"]


def test_nobody_is_told_whose_account_was_deactivated(forgotten: User, now: datetime) -> None:
    User.objects.filter(pk=forgotten.pk).update(is_active=False)
    assert notified(now) == []


def test_a_new_date_of_deletion_is_told_anew(alice: User, now: datetime, as_root: Client) -> None:
    profile = Profile.objects.get(user=alice)
    for number in range(2):
        action = {"action": "schedule_deletion", "_selected_action": [profile.pk]}
        as_root.post("/admin/accounts/profile/", action)
        moment = timezone.now() + number * DAY
        assert list(notices.send_deletion_notices(moment)) == ["alice@example.org"]


def test_a_deletion_is_told_at_once_and_again_two_weeks_before(
    alice: User, bob: User, check: Check, now: datetime
) -> None:
    make_member(check.project, bob, Role.READONLY)
    make_member(check.project, create_account("never@example.org"), Role.REGULAR)
    User.objects.filter(pk=bob.pk).update(last_login=now)
    make_email(check.project, "ops@example.org")
    Profile.objects.filter(user=alice).update(deletion_scheduled_date=now + 31 * DAY)
    team = ["alice@example.org", "bob@example.org"]
    assert list(notices.send_deletion_notices(now)) == team
    assert list(notices.send_deletion_notices(now + DAY)) == []
    later = now + 18 * DAY
    assert list(notices.send_deletion_notices(later)) == [*team, "ops@example.org"]
    assert list(notices.send_deletion_notices(later + DAY)) == []


def test_two_weeks_before_all_integrations_are_told(
    alice: User, project: Project, now: datetime
) -> None:
    hook, off = make_webhook(project), make_webhook(project)
    up = channels.create(project, "webhook", WebhookConfig(url_up="https://example.org/up"))
    channels.disable(off.code)
    make_email(project, "ops@example.org")
    make_group(project, hook)
    channels.create(project, "webhook", WebhookConfig())  # is told of nothing
    Profile.objects.filter(user=alice).update(deletion_scheduled_date=now + 31 * DAY)
    list(notices.send_deletion_notices(now))
    assert not Notification.objects.exists()
    told = list(notices.send_deletion_notices(now + 18 * DAY))
    assert told == ["alice@example.org", "ops@example.org", str(hook.code), str(up.code)]
    queued = Notification.objects.filter(owner=None).values_list("channel", "check_status")
    assert set(queued) == {(hook.pk, "down"), (up.pk, "up")}
    assert list(notices.send_deletion_notices(now + 19 * DAY)) == []
    assert Notification.objects.count() == 2


def test_an_owner_who_cannot_be_reached_is_told_again_after_a_week(
    alice: User, now: datetime
) -> None:
    Profile.objects.filter(user=alice).update(deletion_scheduled_date=now + 13 * DAY)
    list(notices.send_deletion_notices(now))
    QueuedMail.objects.update(state=DeliveryState.SENT, due=None, settled=now)
    closing.notice_came_back(closing.notice_id(alice, closing.DELETION), "no such mailbox")
    assert Profile.objects.get(user=alice).deletion_reminded is None
    assert list(notices.send_deletion_notices(now + 6 * DAY)) == []
    assert list(notices.send_deletion_notices(now + 7 * DAY)) == ["alice@example.org"]


def test_people_of_checks_that_flap_are_told_once_a_day(
    check: Check, now: datetime, mails: list[EmailMessage]
) -> None:
    Flip.objects.bulk_create(
        Flip(owner=check, created=now, processed=now, old_status="up", new_status="down")
        for _ in range(201)
    )
    assert troubles.send_flapping_notices(now) == 1
    assert troubles.send_flapping_notices(now) == 0
    assert [mail.to for mail in mails] == [["alice@example.org"]]
    assert "201 times" in mails[0].body


def test_a_daily_job_tells_of_it_every_day(alice: User, check: Check, now: datetime) -> None:
    for moment in (now, now + DAY - timedelta(seconds=5)):
        Flip.objects.bulk_create(
            Flip(owner=check, created=moment, processed=now, old_status="up", new_status="down")
            for _ in range(201)
        )
        assert troubles.send_flapping_notices(moment) == 1


def test_the_worst_is_told_first_and_the_deactivated_not_at_all(
    check: Check, bob: User, now: datetime, mails: list[EmailMessage]
) -> None:
    make_member(check.project, bob, Role.READONLY)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    worse = make_check(check.project, name="Worse")
    Flip.objects.bulk_create(
        Flip(owner=one, created=now, processed=now, old_status="up", new_status="down")
        for one, number in ((check, 201), (worse, 300))
        for _ in range(number)
    )
    assert troubles.send_flapping_notices(now) == 2
    assert [mail.subject.split()[0] for mail in mails] == ["Worse", "Backup"]
    assert {address for mail in mails for address in mail.to} == {"alice@example.org"}


def test_administrators_are_told_of_log_records(
    db: None, settings: Settings, mails: list[EmailMessage]
) -> None:
    settings.ADMINS = [("", "root@example.org")]
    now = timezone.now()
    assert troubles.send_log_summary(now) == 0
    Record.objects.create(host="a", name="hc", level=40, message="oops")
    for _ in range(2):
        assert troubles.send_log_summary(now + timedelta(minutes=1)) == 1
    assert [mail.to for mail in mails] == [["root@example.org"]]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("sendinactivitynotices", "Queued 0 notices."),
        ("senddeletionscheduled", "Queued 0 notices."),
        ("sendflappingnotices", "Queued notices about 0 checks."),
        ("sendlogs", "0 log records in the last 24 hours."),
    ],
)
def test_the_commands_say_what_they_did(
    db: None, capsys: pytest.CaptureFixture[str], command: str, said: str
) -> None:
    call_command(command)
    assert capsys.readouterr().out.strip() == said
