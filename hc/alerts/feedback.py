"""What services tell about a message after they have taken it: that it was not delivered.

A report may overtake the outcome of the attempt it is about. It may switch a channel off, and
never on: what people decide about their channels stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from hc.alerts import groups, outbox
from hc.api.models import Channel, DeliveryState, Notification
from hc.integrations.base import failed

CALLBACK_TIME = timedelta(hours=1)
UNDELIVERED = ("failed", "undelivered")


@dataclass(frozen=True, slots=True)
class Report:
    """A message was not delivered. `is_final`: nobody tries any more. `is_dead`: nor will any
    later message reach the address."""

    error: str
    is_final: bool = True
    is_dead: bool = False


def report_in(form: Mapping[str, str]) -> Report | None:
    """What a delivery callback says; None if it is nothing bad.

    Source: core 3.5 of the specification.
    """
    error = form.get("error", "")
    is_dead = bool(error and form.get("mark_disabled"))
    if form.get("MessageStatus") in UNDELIVERED:
        error = f"Delivery failed (status={form['MessageStatus']})."
    if form.get("CallStatus") == "failed":
        error = "Delivery failed (status=failed)."
    return Report(error, is_dead=is_dead) if error else None


def record(code: UUID, report: Report, now: datetime, *, within: timedelta) -> bool:
    """Store a report on a message that is not older than `within`; False if there is none."""
    error = failed(report.error).error
    with transaction.atomic():
        rows = Notification.objects.select_for_update().filter(code=code, created__gte=now - within)
        row = rows.first()
        if row is None:
            return False
        Notification.objects.filter(pk=row.pk).update(**_columns(row, report, error, now))
        columns: dict[str, Any] = {"last_error": error}
        if report.is_dead:
            columns["disabled"] = True
        Channel.objects.filter(pk=row.channel_id).update(**columns)
        if row.group_id:
            groups.settle_groups({row.group_id}, now)
        if row.flip_id:
            outbox.close_flips({row.flip_id}, now)
    return True


def _columns(row: Notification, report: Report, error: str, now: datetime) -> dict[str, Any]:
    columns: dict[str, Any] = {"error": error}
    if not report.is_final or row.state == DeliveryState.QUEUED:
        return columns
    columns |= {"state": DeliveryState.FAILED, "due": None, "settled": row.settled or now}
    if row.state == DeliveryState.SENDING:
        # Who is sending it believes that it was delivered; this takes the lease away.
        columns["attempts"] = F("attempts") + 1
    return columns
