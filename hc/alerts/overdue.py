"""Checks whose deadline has passed go down: many per transaction, with their messages queued."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Min

from hc.alerts import outbox
from hc.api.models import Check, Flip
from hc.api.services import transitions
from hc.core.state import after_deadline

logger = logging.getLogger(__name__)

BATCH = 500


def sweep(now: datetime) -> int:
    """Take all overdue checks down; how many there were."""
    total = 0
    while True:
        found = sweep_once(now)
        total += found
        if found < BATCH:
            return total


def sweep_once(now: datetime, limit: int = BATCH) -> int:
    """Take up to `limit` overdue checks down in one transaction: status, flips and messages.

    Rows that another process has locked are its business; the deadline is judged on the locked
    row, so a ping that came in between is seen.
    """
    with transaction.atomic():
        overdue = Check.objects.filter(alert_after__lte=now).exclude(status="down")
        locked = overdue.select_for_update(
            skip_locked=connection.features.has_select_for_update_skip_locked
        )
        checks = list(locked.order_by("alert_after", "pk")[:limit])
        flips = [flip for check in checks for flip in _take_down(check, now)]
        Flip.objects.bulk_create(flips)
        outbox.enqueue(flips, now)
    for check in checks:
        logger.info("went down", extra={"action": "overdue", "check": check.unique_key})
    return len(checks)


def next_deadline() -> datetime | None:
    """When the next check goes down unless it is pinged."""
    watched = Check.objects.filter(alert_after__isnull=False).exclude(status="down")
    deadline: datetime | None = watched.aggregate(d=Min("alert_after"))["d"]
    return deadline


def _take_down(check: Check, now: datetime) -> list[Flip]:
    before = check.state()
    return transitions.store(check.pk, before, after_deadline(before, now), now)
