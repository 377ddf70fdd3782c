"""Messages that wait too long."""

from __future__ import annotations

from datetime import datetime, timedelta

from hc.accounts.models import Project
from hc.alerts import outbox
from hc.alerts.leases import LEASE, Attempt
from hc.alerts.room import SEATS_PER_DESTINATION
from hc.api.models import Channel, Check, Flip, Notification
from hc.core.state import Kind
from hc.integrations.base import retry
from hc.pings.writer import record
from tests.factories import make_check, make_group, make_webhook, ping_event, seconds
from tests.outbox import Settle, fail, recover, take

# --- Giving up --------------------------------------------------------------------------------


LONG = timedelta(hours=7, seconds=1)
HOST = "example.org"


def test_what_waited_because_we_were_away_is_not_given_up(
    channel: Channel, check: Check, now: datetime
) -> None:
    fail(check, now)
    outbox.expire({}, now + 2 * LONG)
    outbox.expire({"other.example.org": now}, now + 2 * LONG)
    assert len(take(10, now + 2 * LONG)) == 1


def test_what_its_destination_has_held_back_for_hours_is_an_error_of_the_channel(
    project: Project, check: Check, now: datetime
) -> None:
    member = make_webhook(project)
    group = make_group(project, member)
    member.checks.clear()
    fail(check, now)
    outbox.expire({HOST: now}, now + timedelta(hours=7))
    outbox.expire({HOST: now + timedelta(hours=2)}, now + LONG)
    assert set(Notification.objects.values_list("state", flat=True)) == {"queued"}
    outbox.expire({HOST: now}, now + LONG)
    message, head = (
        Notification.objects.get(channel=member),
        Notification.objects.get(owner=check, channel=group),
    )
    assert (message.state, message.error, message.due) == ("failed", outbox.NOT_TRIED, None)
    assert (head.state, head.error) == ("failed", "1 out of 1 notifications failed")
    member.refresh_from_db()
    group.refresh_from_db()
    assert (member.last_error, group.last_error) == (outbox.NOT_TRIED, head.error)
    assert Flip.objects.get().processed == now + LONG


def test_the_error_of_the_last_attempt_is_kept(
    channel: Channel, check: Check, now: datetime, settle: Settle
) -> None:
    fail(check, now)
    settle(take(10, now)[0], retry("Connection failed"))
    outbox.expire({HOST: now}, now + LONG)
    assert Notification.objects.get().error == "Connection failed"


def test_a_message_that_is_tried_late_gets_its_attempts(
    channel: Channel, check: Check, now: datetime
) -> None:
    """The mail server may come up a moment after us."""
    fail(check, now)
    late = now + 2 * LONG
    for _ in range(outbox.GIVES_WAY_AFTER - 1):
        outbox.settle([Attempt(take(1, late)[0], retry("busy"), late, late)])
        assert Notification.objects.get().state == "queued"
        late += timedelta(minutes=5)
    outbox.settle([Attempt(take(1, late)[0], retry("busy"), late, late)])
    assert Notification.objects.get().state == "failed"


# --- What is late -----------------------------------------------------------------------------


def late(now: datetime) -> list[Notification]:
    return list(outbox.overdue(now))


def test_what_nobody_claims_is_late(channel: Channel, check: Check, now: datetime) -> None:
    fail(check, now)
    assert late(now - seconds(1)) == []
    assert late(now) == [Notification.objects.get()]
    take(10, now)
    assert late(now) == []
    assert late(now + LEASE) == [Notification.objects.get()]  # nobody renews its lease


def test_what_waits_for_an_earlier_message_is_not_late(
    channel: Channel, check: Check, now: datetime
) -> None:
    fail(check, now)
    take(10, now)
    recover(check, now)
    assert late(now) == []


def test_what_waits_for_a_destination_that_fails_is_not_late(
    channel: Channel, check: Check, project: Project, now: datetime, settle: Settle
) -> None:
    fail(check, now)
    settle(take(10, now)[0], retry("Connection failed"))
    elsewhere = make_webhook(project, "https://other.example.org/")
    channel.checks.add(other := make_check(project))
    fail(other, now)
    assert [row.channel for row in late(now)] == [elsewhere]
    # Nobody has tried for a long time: it is not the destination that holds them back.
    assert len(late(now + timedelta(minutes=6))) == 3


def test_what_waits_for_a_place_is_not_late(
    channel: Channel, project: Project, now: datetime
) -> None:
    checks = [make_check(project) for _ in range(SEATS_PER_DESTINATION + 1)]
    record([ping_event(check.code, now, Kind.FAIL) for check in checks], now)
    take(SEATS_PER_DESTINATION - 1, now)
    assert len(late(now)) == 2
    take(1, now)
    assert late(now) == []
