"""A flip: a check changed its status."""

from __future__ import annotations

from django.db import models

from hc.api.models.check import Check
from hc.core.state import Reason, Status
from hc.core.uptime import Change


class FlipReason(models.TextChoices):
    UNKNOWN = "", "Unknown"
    TIMEOUT = "timeout", "No ping in time"
    FAIL = "fail", "Failure signal"


class Flip(models.Model):
    owner = models.ForeignKey(Check, models.CASCADE)
    created = models.DateTimeField()
    # NULL while somebody still has to be told.
    processed = models.DateTimeField(null=True, blank=True)
    old_status = models.CharField(max_length=8)
    new_status = models.CharField(max_length=8)
    reason = models.CharField(max_length=8, blank=True, default="", choices=FlipReason)

    class Meta:
        indexes = [
            models.Index(
                fields=["processed"],
                name="api_flip_not_processed",
                condition=models.Q(processed=None),
            ),
            models.Index(fields=["owner", "created"], name="api_flip_owner_created"),
        ]

    def __str__(self) -> str:
        return f"{self.owner_id}: {self.old_status} to {self.new_status}"

    def change(self) -> Change:
        return Change(self.created, Status(self.old_status), Status(self.new_status))

    def why(self) -> Reason:
        return Reason(self.reason)
