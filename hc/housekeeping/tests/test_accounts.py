from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection

from hc.accounts.models import Profile, Project, Role, User
from hc.accounts.services import closing
from hc.accounts.services.accounts import create_account
from hc.api.models import Check, DeliveryState, Ping, QueuedMail
from hc.api.services import mails
from hc.core.state import Kind
from hc.housekeeping import accounts, tasks
from hc.lib.mail import Mail
from hc.pings.writer import record
from tests.factories import make_check, make_member, ping_event

DAY = timedelta(days=1)


@pytest.fixture
def idle(db: None, now: datetime) -> User:
    """An account made 31 days ago, and never used."""
    user = create_account("idle@example.org")
    User.objects.filter(pk=user.pk).update(date_joined=now - 31 * DAY)
    return user


@pytest.fixture
def noticed(idle: User, now: datetime) -> User:
    """An account that was used, then told 31 days ago that it would be deleted."""
    User.objects.filter(pk=idle.pk).update(last_login=now - 400 * DAY)
    Profile.objects.update(deletion_notice_date=now - 31 * DAY, last_active_date=now - 399 * DAY)
    return idle


def prune(now: datetime) -> int:
    return sum(accounts.prune_users(now))


def post_notice(user: User, about: str, at: datetime) -> None:
    mails.post(Mail(user.email, "Closing", "", "", bounce_id=closing.notice_id(user, about)), at)


def ping(user: User, at: datetime, kind: Kind = Kind.SUCCESS) -> None:
    check = Check.objects.filter(project__owner=user)[0]
    record([ping_event(check.code, at, kind)], at)


def test_an_account_that_was_never_used_goes_with_all_it_owns(idle: User, now: datetime) -> None:
    assert prune(now) == 1
    assert not User.objects.exists()
    assert not Project.objects.exists()
    assert not Check.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"date_joined": timedelta(days=-29)},
        {"last_login": timedelta(days=-31)},
        {"is_superuser": True},
        {"is_staff": True},
    ],
)
def test_an_account_stays_that_is_new_or_in_use(
    idle: User, now: datetime, change: dict[str, Any]
) -> None:
    values = {k: now + v if isinstance(v, timedelta) else v for k, v in change.items()}
    User.objects.filter(pk=idle.pk).update(**values)
    assert prune(now) == 0


@pytest.mark.parametrize("kind", [Kind.SUCCESS, Kind.LOG, Kind.START])
def test_an_account_stays_whose_jobs_run(idle: User, now: datetime, kind: Kind) -> None:
    ping(idle, now - 360 * DAY, kind)
    assert prune(now) == 0
    assert prune(now + 10 * DAY) == 1


def test_an_account_stays_that_belongs_to_a_team(
    idle: User, project: Project, now: datetime
) -> None:
    make_member(project, idle, Role.READONLY)
    assert prune(now) == 0


def test_an_account_goes_that_was_told_and_not_heard_since(noticed: User, now: datetime) -> None:
    assert prune(now) == 1


def test_it_stays_within_30_days_of_the_notice(noticed: User, now: datetime) -> None:
    assert prune(now - 2 * DAY) == 0


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (User, {"last_login": -30}),
        (User, {"is_superuser": True}),
        (Profile, {"last_active_date": -30}),
        (Profile, {"deletion_notice_date": None}),
    ],
)
def test_it_stays_when_it_was_used_since(
    noticed: User, now: datetime, model: Any, change: dict[str, Any]
) -> None:
    values = {k: now + v * DAY if type(v) is int else v for k, v in change.items()}
    model.objects.update(**values)
    assert prune(now) == 0


@pytest.mark.parametrize("kind", [Kind.SUCCESS, Kind.LOG, Kind.START])
def test_it_stays_when_its_jobs_run_again(noticed: User, now: datetime, kind: Kind) -> None:
    ping(noticed, now - 32 * DAY, kind)
    assert list(accounts.unused(now)) == [noticed]
    ping(noticed, now - 30 * DAY, kind)
    assert prune(now) == 0


def test_it_stays_when_its_pings_are_pruned_but_were_heard(noticed: User, now: datetime) -> None:
    ping(noticed, now - 30 * DAY)
    Ping.objects.all().delete()
    assert prune(now) == 0


@pytest.mark.parametrize("active", [True, False])
def test_it_stays_when_its_team_is_active(
    noticed: User, bob: User, now: datetime, active: bool
) -> None:
    make_member(Project.objects.get(owner=noticed), bob, Role.REGULAR)
    User.objects.filter(pk=bob.pk).update(last_login=now - (1 if active else 40) * DAY)
    assert prune(now) == (0 if active else 1)


def test_an_account_without_profile(idle: User, now: datetime) -> None:
    Profile.objects.all().delete()
    assert prune(now) == 1


def test_a_ping_at_the_last_moment_saves_the_account(idle: User, now: datetime) -> None:
    make_check(Project.objects.get(owner=idle))
    found: list[bool] = []

    def meddle(execute: Any, sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if not found and "auth_user" in sql:
            found.append(True)
            ping(idle, now - DAY)
        return result

    with connection.execute_wrapper(meddle):
        assert prune(now) == 0
    assert User.objects.exists()


@pytest.mark.parametrize(
    ("state", "deleted"),
    [
        (DeliveryState.QUEUED, 0),
        (DeliveryState.SENDING, 0),
        (DeliveryState.FAILED, 0),
        (DeliveryState.SENT, 1),
    ],
)
def test_nobody_is_deleted_whose_notice_was_not_sent(
    noticed: User, now: datetime, state: DeliveryState, deleted: int
) -> None:
    told = now - 31 * DAY
    post_notice(noticed, closing.UNUSED, told)
    QueuedMail.objects.update(state=state)
    assert prune(now) == deleted


def test_a_notice_that_failed_is_forgotten_before_its_mail_is(noticed: User, now: datetime) -> None:
    told = now - 31 * DAY
    post_notice(noticed, closing.UNUSED, told)
    QueuedMail.objects.update(state=DeliveryState.FAILED, due=None, settled=told + DAY)
    assert sum(tasks.mails(now)) == 2
    assert not QueuedMail.objects.exists()
    assert prune(now) == 0


# --- Accounts with a date of deletion -----------------------------------------------------------


@pytest.fixture
def doomed(idle: User, now: datetime) -> User:
    """An account that should be deleted by now, and that was told so thirteen days before."""
    User.objects.filter(pk=idle.pk).update(last_login=now - 20 * DAY)
    date = now - DAY
    Profile.objects.update(deletion_scheduled_date=date, deletion_reminded=date - 13 * DAY)
    post_notice(idle, closing.DELETION, date - 13 * DAY)
    QueuedMail.objects.update(state=DeliveryState.SENT, due=None, settled=date - 13 * DAY)
    return idle


def test_an_account_goes_whose_date_of_deletion_has_passed(doomed: User, now: datetime) -> None:
    assert prune(now - 2 * DAY) == 0
    assert prune(now) == 1
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (User, {"last_login": -13}),
        (User, {"is_superuser": True}),
        (User, {"is_active": False}),
        (Profile, {"last_active_date": -13}),
        (Profile, {"deletion_reminded": None}),
        (Profile, {"deletion_reminded": -16}),
        (Profile, {"deletion_reminded": 0}),
        (Profile, {"deletion_scheduled_date": None}),
        (QueuedMail, {"state": DeliveryState.FAILED}),
        (QueuedMail, {"state": DeliveryState.QUEUED}),
    ],
)
def test_but_none_that_is_in_use_or_was_not_told(
    doomed: User, now: datetime, model: Any, change: dict[str, Any]
) -> None:
    values = {k: now + v * DAY if type(v) is int else v for k, v in change.items()}
    model.objects.update(**values)
    assert prune(now) == 0


def test_nor_one_whose_jobs_run(doomed: User, now: datetime) -> None:
    ping(doomed, now - 2 * DAY)
    assert prune(now) == 0
    assert list(accounts.spared(now)) == [doomed]


def test_the_command_says_whom_it_left(
    doomed: User, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    ping(doomed, now - 2 * DAY)
    with time_machine.travel(now, tick=False):
        call_command("pruneusers")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Deleted 0 accounts."
    assert said[1].startswith("Left 1 accounts whose date of deletion has passed")


def test_notices_are_kept_until_they_cannot_come_back(noticed: User, now: datetime) -> None:
    post_notice(noticed, closing.UNUSED, now)
    mails.post(Mail("bob@example.org", "Hello", "", ""), now)
    QueuedMail.objects.update(state=DeliveryState.SENT, due=None, settled=now)
    for _ in tasks.mails(now + 3 * DAY):
        pass
    assert QueuedMail.objects.get().bounce_id == closing.notice_id(noticed, closing.UNUSED)
    for _ in tasks.mails(now + 8 * DAY):
        pass
    assert not QueuedMail.objects.exists()
