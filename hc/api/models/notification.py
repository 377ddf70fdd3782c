"""A notification: one message to one channel about one flip. The table is the outbox.

A row is born `queued` in the transaction of its flip. `due` says when somebody must look at it:
the next attempt of a queued row, the end of the lease of one that is being sent; NULL once it is
settled. A sender that dies lets its lease run out, and another takes over.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from hc.api.models.channel import Channel
from hc.api.models.check import Check
from hc.api.models.flip import Flip


class DeliveryState(models.TextChoices):
    QUEUED = "queued", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Delivered"
    FAILED = "failed", "Failed"
    DROPPED = "dropped", "Not sent"


OPEN_STATES = (DeliveryState.QUEUED, DeliveryState.SENDING)


class Notification(models.Model):
    # Also the idempotency key of the message, whatever the number of attempts.
    code = models.UUIDField(default=uuid.uuid4, unique=True)
    owner = models.ForeignKey(Check, models.CASCADE, null=True, blank=True)
    channel = models.ForeignKey(Channel, models.CASCADE)
    flip = models.ForeignKey(Flip, models.CASCADE, null=True, blank=True)
    check_status = models.CharField(max_length=6)
    created = models.DateTimeField(default=timezone.now)
    error = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=8, default=DeliveryState.QUEUED, choices=DeliveryState)
    priority = models.SmallIntegerField(default=0)
    # Counts the leases as well: who holds an older number no longer holds the row.
    attempts = models.SmallIntegerField(default=0)
    due = models.DateTimeField(null=True, blank=True)
    # Until then the service has asked to be left alone.
    not_before = models.DateTimeField(null=True, blank=True, editable=False)
    # Whose servers are called, as the settings of the channel say.
    destination = models.CharField(max_length=100, blank=True, default="", editable=False)
    settled = models.DateTimeField(null=True, blank=True)
    # The message to the group of channels that this one is a part of.
    group = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="members", editable=False
    )
    # A message about a flapping check: how often it changed its status in the last hour; else 0.
    changes = models.IntegerField(default=0, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["channel", "created"], name="api_notification_channel"),
            models.Index(
                fields=["priority", "due"],
                name="api_notification_open",
                condition=models.Q(due__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_status} to channel {self.channel_id}: {self.state}"

    def is_open(self) -> bool:
        return self.state in OPEN_STATES
