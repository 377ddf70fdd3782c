"""Storing what the rules decided: the one way in which a transition reaches the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import F

from hc.api.models import Check, Flip
from hc.api.models.check import changed_columns
from hc.core.state import CheckState, Transition
from hc.lib.bulk import update_rows

MOVED = ("status", "status_since", "last_start", "last_ping", "due", "alert_after")


def store(check: Check, before: CheckState, transition: Transition, now: datetime) -> list[Flip]:
    """Write the changed columns of a locked check, which holds the new values afterwards; returns
    its flips, not yet stored."""
    changes = changed_columns(before, transition.state)
    sweep_at = next_look(check.sweep_at, transition.state.alert_after)
    if sweep_at != check.sweep_at:
        changes["sweep_at"] = sweep_at
    if changes:
        Check.objects.filter(pk=check.pk).update(edits=F("edits") + 1, **changes)
    for name, value in changes.items():
        setattr(check, name, value)
    return flips_of(check.pk, transition, now)


def store_many(moved: Sequence[tuple[Check, Transition]]) -> None:
    """Write the columns of many locked checks that pausing and resuming change."""
    rows = []
    for check, transition in moved:
        after = transition.state
        sweep_at = next_look(check.sweep_at, after.alert_after)
        values = {name: getattr(after, name) for name in MOVED} | {"status": str(after.status)}
        rows.append((check.pk, *values.values(), sweep_at, check.edits + 1))
    update_rows(Check, (*MOVED, "sweep_at", "edits"), rows)


def note_links(ids: Collection[int]) -> None:
    """Which channels these checks alert through is another: whoever lists them has to look."""
    locked = Check.objects.filter(pk__in=ids).for_update()
    rows = [(pk, edits + 1) for pk, edits in locked.values_list("pk", "edits")]
    update_rows(Check, ("edits",), rows)


def store_flips(flips: Sequence[Flip]) -> None:
    """Insert flips, which have their keys afterwards; MySQL tells those of single rows only."""
    if connection.features.can_return_rows_from_bulk_insert:
        Flip.objects.bulk_create(flips)
    else:
        for flip in flips:
            flip.save(force_insert=True)


def next_look(sweep_at: datetime | None, alert_after: datetime | None) -> datetime | None:
    """When the alert loop looks at a check: as planned, or earlier if its deadline is earlier.

    A deadline that moves on is noticed when the loop looks: so most pings leave the plan alone.
    """
    if sweep_at is None or alert_after is None:
        return sweep_at or alert_after
    return min(sweep_at, alert_after)


def flips_of(check_id: int, transition: Transition, now: datetime) -> list[Flip]:
    """Its flips as rows, not yet stored. Those that nobody is told of are processed at once."""
    return [
        Flip(
            owner_id=check_id,
            created=flip.at,
            processed=None if flip.notify else now,
            old_status=str(flip.old),
            new_status=str(flip.new),
            reason=str(flip.reason),
        )
        for flip in transition.flips
    ]
