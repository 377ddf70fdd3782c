from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from hc.accounts.models import Project, User
from hc.accounts.services.projects import create_project
from hc.alerts import leases, outbox
from hc.alerts.dispatcher import Space
from hc.alerts.leases import LEASE, Attempt, next_try
from hc.api.models import Channel, Check, Flip, Notification
from hc.api.services import channels
from hc.core.state import Kind
from hc.integrations.base import Outcome, dead, delivered, dropped, failed, retry
from hc.integrations.email.config import EmailConfig
from hc.pings.writer import record
from tests.factories import make_check, make_webhook, ping_event, seconds
from tests.outbox import Settle, fail, recover, take

# --- Queueing ---------------------------------------------------------------------------------


def test_switched_off_channels_are_not_told(channel: Channel, check: Check, now: datetime) -> None:
    channels.disable(channel.code)
    fail(check, now)
    assert not Notification.objects.exists()
    assert Flip.objects.get().processed == now


def test_channels_are_asked_whether_they_want_the_status(
    project: Project, check: Check, now: datetime
) -> None:
    config = EmailConfig(value="ops@example.org", up=True, down=False)
    channels.create(project, "email", config, verified=True)
    fail(check, now)
    recover(check, now + seconds(9))
    assert [n.check_status for n in Notification.objects.all()] == ["up"]


def test_retired_kinds_are_left_out(project: Project, check: Check, now: datetime) -> None:
    retired = Channel.objects.create(project=project, kind="hipchat", value="x")
    retired.checks.add(check)
    fail(check, now)
    assert not Notification.objects.exists()


def test_unreadable_settings_are_queued_so_that_the_error_is_recorded(
    channel: Channel, check: Check, now: datetime
) -> None:
    Channel.objects.update(value="{broken")
    fail(check, now)
    assert Notification.objects.count() == 1


# --- Claiming ---------------------------------------------------------------------------------


def test_a_claim_leases_what_is_due(channel: Channel, check: Check, now: datetime) -> None:
    fail(check, now)
    assert take(10, now - seconds(1)) == []
    (claim,) = take(10, now)
    assert (claim.row.state, claim.attempt) == ("sending", 1)
    assert claim.row.due == now + LEASE
    assert take(10, now) == []
    assert outbox.next_due(Space(10)) == now + LEASE


def test_a_lease_that_ran_out_is_taken_over_and_the_former_holder_is_ignored(
    channel: Channel, check: Check, now: datetime, settle: Settle
) -> None:
    fail(check, now)
    (dead_holder,) = take(10, now)
    (heir,) = take(10, now + LEASE)
    assert heir.attempt == 2
    assert not settle(dead_holder, failed("too late"))
    assert settle(heir, delivered())
    assert Notification.objects.get().state == "sent"


def test_a_renewed_lease_is_not_taken_over(channel: Channel, check: Check, now: datetime) -> None:
    fail(check, now)
    claims = take(10, now)
    leases.renew(Notification, claims, now + seconds(10))
    assert take(10, now + LEASE) == []


def test_what_this_process_still_sends_is_not_claimed_again(
    channel: Channel, check: Check, now: datetime
) -> None:
    fail(check, now)
    (claim,) = take(10, now)
    assert take(10, now + LEASE, busy={claim.id}) == []


def test_messages_of_one_check_to_one_channel_keep_their_order(
    channel: Channel, check: Check, now: datetime, settle: Settle
) -> None:
    fail(check, now)
    recover(check, now + seconds(5))
    later = now + seconds(9)
    (down,) = take(10, later)
    assert down.row.check_status == "down"
    assert take(10, later) == []
    settle(down, delivered())
    (up,) = take(10, later)
    assert up.row.check_status == "up"


def test_a_message_on_its_way_holds_back_only_its_own_successors(
    channel: Channel, check: Check, project: Project, now: datetime
) -> None:
    other = make_check(project)
    fail(check, now)
    take(10, now)
    recover(check, now + seconds(5))
    fail(other, now + seconds(5))
    claimed = take(10, now + seconds(6))
    assert [c.row.owner for c in claimed] == [other]


def test_claims_are_limited_and_the_oldest_come_first(
    channel: Channel, project: Project, now: datetime
) -> None:
    checks = [make_check(project) for _ in range(3)]
    for number, one in enumerate(checks):
        fail(one, now + seconds(number))
    claimed = take(2, now + seconds(9))
    assert [c.row.owner for c in claimed] == checks[:2]
    assert take(0, now + seconds(9)) == []


def test_urgent_messages_come_first(channel: Channel, project: Project, now: datetime) -> None:
    checks = [make_check(project) for _ in range(2)]
    for one in checks:
        fail(one, now)
    Notification.objects.filter(owner=checks[1]).update(priority=0)
    assert [c.row.owner for c in take(1, now)] == [checks[1]]


# --- Settling ---------------------------------------------------------------------------------


def test_a_delivery_is_recorded_everywhere(
    channel: Channel, check: Check, now: datetime, settle: Settle
) -> None:
    Channel.objects.update(last_error="old trouble")
    fail(check, now)
    settle(take(1, now)[0], delivered())
    message = Notification.objects.get()
    assert (message.state, message.error, message.due) == ("sent", "", None)
    assert message.settled == now + seconds(2)
    channel.refresh_from_db()
    assert (channel.last_error, channel.last_notify) == ("", now)
    assert channel.last_notify_duration == seconds(2)
    assert Flip.objects.get().processed == now + seconds(2)


def test_a_failure_for_good_is_recorded_and_the_channel_stays_on(
    channel: Channel, check: Check, now: datetime, settle: Settle
) -> None:
    fail(check, now)
    settle(take(1, now)[0], failed("x" * 500))
    message = Notification.objects.get()
    assert (message.state, message.due, len(message.error)) == ("failed", None, 200)
    channel.refresh_from_db()
    assert (channel.last_error, channel.disabled) == ("x" * 200, False)


def test_a_dead_channel_is_switched_off(
    channel: Channel, check: Check, now: datetime, settle: Settle
) -> None:
    fail(check, now)
    settle(take(1, now)[0], dead("gone"))
    channel.refresh_from_db()
    assert (channel.disabled, channel.last_error) == (True, "gone")


def test_an_outcome_does_not_undo_that_somebody_switched_the_channel_off(
    channel: Channel, check: Check, now: datetime, settle: Settle
) -> None:
    fail(check, now)
    (claim,) = take(1, now)
    channels.disable(channel.code)
    settle(claim, delivered())
    channel.refresh_from_db()
    assert channel.disabled


def test_the_flip_stays_open_until_everybody_was_told(
    project: Project, check: Check, now: datetime, settle: Settle
) -> None:
    make_webhook(project)
    make_webhook(project)
    fail(check, now)
    first, second = take(2, now)
    settle(first, delivered())
    assert Flip.objects.get().processed is None
    settle(second, failed("no"))
    assert Flip.objects.get().processed is not None


def test_flips_whose_messages_vanished_are_closed(
    channel: Channel, check: Check, now: datetime
) -> None:
    fail(check, now)
    channels.remove(channel.code)
    outbox.close_finished_flips(now)
    assert Flip.objects.get().processed == now


def test_a_dropped_message_is_settled_and_no_error_of_the_channel(
    channel: Channel, check: Check, now: datetime, settle: Settle
) -> None:
    fail(check, now)
    settle(take(1, now)[0], dropped("not needed"))
    message = Notification.objects.get()
    assert (message.state, message.error, message.due) == ("dropped", "not needed", None)
    assert Flip.objects.get().processed is not None
    channel.refresh_from_db()
    assert channel.last_error == ""


# --- Retrying ---------------------------------------------------------------------------------


HOURS = timedelta(hours=6)


@pytest.mark.parametrize(("number", "pause"), [(1, 15), (2, 60), (3, 300), (6, 3600), (50, 3600)])
def test_retries_wait_longer_and_longer(number: int, pause: int, now: datetime) -> None:
    again = next_try(retry("busy"), number, now, now + HOURS)
    assert again is not None
    assert 0.8 * pause <= (again - now).total_seconds() <= 1.2 * pause


def test_a_longer_pause_is_granted_when_the_service_asks_for_it(now: datetime) -> None:
    outcome = retry("slow down", timedelta(minutes=10))
    assert next_try(outcome, 1, now, now + HOURS) == now + timedelta(minutes=10)


def test_retries_end_after_hours(
    channel: Channel, check: Check, now: datetime, settings: Settings
) -> None:
    settings.NOTIFY_RETRY_HOURS = 6
    fail(check, now)
    Notification.objects.update(attempts=outbox.GIVES_WAY_AFTER - 1)
    late = now + timedelta(hours=5, minutes=59, seconds=50)
    outbox.settle([Attempt(take(1, late)[0], retry("busy"), late, late)])
    message = Notification.objects.get()
    assert (message.state, message.error, message.due) == ("failed", "busy", None)


@pytest.mark.parametrize(("number", "again"), [(1, True), (2, True), (3, False)])
def test_refusals_are_tried_a_few_times(number: int, again: bool, now: datetime) -> None:
    outcome = retry("status 404", attempts=3)
    assert (next_try(outcome, number, now, now + HOURS) is not None) == again


@pytest.mark.parametrize("outcome", [delivered(), failed("no"), dead("gone")])
def test_other_outcomes_are_final(outcome: Outcome, now: datetime) -> None:
    assert next_try(outcome, 1, now, now + HOURS) is None


def test_a_retry_is_queued_with_its_error(
    channel: Channel, check: Check, now: datetime, settle: Settle
) -> None:
    fail(check, now)
    settle(take(1, now)[0], retry("busy"))
    message = Notification.objects.get()
    assert (message.state, message.error, message.attempts) == ("queued", "busy", 1)
    assert message.due is not None
    assert message.due > now
    assert Flip.objects.get().processed is None


def test_a_new_message_hurries_the_one_it_waits_for(
    channel: Channel, check: Check, now: datetime, settle: Settle
) -> None:
    fail(check, now)
    settle(take(10, now)[0], retry("busy"))
    recover(check, now + seconds(5))
    (down,) = take(10, now + seconds(5))
    assert (down.row.check_status, down.attempt) == ("down", 2)


def test_no_hurry_shortens_a_pause_that_the_service_has_asked_for(
    channel: Channel, check: Check, now: datetime, settle: Settle
) -> None:
    fail(check, now)
    settle(take(10, now)[0], retry("slow down", seconds(100)))
    recover(check, now + seconds(5))
    assert take(10, now + seconds(101)) == []
    assert len(take(10, now + seconds(102))) == 1


def test_the_backoff_beyond_that_pause_is_cut_short(
    channel: Channel, check: Check, now: datetime, settle: Settle
) -> None:
    fail(check, now)
    settle(take(10, now)[0], retry("slow down", seconds(3)))
    recover(check, now + seconds(4))
    assert take(10, now + seconds(4)) == []
    assert len(take(10, now + seconds(5))) == 1


def test_a_message_hurries_none_of_other_checks_to_other_channels(
    project: Project, check: Check, now: datetime, settle: Settle
) -> None:
    """Two checks change together; the channels of one have nothing to do with the other."""
    other = make_check(project)
    mine, theirs = make_webhook(project), make_webhook(project)
    mine.checks.set([check, other])
    theirs.checks.set([other])
    fail(other, now)
    for claim in take(10, now):
        settle(claim, retry("busy"))
    mine.checks.set([check])
    later = now + seconds(5)
    record([ping_event(check.code, later, Kind.FAIL), ping_event(other.code, later)], later)
    hurried = [c.row.channel for c in take(10, later) if c.row.owner == other]
    assert hurried == [theirs]


def test_a_message_that_fails_again_and_again_gives_way_to_the_next(
    channel: Channel, check: Check, now: datetime, settle: Settle
) -> None:
    fail(check, now)
    for _ in range(outbox.GIVES_WAY_AFTER - 1):
        settle(take(10, now)[0], retry("busy"))
        Notification.objects.update(due=now)
    recover(check, now)
    settle(take(10, now)[0], retry("busy"))
    down, up = Notification.objects.order_by("pk")
    assert (down.state, down.error) == ("dropped", "busy. Superseded by a later message")
    assert [one.id for one in take(10, now)] == [up.pk]


def test_what_waits_behind_another_message_wakes_nobody(
    channel: Channel, check: Check, now: datetime, settle: Settle
) -> None:
    """Else the loop would turn at full speed until the retry."""
    fail(check, now)
    (first,) = take(10, now)
    recover(check, now + seconds(5))
    assert outbox.next_due(Space(10)) == now + LEASE
    assert outbox.next_due(Space(10, busy=[first.id])) is None


def test_projects_take_turns(channel: Channel, check: Check, bob: User, now: datetime) -> None:
    for number in range(5):
        fail(make_check(check.project), now + seconds(number))
    theirs = create_project("Quiet", bob)
    make_webhook(theirs)
    quiet = make_check(theirs)
    fail(quiet, now + seconds(9))
    claimed = take(2, now + seconds(9))
    assert quiet in [one.row.owner for one in claimed]


def test_a_destination_gets_no_more_than_it_has_places_for(
    channel: Channel, project: Project, now: datetime
) -> None:
    for _ in range(3):
        fail(make_check(project), now)
    assert outbox.claim(Space(10, places={"example.org": 0}), now) == []
    assert outbox.next_due(Space(10, places={"example.org": 0})) is None
    assert len(outbox.claim(Space(10, places={"example.org": 2}), now)) == 2
