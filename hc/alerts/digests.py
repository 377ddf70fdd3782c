"""Storms: when many checks go down at once, a channel may be told of all of them in one message.

From the tenth message to a channel within a minute on, the next ones wait a few seconds for each
other and go out together. Kinds that can do so have `send_many` in their transports; each channel
may be set not to (Config.tells_together).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count

from hc.api.models import Channel, Notification
from hc.integrations import registry
from hc.integrations.base import BadConfig

MANY = 10
WINDOW = timedelta(minutes=1)
GATHER = timedelta(seconds=8)


def gather(messages: Sequence[Notification], together: Collection[int], now: datetime) -> None:
    """Let new messages wait for each other where there are many. `together`: the channels that
    want that."""
    new = Counter(m.channel_id for m in messages if m.channel_id in together)
    if not new:
        return
    recent = Notification.objects.filter(channel__in=new, created__gt=now - WINDOW)
    before = dict(recent.values_list("channel").annotate(number=Count("pk")).order_by())
    for message in messages:
        channel = message.channel_id
        if channel in new and new[channel] + before.get(channel, 0) >= MANY:
            message.due = now + GATHER


def lots(rows: Sequence[tuple[Any, ...]]) -> dict[int, int]:
    """Which of the due messages go out together: the number of its lot by a message's key.

    A row is (key, destination, channel, kind, status).
    """
    found: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for pk, _, channel, kind, status in rows:
        if registry.can_send_many(kind):
            found[channel, status].append(pk)
    many = {of: keys for of, keys in found.items() if len(keys) >= MANY}
    wanting = _wanting({channel for channel, _ in many})
    return {
        pk: number
        for number, ((channel, _), keys) in enumerate(many.items())
        if channel in wanting
        for pk in keys
    }


def _wanting(channels: Collection[int]) -> set[int]:
    if not channels:
        return set()
    rows = Channel.objects.filter(pk__in=channels).values_list("pk", "kind", "value")
    return {pk for pk, kind, value in rows if is_together(kind, value)}


def is_together(kind: str, value: str) -> bool:
    """Whether a channel with this setting wants one message for many checks."""
    if not registry.can_send_many(kind):
        return False
    try:
        return registry.load_config(kind, value).tells_together()
    except BadConfig:
        return False
