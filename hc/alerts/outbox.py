"""The outbox: messages about flips, in the table of notifications.

A message is queued in the transaction of its flip, claimed with a lease, and settled with its
outcome (hc.alerts.leases). Messages of one check to one channel are claimed in their order, one
at a time; those of different projects take turns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Min, OuterRef, QuerySet, Window
from django.db.models.functions import RowNumber

from hc.alerts import digests, groups, leases
from hc.alerts.dispatcher import Space
from hc.alerts.leases import Attempt, Claim
from hc.alerts.testing import is_test
from hc.api.models import OPEN_STATES, Channel, DeliveryState, Flip, Notification
from hc.integrations.base import Result, dropped
from hc.lib.bulk import update_rows

# After so many attempts a message gives way to the next one of its check, if there is one.
GIVES_WAY_AFTER = 3
# A claim looks at more messages than it takes, so that full destinations do not end it early.
LOOK_AHEAD = 4
NOT_TRIED = "Its destination did not answer for hours"


def claim(space: Space, now: datetime) -> list[list[Claim[Notification]]]:
    """Lease messages that are due, the most urgent first; those of one list go out as one."""
    if space.limit <= 0:
        return []
    chosen = _choose(space, now)
    if not chosen:
        return []
    with transaction.atomic():
        ids = leases.take(Notification, [pk for pk, _ in chosen], now)
    found = Notification.objects.filter(pk__in=ids)
    rows = found.select_related("channel", "flip", "owner", "group")
    claims = {row.pk: Claim(row, row.attempts) for row in rows}
    return _together([(claims[pk], lot) for pk, lot in chosen if pk in claims])


def settle(attempts: Sequence[Attempt[Notification]]) -> list[Attempt[Notification]]:
    """Store what came of attempts, in one transaction; those whose lease was not lost."""
    if not attempts:
        return []
    with transaction.atomic():
        held = leases.settle(Notification, _decided(attempts))
        _record_on_channels(held)
        now = max(one.finished for one in attempts)
        over = [one.claim.row for one in held if not one.again]
        flips = groups.settle_groups({row.group_id for row in over if row.group_id}, now)
        close_flips(flips | {row.flip_id for row in over if row.flip_id}, now)
    return held


def next_due(space: Space) -> datetime | None:
    """When there is something to claim again: a message is due, or a lease runs out."""
    due: datetime | None = _first_in_line(space).aggregate(d=Min("due"))["d"]
    return due


def expire(now: datetime) -> None:
    """Give up what was not tried for too long, because its destination is left alone."""
    old = now - _patience() - timedelta(hours=1)
    late = Notification.objects.filter(due__isnull=False, created__lt=old)
    waiting = late.filter(state=DeliveryState.QUEUED)
    Notification.objects.filter(pk__in=list(waiting.values_list("pk", flat=True)[:1000])).filter(
        state=DeliveryState.QUEUED
    ).update(state=DeliveryState.FAILED, error=NOT_TRIED, due=None, settled=now)


def close_finished_flips(now: datetime) -> None:
    """Close the groups and flips that `settle` could not: two processes settled their last
    messages at once, or a channel with a waiting message was removed."""
    groups.settle_finished(now)
    ids = Flip.objects.filter(processed=None).order_by("pk").values_list("pk", flat=True)[:1000]
    close_flips(set(ids), now)


def close_flips(ids: Collection[int], now: datetime) -> None:
    """Mark those of the flips as processed of which nobody has to be told any more."""
    if not ids:
        return
    waiting = Notification.objects.filter(flip_id=OuterRef("pk"), state__in=OPEN_STATES)
    Flip.objects.filter(pk__in=ids, processed=None).exclude(Exists(waiting)).update(processed=now)


# --- Choosing ---------------------------------------------------------------------------------


def _choose(space: Space, now: datetime) -> list[tuple[int, int | None]]:
    """The keys of messages to claim, those of one project in turn with those of others.

    The second number is that of the channel if the message may go out with others to it.
    """
    turn = Window(RowNumber(), partition_by=F("channel__project_id"), order_by=("due", "pk"))
    due = _first_in_line(space).filter(due__lte=now).annotate(turn=turn)
    columns = ("pk", "destination", "channel_id", "channel__kind", "check_status")
    rows = due.order_by("priority", "turn", "due", "pk").values_list(*columns)
    looked_at = list(rows[: space.limit * LOOK_AHEAD + space.usual])
    lots = digests.lots(looked_at)
    chosen: list[tuple[int, int | None]] = []
    sent_to: Counter[str] = Counter()
    taken: set[int] = set()
    for pk, destination, *_ in looked_at:
        lot = lots.get(pk)
        if lot is not None and lot in taken:
            continue
        if sent_to[destination] >= space.places.get(destination, space.usual):
            continue
        sent_to[destination] += 1
        if lot is None:
            chosen.append((pk, None))
        else:
            taken.add(lot)
            chosen += [(other, lot) for other, its in lots.items() if its == lot]
        if sent_to.total() >= space.limit:
            break
    return chosen


def _together(
    claims: Iterable[tuple[Claim[Notification], int | None]],
) -> list[list[Claim[Notification]]]:
    parcels: dict[object, list[Claim[Notification]]] = {}
    for claim_, lot in claims:
        parcels.setdefault(("lot", lot) if lot is not None else claim_.id, []).append(claim_)
    return list(parcels.values())


def _first_in_line(space: Space) -> QuerySet[Notification]:
    """Open messages that wait for no earlier one of their check to their channel."""
    before = Notification.objects.filter(
        channel_id=OuterRef("channel_id"),
        owner_id=OuterRef("owner_id"),
        due__isnull=False,
        pk__lt=OuterRef("pk"),
    )
    waiting = Notification.objects.filter(due__isnull=False).exclude(Exists(before))
    if full := space.full():
        waiting = waiting.exclude(destination__in=full)
    return waiting.exclude(pk__in=space.busy) if space.busy else waiting


# --- Settling ---------------------------------------------------------------------------------


def _decided(attempts: Sequence[Attempt[Notification]]) -> list[Attempt[Notification]]:
    """The attempts with the time of the next one; some give way to their successors instead."""
    tired = [one for one in attempts if _is_tired(one)]
    followed = _followed([one.claim.row for one in tired])
    return [_decide(one, one.claim.id in followed) for one in attempts]


def _is_tired(attempt: Attempt[Notification]) -> bool:
    result = attempt.outcome.result
    return result is Result.RETRY and attempt.claim.attempt >= GIVES_WAY_AFTER


def _decide(attempt: Attempt[Notification], is_followed: bool) -> Attempt[Notification]:
    claim_, outcome = attempt.claim, attempt.outcome
    if is_followed:
        outcome = dropped(f"{outcome.error}. Superseded by a later message")
    expires = claim_.row.created + _patience()
    if is_test(claim_.row):  # somebody is looking at it
        expires = claim_.row.created
    again = leases.next_try(outcome, claim_.attempt, attempt.finished, expires)
    return Attempt(claim_, outcome, attempt.started, attempt.finished, again)


def _patience() -> timedelta:
    return timedelta(hours=settings.NOTIFY_RETRY_HOURS)


def _followed(rows: Sequence[Notification]) -> set[int]:
    """Those of the messages that hold up a later one."""
    if not rows:
        return set()
    later = Notification.objects.filter(
        channel_id=OuterRef("channel_id"),
        owner_id=OuterRef("owner_id"),
        due__isnull=False,
        pk__gt=OuterRef("pk"),
    )
    mine = Notification.objects.filter(Exists(later), pk__in=[row.pk for row in rows])
    return set(mine.exclude(owner=None).values_list("pk", flat=True))


def _record_on_channels(attempts: Sequence[Attempt[Notification]]) -> None:
    """The last attempt of each channel, column by column: a person may switch the channel on or
    off at the same time."""
    last = {
        one.claim.row.channel_id: one
        for one in sorted(attempts, key=lambda one: one.finished)
        if one.outcome.result is not Result.DROPPED
    }
    rows = [
        (pk, one.started, one.finished - one.started, one.outcome.error) for pk, one in last.items()
    ]
    update_rows(Channel, ("last_notify", "last_notify_duration", "last_error"), rows)
    dead = {one.claim.row.channel_id for one in attempts if one.outcome.result is Result.DEAD}
    if dead:
        Channel.objects.filter(pk__in=dead).update(disabled=True)
