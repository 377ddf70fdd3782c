"""The settings of channels, as the engine asks for them."""

from __future__ import annotations

from hc.api.models import Channel
from hc.integrations import registry
from hc.integrations.base import BadConfig, Config, Direction

LONGEST_DESTINATION = 100  # characters of Notification.destination


def config_of(channel: Channel) -> Config | None:
    """Its settings; None if they cannot be read, which the attempt will say."""
    try:
        return registry.load_config(channel.kind, channel.value)
    except BadConfig:
        return None


def destination(config: Config | None, status: Direction) -> str:
    """Whose servers are called, as it is stored with a message."""
    return config.destination(status)[:LONGEST_DESTINATION] if config else ""
