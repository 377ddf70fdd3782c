"""Checks whose deadline has passed go down: many per transaction, with their messages queued."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Case, F, Min, Q, When

from hc.alerts import outbox
from hc.api.models import Check, Flip
from hc.api.services import transitions
from hc.core.state import Status, after_deadline

logger = logging.getLogger(__name__)

BATCH = 500


def sweep(now: datetime) -> int:
    """Take all overdue checks down; how many there were."""
    total = 0
    while True:
        looked, down = sweep_once(now)
        total += down
        if looked < BATCH:
            return total


def sweep_once(now: datetime, limit: int = BATCH) -> tuple[int, int]:
    """Look at up to `limit` checks in one transaction; how many that were, and how many went down.

    Those that are overdue go down, with status, flips and messages; those that were pinged
    meanwhile are looked at again at their new deadline. Rows that another process has locked are
    its business; the deadline is judged on the locked row, so a ping that came in between is seen.
    """
    with transaction.atomic():
        locked = Check.objects.filter(sweep_at__lte=now).select_for_update(
            skip_locked=connection.features.has_select_for_update_skip_locked
        )
        checks = list(locked.order_by("sweep_at", "pk")[:limit])
        overdue = [check for check in checks if _is_overdue(check, now)]
        _plan_next_look(checks, overdue)
        flips = [flip for check in overdue for flip in _take_down(check, now)]
        transitions.store_flips(flips)
        outbox.enqueue(flips, now)
    for check in overdue:
        logger.info("went down", extra={"action": "overdue", "check": check.unique_key})
    return len(checks), len(overdue)


def next_look() -> datetime | None:
    """When the loop has to look at a check again."""
    looks = Check.objects.filter(sweep_at__isnull=False)
    moment: datetime | None = looks.aggregate(d=Min("sweep_at"))["d"]
    return moment


def _is_overdue(check: Check, now: datetime) -> bool:
    return (
        check.status != Status.DOWN and check.alert_after is not None and check.alert_after <= now
    )


def _plan_next_look(checks: Collection[Check], overdue: Collection[Check]) -> None:
    """The locked checks are looked at again at their deadline; what goes down has none."""
    rows = Check.objects.filter(pk__in=[check.pk for check in checks])
    down = Q(status=Status.DOWN) | Q(pk__in=[check.pk for check in overdue])
    rows.update(sweep_at=Case(When(down, then=None), default=F("alert_after")))
    for check in overdue:
        check.sweep_at = None


def _take_down(check: Check, now: datetime) -> list[Flip]:
    before = check.state()
    return transitions.store(check, before, after_deadline(before, now), now)
