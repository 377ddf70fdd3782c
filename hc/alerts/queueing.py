"""Queueing: from flips to the messages that tell of them, in the transaction of the flips."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from hc.alerts import digests, flapping, groups
from hc.alerts.configs import config_of, destination
from hc.alerts.message import direction
from hc.alerts.outbox import close_flips
from hc.api.models import Channel, DeliveryState, Flip, Notification
from hc.api.services import reminders
from hc.integrations import registry
from hc.integrations.base import Config
from hc.lib import bulk, doorbell


def enqueue(flips: Sequence[Flip], now: datetime) -> int:
    """Queue one message per flip and channel, in the caller's transaction; how many there are.

    `flips` are stored rows of which people are to be told.
    """
    if not flips:
        return 0
    status = {flip.owner_id: flip.new_status for flip in flips}
    down = [check for check, new in status.items() if new == "down"]
    reminders.follow_checks(status, now, down=down)
    told = flapping.sift(flips, now)
    messages = _queue(told, now)
    close_flips({flip.pk for flip in flips} - {m.flip_id for m in messages if m.flip_id}, now)
    return len(messages)


def summarise(now: datetime) -> int:
    """Queue messages about flapping checks that are due."""
    with transaction.atomic():
        return len(_queue(flapping.summaries(now), now))


def _queue(told: flapping.Told, now: datetime) -> list[Notification]:
    recipients = groups.expand(_channels({flip.owner_id for flip in told.flips}))
    known = {r.channel.pk: r.channel for of in recipients.values() for r in of}
    configs = {pk: config_of(channel) for pk, channel in known.items()}
    heads: dict[tuple[int, int], Notification] = {}
    messages: list[Notification] = []
    for flip in told.flips:
        for recipient in recipients.get(flip.owner_id, []):
            channel, config = recipient.channel, configs[recipient.channel.pk]
            if not _has_something_to_do(channel, config, flip):
                continue
            message = _message(flip, channel, config, told.changes.get(flip.owner_id, 0), now)
            if recipient.group:
                message.group = _head(heads, flip, recipient.group, now)
            messages.append(message)
    if not messages:
        return []
    together = {pk for pk, ch in known.items() if digests.is_together(ch.kind, configs[pk])}
    digests.gather(messages, together, now)
    _hurry(messages, now)
    bulk.insert(messages)
    doorbell.ring()
    return messages


def _head(
    heads: dict[tuple[int, int], Notification], flip: Flip, group: Channel, now: datetime
) -> Notification:
    """The message to the group itself: it is never due, but settled with those of its members."""
    head = heads.get((flip.pk, group.pk))
    if head is None:
        head = Notification(
            owner_id=flip.owner_id,
            channel=group,
            flip=flip,
            check_status=flip.new_status,
            created=now,
        )
        head.save(force_insert=True)
        heads[flip.pk, group.pk] = head
    return head


def _channels(checks: Collection[int]) -> Mapping[int, list[Channel]]:
    """The channels of each check that are switched on; none of projects that were removed."""
    links = list(
        Channel.checks.through.objects.filter(check_id__in=checks, channel__disabled=False)
        .filter(channel__project__removed=None)
        .order_by("pk")
        .values_list("check_id", "channel_id")
    )
    known = Channel.objects.in_bulk({channel for _, channel in links})
    channels: dict[int, list[Channel]] = {}
    for check, channel in links:
        if channel in known:
            channels.setdefault(check, []).append(known[channel])
    return channels


def _has_something_to_do(channel: Channel, config: Config | None, flip: Flip) -> bool:
    if registry.get(channel.kind) is None:  # a kind that was retired
        return False
    return config is None or config.wants(direction(flip.new_status))


def _message(
    flip: Flip, channel: Channel, config: Config | None, changes: int, now: datetime
) -> Notification:
    integration = registry.get(channel.kind)
    return Notification(
        owner_id=flip.owner_id,
        channel=channel,
        flip=flip,
        check_status=flip.new_status,
        created=now,
        due=now,
        priority=0 if integration and integration.paging else 1,
        destination=destination(config, direction(flip.new_status)),
        changes=changes,
    )


def _hurry(messages: Sequence[Notification], now: datetime) -> None:
    """Earlier messages that wait for their next attempt are tried at once, so that the new ones of
    the same checks and channels need not wait for them. If the service has asked for a pause, they
    are tried when that is over."""
    again = Notification.objects.filter(due__gt=now, state=DeliveryState.QUEUED, attempts__gt=0)
    if not again.exists():
        return
    followed = {(m.owner_id, m.channel_id) for m in messages}
    rows = again.filter(
        owner__in={owner for owner, _ in followed}, channel__in={channel for _, channel in followed}
    ).values_list("pk", "owner_id", "channel_id")
    waiting = again.filter(pk__in=[pk for pk, *of in rows if tuple(of) in followed])
    waiting.filter(not_before__gt=now).update(due=F("not_before"))
    waiting.filter(Q(not_before=None) | Q(not_before__lte=now)).update(due=now)
