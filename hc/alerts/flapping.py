"""Checks that change their status all the time.

Who is told of every change of such a check stops reading. So after ten changes within an hour
people are told once that it flaps, then once an hour while it does, and of the status in which it
came to rest.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, OuterRef, Subquery

from hc.api.models import Check, Flip, Notification

MOST_CHANGES = 10
PERIOD = timedelta(hours=1)
CALM = timedelta(minutes=10)
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Told:
    """The flips people are told of, and how often the checks of some of them have changed."""

    flips: Sequence[Flip]
    changes: dict[int, int] = field(default_factory=dict)


def sift(flips: Sequence[Flip], now: datetime) -> Told:
    """Of which of these stored flips to tell; in the caller's transaction."""
    flapping = {
        check: number
        for check, number in _changes({flip.owner_id for flip in flips}, now).items()
        if number > MOST_CHANGES
    }
    if not flapping:
        return Told(flips)
    known = Check.objects.filter(pk__in=flapping).values_list("pk", "flapping_told")
    due = {pk for pk, told in known if told is None or told <= now - PERIOD}
    Check.objects.filter(pk__in=due).update(flapping_told=now)
    # Of several flips of a flapping check, the last one.
    last = {flip.owner_id: flip for flip in flips if flip.owner_id in due}
    told = [flip for flip in flips if flip.owner_id not in flapping]
    return Told([*told, *last.values()], {pk: flapping[pk] for pk in due})


def summaries(now: datetime) -> Told:
    """The last flips of flapping checks of which people are to be told now, in the caller's
    transaction: an hour has passed, or the check came to rest in a status nobody knows of."""
    last = Flip.objects.filter(owner_id=OuterRef("pk"), new_status__in=("up", "down"))
    told = Notification.objects.filter(owner_id=OuterRef("pk")).order_by("-pk")
    checks = list(
        Check.objects.filter(flapping_told__isnull=False)
        .select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
        .order_by("pk")
        .annotate(
            last_flip=Subquery(last.order_by("-pk").values("pk")[:1]),
            last_told=Subquery(told.values("flip_id")[:1]),
        )
        .values_list("pk", "flapping_told", "last_flip", "last_told")[:AT_ONCE]
    )
    flips = Flip.objects.in_bulk([flip for _, _, flip, _ in checks if flip])
    due: list[Flip] = []
    for pk, told_at, last_flip, last_told in checks:
        flip = flips.get(last_flip)
        calm = flip is None or flip.created <= now - CALM
        if not calm and told_at and told_at > now - PERIOD:
            continue
        Check.objects.filter(pk=pk).update(flapping_told=None if calm else now)
        if flip and flip.pk != last_told:
            due.append(flip)
    changes = _changes({flip.owner_id for flip in due}, now)
    return Told(due, {flip.owner_id: changes.get(flip.owner_id, 0) for flip in due})


def _changes(checks: Collection[int], now: datetime) -> dict[int, int]:
    """How often each of the checks went up or down within the last hour."""
    recent = Flip.objects.filter(
        owner__in=checks, created__gt=now - PERIOD, new_status__in=("up", "down")
    )
    return dict(recent.values_list("owner").annotate(number=Count("pk")).order_by())
