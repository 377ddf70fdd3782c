"""Announcements: that an account will be deleted, told through all channels of its projects.

They take the way of all messages: a pretend check whose name says what will happen is told to be
down, or up through channels that want nothing else. Mailboxes get a letter instead
(hc.reports.notices), and groups nothing, since their members are told themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from hc.accounts.models import Project, User
from hc.alerts.configs import config_of, destination
from hc.api.models import Channel, Check, DeliveryState, Notification
from hc.api.models.check import unique_key
from hc.integrations import registry
from hc.integrations.base import DIRECTIONS
from hc.lib import doorbell

# After all alerts; it also tells them from test messages, which belong to no check either.
PRIORITY = 2


def queue(owner: User, now: datetime) -> list[Channel]:
    """Queue an announcement to each channel of an owner's projects that can be told; in the
    caller's transaction."""
    channels = Channel.objects.filter(project__owner=owner, project__removed=None, disabled=False)
    messages = [
        message for channel in channels.order_by("pk") if (message := _message(channel, now))
    ]
    Notification.objects.bulk_create(messages)
    doorbell.ring()
    return [message.channel for message in messages]


def is_announcement(notification: Notification) -> bool:
    about_nothing = notification.owner_id is None and notification.flip_id is None
    return about_nothing and notification.priority == PRIORITY


def dates(notifications: Iterable[Notification]) -> dict[int, datetime | None]:
    """When the accounts will be deleted that announcements are about, by project."""
    projects = {n.channel.project_id for n in notifications if is_announcement(n)}
    if not projects:
        return {}
    rows = Project.objects.filter(pk__in=projects)
    return dict(rows.values_list("pk", "owner__profile__deletion_scheduled_date"))


def pretend_check(notification: Notification, owner: User, date: datetime | None) -> Check:
    """The check that an announcement is about. It is not stored, but the same for all attempts.

    `date`: None if the operator has called the deletion off meanwhile.
    """
    when = f"will be deleted on {date.day} {date:%B %Y}" if date else "will not be deleted"
    asks = settings.SUPPORT_EMAIL or "the people who run this service"
    return Check(
        pk=0,
        code=notification.code,
        unique_key=unique_key(notification.code),
        name=f"The account {owner.email} {when}",
        desc=f"With all of its checks and integrations. Questions: {asks}" if date else "",
        project_id=notification.channel.project_id,
        status=notification.check_status,
        created=notification.created,
    )


def link(project: Project) -> str:
    """Where an announcement leads."""
    return f"{settings.SITE_ROOT}/projects/{project.code}/checks/"


def _message(channel: Channel, now: datetime) -> Notification | None:
    config = config_of(channel)
    if config is None or registry.fans_out(channel.kind) or config.reader_address():
        return None
    status = next((status for status in DIRECTIONS if config.wants(status)), None)
    if status is None:
        return None
    return Notification(
        channel=channel,
        check_status=status,
        created=now,
        due=now,
        priority=PRIORITY,
        state=DeliveryState.QUEUED,
        destination=destination(config, status),
    )
