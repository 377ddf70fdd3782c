"""What channels are called where people see them."""

from __future__ import annotations

from hc.api.models import Channel
from hc.integrations import registry
from hc.integrations.base import BadConfig


def kind_label(channel: Channel) -> str:
    """The name of its service; of its kind where that is not offered any more."""
    integration = registry.get(channel.kind)
    return integration.label if integration else f"{channel.kind} (retired)"


def channel_name(channel: Channel) -> str:
    """What a channel is called in lists: its name, what tells it apart, or its kind."""
    if channel.name:
        return channel.name
    try:
        return registry.load_config(channel.kind, channel.value).title() or kind_label(channel)
    except BadConfig:
        return kind_label(channel)
