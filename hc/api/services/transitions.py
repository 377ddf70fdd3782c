"""Storing what the rules decided: the one way in which a transition reaches the database."""

from __future__ import annotations

from datetime import datetime

from hc.api.models import Check, Flip
from hc.api.models.check import changed_columns
from hc.core.state import CheckState, Transition


def store(check_id: int, before: CheckState, transition: Transition, now: datetime) -> list[Flip]:
    """Write the changed columns of a locked check; returns its flips, not yet stored.

    Flips that nobody is told of are processed from the start.
    """
    changes = changed_columns(before, transition.state)
    if changes:
        Check.objects.filter(pk=check_id).update(**changes)
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
