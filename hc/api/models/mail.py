"""A mail that waits to be sent: every message of the service but the alerts themselves.

It is born in the transaction of what it tells about, so it is neither lost nor sent in vain. Its
columns have the meaning of those of Notification; a settled row is kept for a day without its
texts, which may hold a secret link.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from hc.api.models.notification import DeliveryState


class QueuedMail(models.Model):
    # Also the Message-ID, whatever the number of attempts.
    code = models.UUIDField(default=uuid.uuid4, unique=True)
    to = models.CharField(max_length=254)
    subject = models.TextField()
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict, blank=True)
    # As hc.lib.mail.Mail has it.
    bounce_id = models.CharField(max_length=200)
    created = models.DateTimeField(default=timezone.now)
    # After this it is of no use to its reader.
    expires = models.DateTimeField()
    error = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=8, default=DeliveryState.QUEUED, choices=DeliveryState)
    attempts = models.SmallIntegerField(default=0)
    due = models.DateTimeField(null=True, blank=True)
    settled = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "queued mail"
        indexes = [
            models.Index(
                fields=["due"],
                name="api_queuedmail_open",
                condition=models.Q(due__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"mail {self.code}: {self.state}"
