"""Checks whose deadline has passed go down: many per transaction, with their messages queued."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Min

from hc.alerts import telemetry
from hc.alerts.queueing import enqueue
from hc.api.models import Check
from hc.api.models.check import RULE_AND_STATE_COLUMNS, state_of
from hc.api.services import transitions
from hc.core.state import Status, Transition, after_deadline
from hc.lib.bulk import update_rows

logger = logging.getLogger(__name__)

Row = dict[str, Any]

BATCH = 500
LINES = 50
READ = ("id", "unique_key", *RULE_AND_STATE_COLUMNS)
COLUMNS = ("status", "status_since", "alert_after", "outcomes", "sweep_at")


@dataclass(frozen=True, slots=True)
class Swept:
    """How many checks went down, whether more have to be looked at, and whether deadlines wait
    because pings may not have been heard."""

    down: int = 0
    has_more: bool = False
    is_deaf: bool = False


def sweep(now: datetime, horizon: datetime | None = None, limit: int = BATCH) -> Swept:
    """Look at up to `limit` checks that are due for it, in one transaction.

    Those whose deadline has passed go down, with status, flips and messages; those that were
    pinged meanwhile are looked at again at their new deadline. Rows that another process has
    locked are its business; the deadline is judged on the locked row, so a ping that came in
    between is seen. `horizon`: the instant up to which deadlines may be judged, if it is not now.
    """
    horizon = horizon or now
    due = Check.objects.filter(sweep_at__lte=horizon)
    if not due.exists():
        return Swept()
    with transaction.atomic():
        locked = due.select_for_update(
            skip_locked=connection.features.has_select_for_update_skip_locked
        )
        rows = list(locked.order_by("sweep_at", "pk").values(*READ)[:limit])
        judged = [(row, _judge(row, horizon)) for row in rows]
        down = [(row, found) for row, found in judged if found and found.flips]
        _plan_next_look([row for row, found in judged if not (found and found.flips)])
        _take_down(down, now)
    if down:
        _log([row for row, _ in down])
        first = min(found.flips[0].at for _, found in down)
        telemetry.swept(len(down), (now - first).total_seconds())
    return Swept(len(down), has_more=len(rows) == limit)


def next_look() -> datetime | None:
    """When the loop has to look at a check again."""
    looks = Check.objects.filter(sweep_at__isnull=False)
    moment: datetime | None = looks.aggregate(d=Min("sweep_at"))["d"]
    return moment


def _judge(row: Row, horizon: datetime) -> Transition | None:
    """What its deadline does to a check; None if it cannot be told, which stops nobody else."""
    try:
        return after_deadline(state_of(row), horizon)
    except Exception:
        extra = {"action": "overdue", "check": row["unique_key"]}
        logger.exception("check cannot be judged, and is left alone", extra=extra)
        row["alert_after"] = None
        return None


def _log(down: Sequence[Row]) -> None:
    """A line a check, or one for a storm, which would bury everything else."""
    extra: dict[str, object] = {"action": "overdue"}
    if len(down) > LINES:
        logger.info("many went down", extra=extra | {"checks": len(down)})
        return
    for row in down:
        logger.info("went down", extra=extra | {"check": row["unique_key"]})


def _plan_next_look(rows: Sequence[Row]) -> None:
    """What stays as it is is looked at again at its deadline; what is down has none."""
    looks = [(r["id"], None if r["status"] == Status.DOWN else r["alert_after"]) for r in rows]
    update_rows(Check, ("sweep_at",), looks)


def _take_down(checks: Sequence[tuple[Row, Transition]], now: datetime) -> None:
    rows: list[tuple[Any, ...]] = []
    for row, found in checks:
        after = found.state
        columns = (str(after.status), after.status_since, after.alert_after, after.outcomes)
        rows.append((row["id"], *columns, None))
    update_rows(Check, COLUMNS, rows)
    flips = [flip for row, found in checks for flip in transitions.flips_of(row["id"], found, now)]
    transitions.store_flips(flips)
    enqueue(flips, now)
