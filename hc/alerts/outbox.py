"""The outbox: messages to be sent, in the table of notifications.

A message is queued in the transaction of its flip, claimed with a lease, and settled with its
outcome. Leases are renewed while a message is being sent; one that is not (its process died, or
lost the database) runs out, and the message is claimed again. So a message may go out twice, but
is never lost. Messages of one check to one channel are claimed in their order, one at a time.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, Min, OuterRef, QuerySet

from hc.alerts import wakeup
from hc.api.models import OPEN_STATES, Channel, DeliveryState, Flip, Notification
from hc.integrations import registry
from hc.integrations.base import BadConfig, Direction, Outcome, Result

LEASE = timedelta(seconds=15)
RETRIES = tuple(timedelta(seconds=s) for s in (15, 60, 300, 900, 1800, 3600))
JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that this process may send until its lease runs out."""

    notification: Notification
    attempt: int

    @property
    def id(self) -> int:
        return self.notification.pk


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one attempt, and when it took place."""

    claim: Claim
    outcome: Outcome
    started: datetime
    finished: datetime


# --- In ---------------------------------------------------------------------------------------


def enqueue(flips: Sequence[Flip], now: datetime) -> int:
    """Queue one message per flip and channel, in the caller's transaction; how many there are.

    `flips` are stored rows of which people are to be told.
    """
    if not flips:
        return 0
    links = Channel.checks.through.objects.filter(
        check_id__in={flip.owner_id for flip in flips}, channel__disabled=False
    ).select_related("channel")
    channels: dict[int, list[Channel]] = {}
    for link in links:
        channels.setdefault(link.check_id, []).append(link.channel)
    messages = [
        _message(flip, channel, now)
        for flip in flips
        for channel in channels.get(flip.owner_id, [])
        if _has_something_to_do(channel, flip)
    ]
    Notification.objects.bulk_create(messages)
    wakeup.notify()
    _close_flips({flip.pk for flip in flips} - {m.flip_id for m in messages}, now)
    return len(messages)


def _message(flip: Flip, channel: Channel, now: datetime) -> Notification:
    integration = registry.get(channel.kind)
    return Notification(
        owner_id=flip.owner_id,
        channel=channel,
        flip=flip,
        check_status=flip.new_status,
        created=now,
        due=now,
        priority=0 if integration and integration.paging else 1,
    )


def _has_something_to_do(channel: Channel, flip: Flip) -> bool:
    if registry.get(channel.kind) is None:  # a kind that was retired
        return False
    try:
        config = registry.load_config(channel.kind, channel.value)
    except BadConfig:
        return True  # the attempt will say what is wrong with it
    return config.wants(direction(flip.new_status))


def direction(status: str) -> Direction:
    return "down" if status == "down" else "up"


# --- Out --------------------------------------------------------------------------------------


def claim(limit: int, now: datetime, *, busy: Collection[int] = ()) -> list[Claim]:
    """Lease up to `limit` messages that are due, the most urgent first.

    `busy`: messages this process is still sending; their leases may have run out while the
    database was away.
    """
    if limit <= 0:
        return []
    with transaction.atomic():
        locked = (
            _first_in_line(busy)
            .filter(due__lte=now)
            .select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
        )
        ids = list(locked.order_by("priority", "due", "pk").values_list("pk", flat=True)[:limit])
        Notification.objects.filter(pk__in=ids).update(
            state=DeliveryState.SENDING, attempts=F("attempts") + 1, due=now + LEASE
        )
    rows = Notification.objects.filter(pk__in=ids).select_related("channel", "flip", "owner")
    return [Claim(row, row.attempts) for row in rows.order_by("priority", "pk")]


def renew(claims: Iterable[Claim], now: datetime) -> None:
    """Keep the leases of messages that are still being sent."""
    for one in claims:
        _held(one).update(due=now + LEASE)


def release(claims: Iterable[Claim], now: datetime) -> None:
    """Give messages back that were claimed, but whose sending has not begun."""
    for one in claims:
        _held(one).update(state=DeliveryState.QUEUED, attempts=F("attempts") - 1, due=now)


def settle(attempt: Attempt) -> bool:
    """Store what came of an attempt; False if the lease had been lost to another process."""
    claimed, outcome = attempt.claim, attempt.outcome
    again = next_try(attempt)
    with transaction.atomic():
        values = {"error": outcome.error, "due": again}
        if again:
            values["state"] = DeliveryState.QUEUED
        else:
            delivered = outcome.result is Result.DELIVERED
            values["state"] = DeliveryState.SENT if delivered else DeliveryState.FAILED
            values["settled"] = attempt.finished
        if not _held(claimed).update(**values):
            return False
        _record_on_channel(attempt)
        if not again and claimed.notification.flip_id:
            _close_flips({claimed.notification.flip_id}, attempt.finished)
    return True


def drop(claimed: Claim, why: str, now: datetime) -> None:
    """Settle a message that is not to be sent any more."""
    with transaction.atomic():
        _held(claimed).update(state=DeliveryState.DROPPED, error=why, due=None, settled=now)
        if claimed.notification.flip_id:
            _close_flips({claimed.notification.flip_id}, now)


def next_try(attempt: Attempt) -> datetime | None:
    """When to try again after this attempt; None if it was the last one."""
    outcome, number = attempt.outcome, attempt.claim.attempt
    if outcome.result is not Result.RETRY:
        return None
    if outcome.max_attempts is not None and number >= outcome.max_attempts:
        return None
    pause = RETRIES[min(number, len(RETRIES)) - 1]
    # Jitter, so that the messages of one outage do not come back all at once.
    pause *= random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - nothing secret about it
    again = attempt.finished + max(pause, outcome.retry_after or timedelta(0))
    expires = attempt.claim.notification.created + timedelta(hours=settings.NOTIFY_RETRY_HOURS)
    return again if again <= expires else None


def next_due(busy: Collection[int] = ()) -> datetime | None:
    """When there is something to claim again: a message is due, or a lease runs out."""
    due: datetime | None = _first_in_line(busy).aggregate(d=Min("due"))["d"]
    return due


def close_finished_flips(now: datetime) -> None:
    """Close the flips that `settle` could not: two processes settled their last messages at once,
    or a channel with a waiting message was removed."""
    ids = Flip.objects.filter(processed=None).order_by("pk").values_list("pk", flat=True)[:1000]
    _close_flips(set(ids), now)


# --- Helpers ----------------------------------------------------------------------------------


def _first_in_line(busy: Collection[int]) -> QuerySet[Notification]:
    """Open messages that wait for no earlier one of their check to their channel."""
    before = Notification.objects.filter(
        channel_id=OuterRef("channel_id"),
        owner_id=OuterRef("owner_id"),
        due__isnull=False,
        pk__lt=OuterRef("pk"),
    )
    waiting = Notification.objects.filter(due__isnull=False).exclude(Exists(before))
    return waiting.exclude(pk__in=busy) if busy else waiting


def _held(claimed: Claim) -> QuerySet[Notification]:
    """The message, provided the lease is still ours: each claim raises `attempts`."""
    return Notification.objects.filter(
        pk=claimed.id, state=DeliveryState.SENDING, attempts=claimed.attempt
    )


def _record_on_channel(attempt: Attempt) -> None:
    """Column by column: a person may switch the channel on or off at the same time."""
    values = {
        "last_notify": attempt.started,
        "last_notify_duration": attempt.finished - attempt.started,
        "last_error": attempt.outcome.error,
    }
    if attempt.outcome.result is Result.DEAD:
        values["disabled"] = True
    Channel.objects.filter(pk=attempt.claim.notification.channel_id).update(**values)


def _close_flips(ids: set[int], now: datetime) -> None:
    """Mark those of the flips as processed of which nobody has to be told any more."""
    waiting = Notification.objects.filter(flip_id=OuterRef("pk"), state__in=OPEN_STATES)
    Flip.objects.filter(pk__in=ids, processed=None).exclude(Exists(waiting)).update(processed=now)
