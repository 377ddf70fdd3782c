"""The channels of a check as its page lists them."""

from __future__ import annotations

from typing import Any

from django.db.models import Max

from hc.api.models import Channel, Check, Notification
from hc.integrations import registry
from hc.integrations.base import BadConfig


def channel_rows(check: Check) -> list[dict[str, Any]]:
    """The project's channels, whether the check uses each, and what it was told last."""
    used = set(check.channel_set.values_list("pk", flat=True))
    channels = list(Channel.objects.filter(project=check.project_id).order_by("created", "pk"))
    told = Notification.objects.filter(owner=check).values("channel_id")
    newest = dict(told.annotate(newest=Max("pk")).values_list("channel_id", "newest"))
    last = Notification.objects.in_bulk(newest.values())
    return [
        {
            "channel": channel,
            "name": channel_name(channel),
            "integration": registry.get(channel.kind),
            "used": channel.pk in used,
            "last": last.get(newest.get(channel.pk, 0)),
        }
        for channel in channels
    ]


def channel_name(channel: Channel) -> str:
    """What a channel is called in lists: its name, what tells it apart, or its kind."""
    if channel.name:
        return channel.name
    integration = registry.get(channel.kind)
    label = integration.label if integration else f"{channel.kind} (retired)"
    try:
        return registry.load_config(channel.kind, channel.value).title() or label
    except BadConfig:
        return label
