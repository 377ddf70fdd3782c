from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from hc.accounts.models import Project
from hc.alerts import feedback, groups, outbox
from hc.alerts.dispatcher import Space
from hc.alerts.feedback import Report, record, report_in
from hc.alerts.leases import Attempt
from hc.api.models import Channel, Check, Flip, Notification
from hc.api.services import channels
from hc.core.state import Kind
from hc.integrations.base import delivered
from hc.pings.writer import record as take_pings
from tests.factories import make_group, make_webhook, ping_event, seconds

HOUR = timedelta(hours=1)


@pytest.fixture
def channel(project: Project) -> Channel:
    return make_webhook(project)


def channel_of(message: Notification) -> Channel:
    return Channel.objects.get(pk=message.channel_id)


@pytest.fixture
def message(channel: Channel, check: Check, now: datetime) -> Notification:
    return Notification.objects.create(
        channel=channel, owner=check, check_status="down", created=now, state="sent", settled=now
    )


def report(row: Notification, now: datetime, text: str = "gone", **more: bool) -> bool:
    return record(row.code, Report(text, **more), now, within=HOUR)


# --- Callbacks --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, None),
        ({"error": ""}, None),
        ({"mark_disabled": "1"}, None),
        ({"error": "x"}, Report("x")),
        ({"error": "x", "mark_disabled": ""}, Report("x")),
        ({"error": "x", "mark_disabled": "1"}, Report("x", is_dead=True)),
        ({"MessageStatus": "sent"}, None),
        ({"MessageStatus": "failed"}, Report("Delivery failed (status=failed).")),
        ({"MessageStatus": "undelivered"}, Report("Delivery failed (status=undelivered).")),
        ({"CallStatus": "failed"}, Report("Delivery failed (status=failed).")),
        ({"CallStatus": "busy"}, None),
        (
            {"CallStatus": "failed", "MessageStatus": "undelivered", "error": "x"},
            Report("Delivery failed (status=failed)."),
        ),
        (
            {"MessageStatus": "undelivered", "error": "x", "mark_disabled": "1"},
            Report("Delivery failed (status=undelivered).", is_dead=True),
        ),
    ],
)
def test_what_a_callback_says(form: dict[str, str], expected: Report | None) -> None:
    assert report_in(form) == expected


# --- Reports ----------------------------------------------------------------------------------


def test_a_report_is_stored_with_message_and_channel(message: Notification, now: datetime) -> None:
    assert report(message, now + seconds(9))
    message.refresh_from_db()
    assert (message.state, message.error, message.settled) == ("failed", "gone", now)
    channel = channel_of(message)
    assert (channel.last_error, channel.disabled) == ("gone", False)


def test_what_comes_too_late_is_ignored(message: Notification, now: datetime) -> None:
    assert report(message, now + HOUR)
    assert not report(message, now + HOUR + seconds(1))
    assert not record(uuid4(), Report("x"), now, within=HOUR)


def test_long_and_unprintable_errors_fit(message: Notification, now: datetime) -> None:
    assert report(message, now, "a\0b\n" + "x" * 500)
    message.refresh_from_db()
    assert message.error == "a b " + "x" * 196


def test_a_dead_channel_is_switched_off(message: Notification, now: datetime) -> None:
    report(message, now, is_dead=True)
    assert channel_of(message).disabled


def test_a_report_never_switches_a_channel_on(message: Notification, now: datetime) -> None:
    channels.disable(message.channel.code)
    report(message, now)
    assert channel_of(message).disabled


def test_a_delay_is_no_failure_yet(message: Notification, now: datetime) -> None:
    report(message, now, is_final=False)
    message.refresh_from_db()
    assert (message.state, message.error) == ("sent", "gone")


def test_a_report_does_not_stop_the_next_attempt(message: Notification, now: datetime) -> None:
    due = now + seconds(60)
    Notification.objects.update(state="queued", attempts=1, due=due, settled=None)
    report(message, now)
    message.refresh_from_db()
    assert (message.state, message.due, message.error) == ("queued", due, "gone")


def test_a_report_may_overtake_the_outcome_of_the_attempt(
    channel: Channel, check: Check, now: datetime
) -> None:
    take_pings([ping_event(check.code, now, Kind.FAIL)], now)
    ((claim,),) = outbox.claim(Space(10), now)
    assert report(claim.row, now + seconds(1))
    assert outbox.settle([Attempt(claim, delivered(), now, now + seconds(2))]) == []
    assert Notification.objects.get().state == "failed"
    assert Flip.objects.get().processed == now + seconds(1)


def test_a_group_hears_of_its_members(
    project: Project, channel: Channel, check: Check, now: datetime
) -> None:
    group = make_group(project, channel)
    row = Notification.objects.create(channel=group, owner=check, check_status="down", created=now)
    member = Notification.objects.create(
        channel=channel, owner=check, check_status="down", created=now, state="sent", group=row
    )
    groups.settle_groups({row.pk}, now)
    record(member.code, Report("gone"), now, within=feedback.CALLBACK_TIME)
    row.refresh_from_db()
    assert row.error == "1 out of 1 notifications failed"
