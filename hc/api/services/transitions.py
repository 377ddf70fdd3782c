"""Storing what the rules decided: the one way in which a transition reaches the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from hc.api.models import Check, Flip
from hc.api.models.check import changed_columns
from hc.core.state import CheckState, Transition


def store(check: Check, before: CheckState, transition: Transition, now: datetime) -> list[Flip]:
    """Write the changed columns of a locked check; returns its flips, not yet stored."""
    changes = changed_columns(before, transition.state)
    sweep_at = next_look(check.sweep_at, transition.state.alert_after)
    if sweep_at != check.sweep_at:
        changes["sweep_at"] = sweep_at
    if changes:
        Check.objects.filter(pk=check.pk).update(**changes)
    return flips_of(check.pk, transition, now)


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
