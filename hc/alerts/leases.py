"""Leases: how several processes share a queue without losing a message.

A row of a queue (hc.api.models.Notification, QueuedMail) is claimed with a lease, which is renewed
while it is being sent, and settled with its outcome. A lease that is not renewed (its process
died, or lost the database) runs out, and the row is claimed again. So a message may go out twice,
but is never lost. Each claim raises `attempts`: who holds an older number no longer holds the row.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.db import connection, transaction
from django.db.models import F

from hc.api.models import DeliveryState, Notification, QueuedMail
from hc.integrations.base import Outcome, Result
from hc.lib.bulk import update_rows

Row = TypeVar("Row", bound=Notification | QueuedMail)

LEASE = timedelta(seconds=15)
RETRIES = tuple(timedelta(seconds=s) for s in (15, 60, 300, 900, 1800, 3600))
JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Claim(Generic[Row]):
    """A message that this process may send until its lease runs out."""

    row: Row
    attempt: int

    @property
    def id(self) -> int:
        return int(self.row.pk)


@dataclass(frozen=True, slots=True)
class Attempt(Generic[Row]):
    """What came of one attempt, when it took place, and when the next one is due, if ever."""

    claim: Claim[Row]
    outcome: Outcome
    started: datetime
    finished: datetime
    again: datetime | None = None


def next_try(
    outcome: Outcome, attempt: int, finished: datetime, expires: datetime
) -> datetime | None:
    """When to try again after this attempt; None if it was the last one."""
    if outcome.result is not Result.RETRY:
        return None
    if outcome.max_attempts is not None and attempt >= outcome.max_attempts:
        return None
    pause = RETRIES[min(attempt, len(RETRIES)) - 1]
    # Jitter, so that the messages of one outage do not come back all at once; the same for those
    # that were sent together.
    jitter = random.Random(finished.timestamp())  # noqa: S311 - nothing secret about it
    pause *= jitter.uniform(1 - JITTER, 1 + JITTER)
    again = finished + max(pause, outcome.retry_after or timedelta(0))
    return again if again <= expires else None


def take(model: type[Row], ids: Collection[int], now: datetime) -> list[int]:
    """Lease those of the rows that are still due; which ones. In the caller's transaction."""
    locked = model.objects.filter(pk__in=ids, due__lte=now).order_by("pk")
    locked = locked.select_for_update(
        skip_locked=connection.features.has_select_for_update_skip_locked
    )
    mine = list(locked.values_list("pk", flat=True))
    model.objects.filter(pk__in=mine).update(
        state=DeliveryState.SENDING, attempts=F("attempts") + 1, due=now + LEASE
    )
    return mine


def renew(model: type[Row], claims: Sequence[Claim[Row]], now: datetime) -> None:
    """Keep the leases of messages that are still being sent."""
    with transaction.atomic():
        ids = [one.id for one in _held(model, claims)]
        model.objects.filter(pk__in=ids).update(due=now + LEASE)


def release(model: type[Row], claims: Sequence[Claim[Row]], now: datetime) -> None:
    """Give messages back whose sending has not begun; the attempt does not count."""
    with transaction.atomic():
        ids = [one.id for one in _held(model, claims)]
        model.objects.filter(pk__in=ids).update(
            state=DeliveryState.QUEUED, attempts=F("attempts") - 1, due=now
        )


def settle(model: type[Row], attempts: Sequence[Attempt[Row]]) -> list[Attempt[Row]]:
    """Store outcomes, in the caller's transaction; those whose lease was not lost."""
    mine = {one.id for one in _held(model, [attempt.claim for attempt in attempts])}
    held = [attempt for attempt in attempts if attempt.claim.id in mine]
    columns = ("state", "error", "due", "settled")
    update_rows(model, columns, [(one.claim.id, *_settled(one)) for one in held])
    return held


def _settled(attempt: Attempt[Row]) -> tuple[str, str, datetime | None, datetime | None]:
    error = attempt.outcome.error
    if attempt.again:
        return str(DeliveryState.QUEUED), error, attempt.again, None
    state = {Result.DELIVERED: DeliveryState.SENT, Result.DROPPED: DeliveryState.DROPPED}
    result = state.get(attempt.outcome.result, DeliveryState.FAILED)
    return str(result), error, None, attempt.finished


def _held(model: type[Row], claims: Sequence[Claim[Row]]) -> list[Claim[Row]]:
    """Those of the claims whose rows are still ours; locked, in the order of their keys."""
    ids = [one.id for one in claims]
    rows = model.objects.filter(pk__in=ids, state=DeliveryState.SENDING)
    attempts = dict(rows.order_by("pk").select_for_update().values_list("pk", "attempts"))
    return [one for one in claims if attempts.get(one.id) == one.attempt]
