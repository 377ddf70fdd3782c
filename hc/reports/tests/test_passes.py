from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import OperationalError

from hc.accounts.models import Profile, Project, Role, User
from hc.accounts.services.accounts import create_account
from hc.accounts.services.reports import stop
from hc.api.models import Check, QueuedMail
from hc.api.services import checks, reminders
from hc.core.state import Kind
from hc.pings.writer import record
from hc.reports import passes
from tests.factories import close_connection, make_check, make_member, ping_event

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def profile(user: User, **columns: Any) -> Profile:
    found = Profile.objects.get(user=user)
    Profile.objects.filter(pk=found.pk).update(**columns)
    found.refresh_from_db()
    return found


def fail(check: Check, at: datetime) -> None:
    record([ping_event(check.code, at, Kind.FAIL)], at)


def recover(check: Check, at: datetime) -> None:
    record([ping_event(check.code, at)], at)


# --- Reports ----------------------------------------------------------------------------------


def test_a_new_account_gets_a_date_and_no_report(alice: User, now: datetime) -> None:
    assert passes.one_pass(now) == (0, 0)
    found = profile(alice)
    assert found.next_report_date
    assert found.next_report_date.date() == date(2026, 7, 1)


def test_a_report_is_sent_once_when_it_is_due(
    alice: User, check: Check, now: datetime, mails: list[EmailMessage]
) -> None:
    fail(check, now - 3 * DAY)
    recover(check, now - 3 * DAY + HOUR)
    profile(alice, next_report_date=now, reports="weekly")
    Check.objects.update(created=now - 60 * DAY)
    assert passes.one_pass(now) == (1, 0)
    assert passes.one_pass(now) == (0, 0)
    (mail,) = mails
    assert mail.subject == "Weekly report: 1 downtime"
    assert "Last week (8–14 Jun), 1 check had 1 downtime." in mail.body
    assert "1 downtime, 1 h" in mail.body
    assert str(check.code) not in mail.message().as_string()
    assert mail.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    following = profile(alice).next_report_date
    assert following
    assert now + 7 * DAY - 4 * HOUR < following < now + 7 * DAY


def test_nobody_is_written_to_whose_jobs_are_silent(
    alice: User, check: Check, now: datetime
) -> None:
    before = profile(alice, next_report_date=now)
    assert passes.one_pass(now) == (0, 0)
    assert profile(alice).next_report_date != before.next_report_date


def test_nor_who_was_deactivated(alice: User, check: Check, now: datetime) -> None:
    recover(check, now)
    profile(alice, next_report_date=now)
    User.objects.update(is_active=False)
    assert passes.one_pass(now) == (0, 0)


def test_a_crash_before_the_end_loses_nothing_and_doubles_nothing(
    alice: User, check: Check, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    recover(check, now)
    profile(alice, next_report_date=now)

    def crash(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(QueuedMail.objects, "bulk_create", crash)
        with pytest.raises(KeyboardInterrupt):
            passes.one_pass(now)
    assert profile(alice).next_report_date == now
    assert passes.one_pass(now) == (1, 0)
    assert QueuedMail.objects.count() == 1


def test_the_trouble_of_one_is_not_that_of_others(
    alice: User, bob: User, check: Check, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    recover(check, now)
    recover(Check.objects.get(project__owner=bob), now)
    profile(alice, next_report_date=now - HOUR, reports="odd")
    profile(bob, next_report_date=now)
    assert passes.one_pass(now) == (1, 0)
    assert profile(alice).next_report_date == now + passes.AGAIN_AFTER_ERROR
    assert "report failed" in caplog.text


def test_many_are_dealt_with_in_one_pass(
    alice: User, bob: User, check: Check, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "BATCH", 1)
    for user in (alice, bob):
        recover(Check.objects.filter(project__owner=user)[0], now)
        profile(user, next_report_date=now - HOUR)
    assert passes.one_pass(now) == (2, 0)


def test_the_trouble_of_the_database_is_everybodys(
    alice: User, check: Check, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    recover(check, now)
    profile(alice, next_report_date=now)

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(QueuedMail.objects, "bulk_create", away)
    with pytest.raises(OperationalError):
        passes.one_pass(now)
    assert profile(alice).next_report_date == now


def test_who_changes_their_mind_meanwhile_gets_no_report(
    alice: User, check: Check, now: datetime
) -> None:
    recover(check, now)
    stale = profile(alice, next_report_date=now)
    draft = passes.REPORTS.draft(stale, now)
    assert draft.mail
    stop(alice.username)
    assert not passes.settle(passes.REPORTS, stale, draft, now)
    assert profile(alice).next_report_date is None
    assert not QueuedMail.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sort", [passes.REPORTS, passes.REMINDERS], ids=lambda sort: sort.date)
def test_of_two_processes_one_sends(
    alice: User, check: Check, now: datetime, sort: passes.Sort
) -> None:
    """Both have drafted their mail before either may settle."""
    fail(check, now)
    stale = profile(alice, next_report_date=now, nag_period=HOUR, next_nag_date=now)
    together = threading.Barrier(2, timeout=10)

    def process() -> bool:
        try:
            draft = sort.draft(stale, now)
            together.wait()
            return passes.settle(sort, stale, draft, now)
        finally:
            close_connection()

    with ThreadPoolExecutor(2) as pool:
        sent = [future.result() for future in [pool.submit(process) for _ in range(2)]]
    assert sorted(sent) == [False, True]
    assert QueuedMail.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_whole_passes_at_once_send_one_mail_to_each(alice: User, now: datetime) -> None:
    people = [alice, *(create_account(f"{n}@example.org") for n in range(20))]
    Check.objects.update(last_ping=now)
    Profile.objects.update(next_report_date=now)

    def process(_: int) -> int:
        try:
            return passes.one_pass(now)[0]
        finally:
            close_connection()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(process, range(3))) == len(people)
    addresses = QueuedMail.objects.values_list("to", flat=True)
    assert sorted(addresses) == sorted(user.email for user in people)


# --- Reminders --------------------------------------------------------------------------------


def test_a_reminder_begins_when_a_check_goes_down_and_ends_when_none_is(
    alice: User, check: Check, now: datetime, mails: list[EmailMessage]
) -> None:
    profile(alice, nag_period=HOUR, next_report_date=now + 99 * DAY)
    fail(check, now)
    assert profile(alice).next_nag_date == now + HOUR
    assert passes.one_pass(now + HOUR) == (0, 1)
    assert profile(alice).next_nag_date == now + 2 * HOUR
    (mail,) = mails
    assert mail.subject == "Reminder: 1 check still down"
    assert "Backup (last ping 1 h ago)" in mail.body
    assert "hourly" in mail.body
    assert "/accounts/profile/notifications/" in mail.body
    assert str(check.code) not in mail.message().as_string()
    recover(check, now + HOUR)
    assert profile(alice).next_nag_date is None


def test_members_are_reminded_too(alice: User, bob: User, check: Check, now: datetime) -> None:
    make_member(check.project, bob, Role.READONLY)
    profile(bob, nag_period=DAY)
    fail(check, now)
    assert profile(bob).next_nag_date == now + DAY
    assert profile(alice).next_nag_date is None


def test_a_second_check_that_goes_down_changes_nothing(
    alice: User, check: Check, project: Project, now: datetime
) -> None:
    other = make_check(project)
    profile(alice, nag_period=HOUR)
    fail(check, now)
    fail(other, now + timedelta(minutes=30))
    recover(check, now + timedelta(minutes=40))
    assert profile(alice).next_nag_date == now + HOUR


def test_a_shortened_schedule_that_takes_a_check_down_begins_reminders(
    alice: User, check: Check, now: datetime
) -> None:
    profile(alice, nag_period=HOUR)
    recover(check, now - 3 * HOUR)
    short = checks.ScheduleSettings(timeout=timedelta(minutes=1), grace=timedelta(minutes=1))
    checks.edit(check.code, checks.Details(), short, now)
    assert profile(alice).next_nag_date == now + HOUR


def test_a_reminder_without_anything_down_is_not_sent_and_ends(
    alice: User, check: Check, now: datetime
) -> None:
    recover(check, now)
    profile(alice, nag_period=HOUR, next_nag_date=now, next_report_date=now + DAY)
    assert passes.one_pass(now) == (0, 0)
    assert profile(alice).next_nag_date is None


@pytest.mark.parametrize("end", [checks.pause, checks.remove])
def test_a_check_that_is_paused_or_removed_ends_the_reminders(
    alice: User, check: Check, now: datetime, end: Any
) -> None:
    profile(alice, nag_period=HOUR)
    fail(check, now)
    end(check.code, now)
    assert profile(alice).next_nag_date is None


def test_who_leaves_a_project_or_wants_none_is_not_reminded(
    alice: User, bob: User, check: Check, now: datetime
) -> None:
    member = make_member(check.project, bob, Role.REGULAR)
    profile(bob, nag_period=HOUR)
    profile(alice, nag_period=HOUR)
    fail(check, now)
    member.delete()
    profile(alice, nag_period=timedelta(0))
    reminders.follow_people([alice.pk, bob.pk], now)
    assert (profile(alice).next_nag_date, profile(bob).next_nag_date) == (None, None)


def test_reminders_do_not_wait_behind_reports(
    alice: User, bob: User, check: Check, now: datetime
) -> None:
    fail(check, now)
    profile(alice, nag_period=HOUR, next_nag_date=now, next_report_date=now)
    recover(Check.objects.get(project__owner=bob), now)
    profile(bob, next_report_date=now - HOUR)
    stops = iter([False, True])
    assert passes.one_pass(now, lambda: next(stops)) == (1, 1)


def test_a_project_may_be_followed_as_a_whole(alice: User, check: Check, now: datetime) -> None:
    fail(check, now)
    profile(alice, nag_period=HOUR)
    reminders.follow_projects([check.project_id], now)
    assert profile(alice).next_nag_date == now + HOUR


def test_the_command_says_what_it_did(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("sendreports")
    assert capsys.readouterr().out == "Queued 0 reports and 0 reminders.\n"
