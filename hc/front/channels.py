"""The channels of a check as its page lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Max

from hc.api.models import Channel, Check, Notification
from hc.integrations import registry
from hc.integrations.base import BadConfig
from hc.integrations.names import channel_name


def channel_rows(check: Check) -> list[dict[str, Any]]:
    """The project's channels, whether the check uses each, and what it was told last."""
    used = set(check.channel_set.values_list("pk", flat=True))
    channels = list(Channel.objects.filter(project=check.project_id).order_by("created", "pk"))
    told = Notification.objects.filter(owner=check).values("channel_id")
    newest = dict(told.annotate(newest=Max("pk")).values_list("channel_id", "newest"))
    last = Notification.objects.in_bulk(newest.values())
    members = members_of_groups(channels)
    return [
        {
            "channel": channel,
            "name": channel_name(channel),
            "integration": registry.get(channel.kind),
            "used": channel.pk in used,
            "members": [named(member) for member in members.get(channel.pk, ())],
            "last": last.get(newest.get(channel.pk, 0)),
        }
        for channel in channels
    ]


def members_of_groups(channels: Sequence[Channel]) -> dict[int, list[Channel]]:
    """The members of each group among all channels of a project."""
    by_code = {ch.code: ch for ch in channels if not registry.fans_out(ch.kind)}
    return {
        group.pk: [by_code[code] for code in _members(group) if code in by_code]
        for group in channels
        if registry.fans_out(group.kind)
    }


def named(member: Channel) -> str:
    """A member in the list of a group."""
    return f"{channel_name(member)} (switched off)" if member.disabled else channel_name(member)


def _members(group: Channel) -> tuple[UUID, ...]:
    try:
        return registry.load_config(group.kind, group.value).members()
    except BadConfig:
        return ()
