"""Storms: when many checks go down at once, a channel may be told of all of them in one message.

The first messages to a channel that has been quiet go out at once. When it gets the tenth within
a minute, this and the next ones wait for one common moment, a few seconds away, at which they go
out together, however few they are. What is due together anyway, since it could not be sent
earlier, goes out as one from ten messages on. Kinds that can do so have `send_many` in their
transports; each channel may be set not to (Config.tells_together).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from hc.alerts.configs import config_of
from hc.api.models import Channel, DeliveryState, Notification
from hc.integrations import registry
from hc.integrations.base import Config

MANY = 10
WINDOW = timedelta(minutes=1)
GATHER = timedelta(seconds=8)

# Messages that could be told of together: the same channel, the same status.
Line = tuple[int, str]


COLUMNS = (
    *("pk", "destination", "channel_id", "channel__kind"),
    *("check_status", "created", "due", "owner_id"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """What has to be known of a due message to see with which others it goes out: COLUMNS."""

    pk: int
    destination: str
    channel: int
    kind: str
    status: str
    created: datetime
    due: datetime
    check: int | None

    @property
    def line(self) -> Line:
        return self.channel, self.status


def gather(messages: Sequence[Notification], together: Collection[int], now: datetime) -> None:
    """Let new messages wait for each other where there are many. `together`: the channels that
    want that."""
    new = Counter(_line(m) for m in messages if m.channel_id in together)
    if not new:
        return
    before, moments = _before({channel for channel, _ in new}, now)
    for message in messages:
        line = _line(message)
        if line in new and new[line] + before.get(line, 0) >= MANY:
            message.due = moments.get(line, now + GATHER)


def lots(rows: Sequence[Row]) -> dict[int, int]:
    """Which of the due messages go out together: the number of its lot by a message's key."""
    lines: defaultdict[Line, list[Row]] = defaultdict(list)
    for row in rows:
        if row.check and registry.can_send_many(row.kind):
            lines[row.line].append(row)
    found = [lot for of in lines.values() for lot in _lots_of(of)]
    wanting = _wanting({lot[0].channel for lot in found})
    return {
        row.pk: number
        for number, lot in enumerate(found)
        if lot[0].channel in wanting
        for row in lot
    }


def is_together(kind: str, config: Config | None) -> bool:
    """Whether a channel with these settings wants one message for many checks."""
    return registry.can_send_many(kind) and config is not None and config.tells_together()


def _before(
    channels: Collection[int], now: datetime
) -> tuple[dict[Line, int], dict[Line, datetime]]:
    """How many messages there were within the last minute, and the moment some still wait for."""
    waits = Q(state=DeliveryState.QUEUED, attempts=0, due__gt=now, due__lte=now + GATHER)
    recent = (
        Notification.objects.filter(channel__in=channels, created__gt=now - WINDOW)
        .exclude(owner=None)
        .values_list("channel", "check_status")
        .annotate(number=Count("pk"), moment=Min("due", filter=waits))
        .order_by()
    )
    rows = [((channel, status), number, at) for channel, status, number, at in recent]
    return (
        {line: number for line, number, _ in rows},
        {line: at for line, _, at in rows if at is not None},
    )


def _lots_of(rows: Sequence[Row]) -> list[list[Row]]:
    """The lots of one line: everything if it is many, else those that share a moment.

    That is so for messages that have waited for each other, or were tried together before; those
    that were due at once share the instant at which they were made, which does not count.
    """
    if len(rows) >= MANY:
        return [list(rows)]
    by_moment: defaultdict[datetime, list[Row]] = defaultdict(list)
    for row in rows:
        if row.due > row.created:
            by_moment[row.due].append(row)
    return [lot for lot in by_moment.values() if len(lot) > 1]


def _line(message: Notification) -> Line:
    return message.channel_id, message.check_status


def _wanting(channels: Collection[int]) -> set[int]:
    if not channels:
        return set()
    rows = Channel.objects.filter(pk__in=channels).only("kind", "value")
    return {row.pk for row in rows if is_together(row.kind, config_of(row))}
