from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hc.accounts.models import Project
from hc.alerts import flapping, queueing
from hc.alerts.message import Builder
from hc.api.models import Channel, Check, Flip, Notification
from hc.core.state import Kind
from hc.integrations.email import transport
from hc.integrations.email.config import EmailConfig
from hc.pings.writer import record
from tests.factories import make_email, ping_event, seconds

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def channel(project: Project, check: Check) -> Channel:
    return make_email(project)


def change(check: Check, at: datetime) -> None:
    """Fail if it is up, recover if it is down."""
    check.refresh_from_db()
    kind = Kind.SUCCESS if check.status == "down" else Kind.FAIL
    record([ping_event(check.code, at, kind)], at)


def flap(check: Check, times: int, since: datetime) -> datetime:
    """Change the status so often, every ten seconds; when the last change was."""
    for number in range(times):
        change(check, since + seconds(10 * number))
    return since + seconds(10 * (times - 1))


def test_ten_changes_are_told_one_by_one(channel: Channel, check: Check, now: datetime) -> None:
    flap(check, 10, now)
    assert Notification.objects.filter(changes=0).count() == 10


def test_then_it_is_told_once_that_it_flaps(channel: Channel, check: Check, now: datetime) -> None:
    flap(check, 15, now)
    assert Notification.objects.count() == 11
    row = Notification.objects.select_related("owner", "flip", "channel").latest("pk")
    assert row.changes == 11
    config = EmailConfig.load(channel.value)
    mail = transport.compose(Builder([(row, config)], now).build(row, config), config)
    assert "changed its status 11 times within the last hour" in mail.text
    assert "changed its status 11 times within the last hour" in mail.html


def test_flips_nobody_is_told_of_are_closed(channel: Channel, check: Check, now: datetime) -> None:
    last = flap(check, 15, now)
    assert Flip.objects.latest("pk").processed == last


def test_while_it_goes_on_there_is_a_message_an_hour(
    channel: Channel, check: Check, now: datetime
) -> None:
    flap(check, 15, now)
    told = now + seconds(100)
    flap(check, 30, told + HOUR - 6 * MINUTE)
    count = Notification.objects.count()
    assert queueing.summarise(told + HOUR - seconds(61)) == 0
    assert queueing.summarise(told + HOUR) == 1
    assert Notification.objects.count() == count + 1
    assert queueing.summarise(told + HOUR + seconds(1)) == 0


def test_the_status_in_which_it_comes_to_rest_is_told(
    channel: Channel, check: Check, now: datetime
) -> None:
    last = flap(check, 16, now)
    check.refresh_from_db()
    assert queueing.summarise(last + flapping.CALM - seconds(1)) == 0
    assert queueing.summarise(last + flapping.CALM) == 1
    assert Notification.objects.latest("pk").check_status == check.status
    assert queueing.summarise(last + flapping.CALM + MINUTE) == 0


def test_rest_in_the_status_people_know_of_is_not_told(
    channel: Channel, check: Check, now: datetime
) -> None:
    last = flap(check, 11, now)
    assert queueing.summarise(last + flapping.CALM) == 0
    check.refresh_from_db()
    assert check.flapping_told is None


def test_afterwards_changes_are_told_as_ever(channel: Channel, check: Check, now: datetime) -> None:
    last = flap(check, 16, now)
    queueing.summarise(last + flapping.CALM)
    change(check, last + 2 * HOUR)
    assert Notification.objects.latest("pk").changes == 0
