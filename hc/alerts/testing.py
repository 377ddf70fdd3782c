"""Test messages: a pretend check that is down is told through a channel.

They take the way of all messages, but are tried once, go to channels that are switched off, too,
and do not switch them on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from hc.alerts import announcements, groups
from hc.alerts.configs import config_of, destination
from hc.api.models import Channel, Check, DeliveryState, Limit, Notification, TokenBucket
from hc.integrations import registry
from hc.integrations.base import DIRECTIONS, Direction
from hc.lib import doorbell

# Source: web-ui D29 of the specification.
PER_CHANNEL = Limit(10, timedelta(minutes=1))


class CannotTest(Exception):
    """No test message was queued; the text is for users."""


class NothingToTest(CannotTest):
    """The channel is set to be told of nothing, or stands for nobody."""


class TooManyTests(CannotTest):
    """The channel was tested too often just now."""


def send_test(channel: Channel, now: datetime) -> Notification:
    """Queue a test message; earlier ones of the channel are forgotten. Raises CannotTest.

    Through a group, one for each of its members, with the message to the group as their `group`.
    """
    if not TokenBucket.authorize(f"test-{channel.code}", PER_CHANNEL, now):
        raise TooManyTests("Too many test messages. Wait a minute.")
    with transaction.atomic():
        _forget([channel])
        if not registry.fans_out(channel.kind):
            message = _message(channel, now)
            message.save(force_insert=True)
        else:
            message = _to_group(channel, now)
        doorbell.ring()
    return message


def is_test(notification: Notification) -> bool:
    about_nothing = notification.owner_id is None and notification.flip_id is None
    return about_nothing and not announcements.is_announcement(notification)


def tests_of(channels: Sequence[Channel]) -> QuerySet[Notification]:
    """The test messages to some channels."""
    loose = Notification.objects.filter(owner=None, flip=None, channel__in=channels)
    return loose.exclude(priority=announcements.PRIORITY)


def pretend_check(notification: Notification, now: datetime) -> Check:
    """The check that a test message is about. It is not stored."""
    return Check(
        pk=0,
        name="TEST",
        project_id=notification.channel.project_id,
        status=notification.check_status,
        created=now - timedelta(days=30),
        last_ping=now - timedelta(days=1),
        n_pings=42,
    )


def link(notification: Notification) -> str:
    """Where a test message leads: there is no such check."""
    return f"{settings.SITE_ROOT}/integrations/{notification.channel.code}/deliveries/"


def _to_group(group: Channel, now: datetime) -> Notification:
    members = _testable(groups.members_of([group]).get(group.pk, []))
    if not members:
        raise NothingToTest("No member of this group is switched on.")
    _forget(members)
    head = Notification(channel=group, check_status="down", created=now, due=None)
    head.save(force_insert=True)
    for member in members:
        message = _message(member, now)
        message.group = head
        message.save(force_insert=True)
    return head


def _forget(channels: Sequence[Channel]) -> None:
    """Delete earlier tests."""
    tests_of(channels).delete()


def _testable(members: Sequence[Channel]) -> list[Channel]:
    return [member for member in members if _direction(member)]


def _message(channel: Channel, now: datetime) -> Notification:
    status = _direction(channel)
    if status is None:
        raise NothingToTest("This integration is set to be told of nothing.")
    return Notification(
        channel=channel,
        check_status=status,
        created=now,
        due=now,
        priority=0,
        state=DeliveryState.QUEUED,
        destination=destination(config_of(channel), status),
    )


def _direction(channel: Channel) -> Direction | None:
    """What the channel wants to be told of; down if its settings cannot be read, which the attempt
    will say."""
    config = config_of(channel)
    if config is None:
        return "down"
    return next((status for status in DIRECTIONS if config.wants(status)), None)
