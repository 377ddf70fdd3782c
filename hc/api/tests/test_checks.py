from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from hc.accounts.models import Profile, Project, User
from hc.accounts.services.projects import create_project
from hc.api.models import Channel, Check, Flip, Notification, Ping
from hc.api.services import checks
from hc.api.services.checks import Details, ScheduleSettings
from hc.core.state import Kind
from hc.pings.writer import record
from tests.factories import make_check, make_webhook, ping_event

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_a_new_check_alerts_through_all_channels(project: Project) -> None:
    channel = make_webhook(project)
    check = make_check(project, name="Backup")
    assert list(check.channel_set.all()) == [channel]
    assert (check.status, check.n_pings, check.alert_after) == ("new", 0, None)


def test_channels_may_be_chosen(project: Project) -> None:
    make_webhook(project)
    check = checks.create(project, Details({}), ScheduleSettings(), channels=[])
    assert not check.channel_set.exists()


def test_the_key_for_links_does_not_give_the_code_away(check: Check) -> None:
    Check.objects.filter(pk=check.pk).update(code="920ef5c2-ca3c-42f4-8000-000000000000")
    check.refresh_from_db()
    check.save()
    assert check.unique_key == "dfbbeb3e86f0b2a7774a5260aca4a207be271edd"


def test_the_limit_counts_all_projects_of_the_owner(project: Project, alice: User) -> None:
    Profile.objects.update(check_limit=3)  # one of them is the account's first check
    make_check(create_project("Second", alice))
    assert checks.available(project) == 1
    make_check(project)
    with pytest.raises(checks.LimitReached):
        make_check(project)


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_however_many_create_at_once(project: Project) -> None:
    Profile.objects.update(check_limit=4)

    def create(_: int) -> bool:
        try:
            make_check(project)
        except checks.LimitReached:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(create, range(12)))
    assert made.count(True) == 3


def test_editing_changes_details_and_schedule(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now)], now)
    details = Details({"name": "New", "tags": "a b", "desc": "d"})
    schedule = ScheduleSettings("cron", schedule="0 3 * * *", tz="Europe/Riga", grace=2 * HOUR)
    checks.edit(check.code, details, schedule, now)
    check.refresh_from_db()
    assert (check.name, check.tags, check.desc) == ("New", "a b", "d")
    assert (check.kind, check.schedule, check.tz, check.grace) == (
        "cron",
        "0 3 * * *",
        "Europe/Riga",
        2 * HOUR,
    )
    assert check.due == datetime.fromisoformat("2026-06-16T00:00+00:00")
    assert check.alert_after == check.due + 2 * HOUR


def test_the_fields_of_other_kinds_are_kept(check: Check, now: datetime) -> None:
    cron = ScheduleSettings("cron", schedule="0 3 * * *", tz="Europe/Riga")
    checks.edit(check.code, Details({}), cron, now)
    checks.edit(check.code, Details({}), ScheduleSettings(timeout=HOUR), now)
    check.refresh_from_db()
    assert (check.kind, check.timeout, check.schedule) == ("simple", HOUR, "0 3 * * *")


def test_shortening_a_schedule_takes_an_overdue_check_down_without_a_message(
    check: Check, project: Project, now: datetime
) -> None:
    make_webhook(project)
    record([ping_event(check.code, now - 5 * HOUR)], now)
    checks.edit(check.code, Details({}), ScheduleSettings(timeout=HOUR, grace=HOUR), now)
    check.refresh_from_db()
    assert (check.status, check.status_since) == ("down", now)
    assert Flip.objects.latest("pk").processed == now
    assert not Notification.objects.exists()


def test_pausing_and_resuming(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now, Kind.START)], now)
    checks.pause(check.code, now + HOUR)
    checks.pause(check.code, now + 2 * HOUR)
    check.refresh_from_db()
    assert (check.status, check.last_start, check.alert_after) == ("paused", None, None)
    assert check.status_since == now + HOUR
    checks.resume(check.code, now + 3 * HOUR)
    check.refresh_from_db()
    assert (check.status, check.last_ping) == ("new", None)
    flips = Flip.objects.order_by("pk").values_list("new_status", "processed")
    assert list(flips) == [("paused", now + HOUR), ("new", now + 3 * HOUR)]


def test_only_paused_checks_resume(check: Check, now: datetime) -> None:
    with pytest.raises(checks.NotPaused):
        checks.resume(check.code, now)


def test_a_removed_check_takes_its_log_along(check: Check, project: Project, now: datetime) -> None:
    channel = make_webhook(project)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    checks.remove(check.code, timezone.now())
    assert not Ping.objects.exists()
    assert not Flip.objects.exists()
    assert not Notification.objects.exists()
    assert Channel.objects.filter(pk=channel.pk).exists()
    with pytest.raises(Check.DoesNotExist):
        checks.pause(check.code, now)


def test_assigning_a_channel_twice_is_harmless(check: Check, project: Project) -> None:
    channel = make_webhook(project)
    for enabled in (False, False, True, True):
        checks.set_channel(check.code, channel, enabled=enabled)
        assert check.channel_set.filter(pk=channel.pk).exists() == enabled


def test_a_channel_of_another_project_cannot_be_assigned(check: Check, bob: User) -> None:
    channel = make_webhook(create_project("Other", bob))
    with pytest.raises(Check.DoesNotExist):
        checks.set_channel(check.code, channel, enabled=True)


@pytest.mark.django_db(transaction=True)
def test_an_edit_and_pings_at_once_do_not_undo_each_other(check: Check, now: datetime) -> None:
    """Else the deadline could be lost, and the check would never alert again."""

    def work(number: int) -> None:
        try:
            if number % 2:
                record([ping_event(check.code, now + timedelta(seconds=number))], now)
            else:
                schedule = ScheduleSettings(timeout=timedelta(hours=number + 1))
                checks.edit(check.code, Details({"name": f"n{number}"}), schedule, now)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(24)))
    check.refresh_from_db()
    assert check.n_pings == 12
    assert check.last_ping is not None
    assert check.alert_after == check.last_ping + check.timeout + check.grace
    numbers = Ping.objects.order_by("n").values_list("n", flat=True)
    assert list(numbers) == list(range(1, 13))


def test_a_change_of_the_name_does_not_judge_the_deadline(check: Check, now: datetime) -> None:
    """Else nobody would be told of one that has just passed."""
    record([ping_event(check.code, now)], now)
    checks.edit(check.code, Details({"name": "New"}), ScheduleSettings(), now + 3 * DAY)
    check.refresh_from_db()
    assert (check.name, check.status) == ("New", "up")
