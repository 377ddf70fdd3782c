"""The outbox: messages about flips, in the table of notifications.

A message is queued in the transaction of its flip, claimed with a lease, and settled with its
outcome (hc.alerts.leases). Messages of one check to one channel are claimed in their order, one
at a time; those of different projects take turns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from hc.alerts import digests, groups, leases, telemetry
from hc.alerts.dispatcher import Space
from hc.alerts.leases import Attempt, Claim
from hc.alerts.room import SEATS_PER_DESTINATION
from hc.alerts.testing import is_test
from hc.api.models import OPEN_STATES, Channel, DeliveryState, Flip, Notification
from hc.integrations.base import Result, dropped
from hc.lib import statsd
from hc.lib.bulk import update_rows

# After so many attempts a message gives way to the next one of its check, if there is one.
GIVES_WAY_AFTER = 3
# A claim looks at more messages than it takes, so that full destinations do not end it early.
LOOK_AHEAD = 4
NOT_TRIED = "Its destination did not answer for hours"
EXPIRE_AT_ONCE = 1000
# A destination that fails is tried at least so often.
LATELY = timedelta(minutes=5)


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
    _announce([claims[pk].row for pk in claims])
    return _together([(claims[pk], lot) for pk, lot in chosen if pk in claims])


def settle(attempts: Sequence[Attempt[Notification]]) -> list[Attempt[Notification]]:
    """Store what came of attempts, in one transaction; those whose lease was not lost."""
    if not attempts:
        return []
    with transaction.atomic():
        held = leases.settle(Notification, _decided(attempts))
        _keep_pauses(held)
        _record_on_channels(held)
        over = [one for one in held if not one.again]
        _conclude([one.claim.row for one in over], max(one.finished for one in attempts))
    rows = [(one.claim.row, one.outcome.result) for one in over]
    telemetry.settled((row, row.channel.kind, result) for row, result in rows)
    return held


def next_due(space: Space) -> datetime | None:
    """When there is something to claim again: a message is due, or a lease runs out."""
    due: datetime | None = _first_in_line(space).aggregate(d=Min("due"))["d"]
    return due


def overdue(now: datetime) -> QuerySet[Notification]:
    """What could be claimed, if only somebody did.

    Not what is held back on purpose: what waits for an earlier message, or for a destination that
    has no place at the moment or whose last attempt failed. Breakers live in the memory of each
    process, so this is judged by the table.
    """
    open_ = Notification.objects.filter(due__isnull=False)
    lately = Q(due__gt=now) | Q(channel__last_notify__gt=now - LATELY)
    failing = open_.filter(lately, attempts__gt=0).exclude(error="").values("destination")
    under_way = open_.filter(state=DeliveryState.SENDING, due__gt=now).values("destination")
    full = under_way.annotate(number=Count("pk")).filter(number__gte=SEATS_PER_DESTINATION)
    due = _first_in_line(Space(0)).filter(due__lte=now)
    return due.exclude(destination__in=failing).exclude(destination__in=full.values("destination"))


def expire(failing: Mapping[str, datetime], now: datetime) -> None:
    """Give up messages to destinations that fail all the time, for as long as messages are tried.

    `failing`: since when they have been tried in vain. All else is tried, however late: if it has
    waited because this service was away, that is no reason to keep it from its readers.
    """
    given_up = [name for name, since in failing.items() if since <= now - _patience()]
    if not given_up:
        return
    old = now - _patience() - timedelta(hours=1)
    waiting = Notification.objects.filter(
        due__lte=now, created__lt=old, state=DeliveryState.QUEUED, destination__in=given_up
    )
    with transaction.atomic():
        locked = waiting.order_by("pk").select_for_update(
            skip_locked=connection.features.has_select_for_update_skip_locked
        )
        rows = list(locked[:EXPIRE_AT_ONCE])
        _fail(rows, now)


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
    if tracked := telemetry.FLIPS.under_way(ids):
        known = Flip.objects.filter(pk__in=tracked).values_list("pk", "processed")
        telemetry.FLIPS.processed({pk: at for pk, at in known if at})


# --- Choosing ---------------------------------------------------------------------------------


def _choose(space: Space, now: datetime) -> list[tuple[int, int | None]]:
    """The keys of messages to claim, those of one project in turn with those of others.

    The second number is that of the channel if the message may go out with others to it.
    """
    turn = Window(RowNumber(), partition_by=F("channel__project_id"), order_by=("due", "pk"))
    due = _first_in_line(space).filter(due__lte=now).annotate(turn=turn)
    rows = due.order_by("priority", "turn", "due", "pk").values_list(*digests.COLUMNS)
    looked_at = [digests.Row(*row) for row in rows[: space.limit * LOOK_AHEAD + space.usual]]
    lots = digests.lots(looked_at)
    chosen: list[tuple[int, int | None]] = []
    sent_to: Counter[str] = Counter()
    taken: set[int] = set()
    for row in looked_at:
        lot = lots.get(row.pk)
        if lot is not None and lot in taken:
            continue
        if sent_to[row.destination] >= space.places.get(row.destination, space.usual):
            continue
        sent_to[row.destination] += 1
        if lot is None:
            chosen.append((row.pk, None))
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


def _announce(rows: Sequence[Notification]) -> None:
    """Tell statsd, if there is one, of flips of which nobody was told before."""
    telemetry.claimed(len(rows))
    if not statsd.is_on():
        return
    flips = {row.flip_id: row.flip.created for row in rows if row.flip and row.attempts == 1}
    others = Notification.objects.filter(flip__in=flips, attempts__gt=0)
    known = others.exclude(pk__in=[row.pk for row in rows]).values_list("flip", flat=True)
    for flip in set(known):
        del flips[flip]
    telemetry.FLIPS.claimed({pk: created for pk, created in flips.items() if pk})


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
    if claim_.attempt < GIVES_WAY_AFTER:  # its age does not count yet: it may be our own fault
        expires = max(expires, attempt.finished + _patience())
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


def _keep_pauses(attempts: Sequence[Attempt[Notification]]) -> None:
    """Until when services have asked to be left alone: no hurry shortens that."""
    pauses = [
        (one.claim.id, one.finished + one.outcome.retry_after)
        for one in attempts
        if one.again and one.outcome.retry_after
    ]
    update_rows(Notification, ("not_before",), pauses)


def _fail(rows: Sequence[Notification], now: datetime) -> None:
    """Give up messages that wait, in the caller's transaction."""
    errors = {row.pk: row.error or NOT_TRIED for row in rows}
    columns = ("error", "state", "due", "settled")
    end = (str(DeliveryState.FAILED), None, now)
    update_rows(Notification, columns, [(pk, error, *end) for pk, error in errors.items()])
    last = {row.channel_id: errors[row.pk] for row in rows}
    update_rows(Channel, ("last_error",), list(last.items()))
    _conclude(rows, now)
    kinds = dict(Channel.objects.filter(pk__in=last).values_list("pk", "kind"))
    for row in rows:
        telemetry.unsent(kinds[row.channel_id], Result.FAILED)
    telemetry.settled((row, kinds[row.channel_id], Result.FAILED) for row in rows)


def _conclude(rows: Sequence[Notification], now: datetime) -> None:
    """What follows from the end of these messages: that of groups, and of flips."""
    flips = groups.settle_groups({row.group_id for row in rows if row.group_id}, now)
    close_flips(flips | {row.flip_id for row in rows if row.flip_id}, now)


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
