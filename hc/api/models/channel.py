"""A channel: one way in which a project wants to be told."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from hc.accounts.models import Project
from hc.api.models.check import Check


class Channel(models.Model):
    code = models.UUIDField(default=uuid.uuid4, unique=True)
    name = models.CharField(max_length=100, blank=True, default="")
    project = models.ForeignKey(Project, models.CASCADE)
    created = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=20)
    value = models.TextField(blank=True, default="")
    email_verified = models.BooleanField(default=False)
    disabled = models.BooleanField(default=False)
    last_notify = models.DateTimeField(null=True, blank=True)
    last_notify_duration = models.DurationField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True, default="")
    checks = models.ManyToManyField(Check)

    def __str__(self) -> str:
        return self.name or f"{self.kind} {self.code}"
