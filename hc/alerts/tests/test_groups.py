from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hc.accounts.models import Project
from hc.alerts import groups, outbox
from hc.alerts.dispatcher import Space
from hc.alerts.leases import Attempt
from hc.alerts.packing import pack
from hc.api.models import Channel, Check, Flip, Notification
from hc.api.services import channels
from hc.integrations.base import Outcome, delivered, dropped, failed
from hc.integrations.group.config import GroupConfig
from tests.alerts import wire
from tests.factories import make_check, make_webhook, seconds
from tests.outbox import fail


def make_group(project: Project, *members: Channel) -> Channel:
    """A group through which all checks alert; its members are taken off them."""
    for member in members:
        member.checks.clear()
    config = GroupConfig(channels=tuple(member.code for member in members))
    return channels.create(project, "group", config, name="On call")


@pytest.fixture
def pair(project: Project, check: Check) -> list[Channel]:
    return [make_webhook(project, f"https://{n}.example.org/") for n in ("one", "two")]


def settle(outcomes: list[Outcome], now: datetime) -> None:
    claims = [one for lot in outbox.claim(Space(10), now) for one in lot]
    for claim, outcome in zip(sorted(claims, key=lambda c: c.id), outcomes, strict=True):
        outbox.settle([Attempt(claim, outcome, now, now + seconds(1))])


def test_the_members_are_told_and_the_group_is_settled_with_them(
    project: Project, check: Check, pair: list[Channel], now: datetime
) -> None:
    group = make_group(project, *pair)
    fail(check, now)
    head = Notification.objects.get(channel=group)
    assert head.due is None
    assert set(Notification.objects.filter(group=head).values_list("channel", flat=True)) == {
        member.pk for member in pair
    }
    settle([delivered(), delivered()], now)
    head.refresh_from_db()
    assert (head.state, head.error) == ("sent", "")
    assert Flip.objects.get().processed is not None


def test_failures_of_members_are_counted(
    project: Project, check: Check, pair: list[Channel], now: datetime
) -> None:
    group = make_group(project, *pair)
    fail(check, now)
    settle([delivered(), failed("no")], now)
    head = Notification.objects.get(channel=group)
    assert (head.state, head.error) == ("failed", "1 out of 2 notifications failed")
    group.refresh_from_db()
    assert group.last_error == head.error


def test_members_that_are_switched_off_or_of_other_projects_are_not_told(
    project: Project, check: Check, pair: list[Channel], now: datetime
) -> None:
    stranger = make_webhook(check.project, "https://three.example.org/")
    make_group(project, *pair, stranger)
    channels.disable(pair[0].code)
    Channel.objects.filter(pk=stranger.pk).update(project=Project.objects.exclude(pk=project.pk)[0])
    fail(check, now)
    told = Notification.objects.exclude(group=None)
    assert [message.channel for message in told] == [pair[1]]


def test_nobody_is_told_twice(
    project: Project, check: Check, pair: list[Channel], now: datetime
) -> None:
    make_group(project, *pair)
    make_group(project, *pair)
    pair[0].checks.add(check)
    fail(check, now)
    told = list(Notification.objects.exclude(due=None).values_list("channel", flat=True))
    assert sorted(told) == sorted(member.pk for member in pair)


def test_a_group_that_was_taken_off_the_check_tells_nobody(
    project: Project, check: Check, pair: list[Channel], now: datetime
) -> None:
    group = make_group(project, *pair)
    fail(check, now)
    group.checks.clear()
    assert pack(outbox.claim(Space(10), now), wire(), now) == []
    assert set(Notification.objects.values_list("state", flat=True)) == {"dropped"}


def test_a_group_whose_member_was_removed_is_settled_in_the_end(
    project: Project, check: Check, pair: list[Channel], now: datetime
) -> None:
    group = make_group(project, *pair)
    fail(check, now)
    channels.remove(pair[0].code)
    settle([delivered()], now)
    Notification.objects.filter(channel=group).update(state="queued")  # settled too late
    Flip.objects.update(processed=None)
    outbox.close_finished_flips(now + seconds(5))
    assert Notification.objects.get(channel=group).state == "sent"
    assert Flip.objects.get().processed is not None


def test_a_group_whose_members_were_removed_does_not_wait_for_ever(
    project: Project, check: Check, pair: list[Channel], now: datetime
) -> None:
    group = make_group(project, *pair)
    fail(check, now)
    for member in pair:
        channels.remove(member.code)
    outbox.close_finished_flips(now + seconds(5))
    assert Notification.objects.get(channel=group).state == "dropped"
    assert Flip.objects.get().processed == now + seconds(5)


def test_a_group_waits_for_what_is_still_on_its_way(
    project: Project, check: Check, pair: list[Channel], now: datetime
) -> None:
    group = make_group(project, *pair)
    fail(check, now)
    outbox.close_finished_flips(now + seconds(5))
    assert Notification.objects.get(channel=group).state == "queued"


def test_members_that_need_not_be_told_do_not_count(
    project: Project, check: Check, pair: list[Channel], now: datetime
) -> None:
    group = make_group(project, *pair)
    fail(check, now)
    settle([dropped("no need"), failed("no")], now)
    assert Notification.objects.get(channel=group).error == "1 out of 1 notifications failed"


def test_a_group_of_which_nobody_was_told_was_not_told(
    project: Project, check: Check, pair: list[Channel], now: datetime
) -> None:
    group = make_group(project, *pair)
    fail(check, now)
    settle([dropped("no need"), dropped("no need")], now)
    group.refresh_from_db()
    assert (Notification.objects.get(channel=group).state, group.last_notify) == ("dropped", None)


def test_a_failure_that_is_reported_later_counts(
    project: Project, check: Check, pair: list[Channel], now: datetime
) -> None:
    group = make_group(project, *pair)
    fail(check, now)
    settle([delivered(), delivered()], now)
    head = Notification.objects.get(channel=group)
    Notification.objects.filter(channel=pair[0]).update(state="failed")
    groups.settle_groups({head.pk}, now + seconds(60))
    head.refresh_from_db()
    assert (head.state, head.settled) == ("failed", now + seconds(1))


def test_settling_again_changes_nothing(
    project: Project, check: Check, pair: list[Channel], now: datetime
) -> None:
    group = make_group(project, *pair)
    fail(check, now)
    settle([delivered(), delivered()], now)
    Channel.objects.filter(pk=group.pk).update(last_notify=None, disabled=True)
    assert groups.settle_groups({Notification.objects.get(channel=group).pk}, now) == set()
    group.refresh_from_db()
    assert (group.last_notify, group.disabled) == (None, True)


def test_a_group_without_members_closes_the_flip(
    project: Project, check: Check, now: datetime
) -> None:
    make_group(project)
    fail(check, now)
    assert not Notification.objects.exists()
    assert Flip.objects.get().processed == now


def test_many_checks_cost_one_query(project: Project, pair: list[Channel], now: datetime) -> None:
    group = make_group(project, *pair)
    found = {make_check(project).pk: [group] for _ in range(20)}
    with CaptureQueriesContext(connection) as captured:
        groups.expand(found)
    assert len(captured) == 1


def test_settings_that_cannot_be_read_name_nobody(project: Project) -> None:
    broken = Channel.objects.create(project=project, kind="group", value="broken")
    assert groups.members_of([broken]) == {}


def test_a_group_all_of_whose_members_were_removed_is_settled(
    project: Project, check: Check, pair: list[Channel], now: datetime
) -> None:
    group = make_group(project, *pair)
    fail(check, now)
    for member in pair:
        channels.remove(member.code)
    outbox.close_finished_flips(now + seconds(5))
    assert Notification.objects.get(channel=group).state == "dropped"
    assert Flip.objects.get().processed is not None
