"""Keys for scripts. What is stored of one is its first characters and a keyed hash."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from hc.accounts.models.project import Project
from hc.accounts.models.user import User


class Scope(models.TextChoices):
    """What a key may do: in one project, or with the projects of an account."""

    READWRITE = "rw", "Read and write"
    READONLY = "ro", "Read only"
    ACCOUNT = "account", "Manage projects"


class ApiKey(models.Model):
    """A named key of a project, or of an account; two columns of a project hold older ones."""

    code = models.UUIDField(default=uuid.uuid4, unique=True)
    project = models.ForeignKey(Project, models.CASCADE, null=True, blank=True)
    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True)
    name = models.CharField(max_length=100, blank=True, default="")
    scope = models.CharField(max_length=10, choices=Scope)
    # The first eight characters of its random part, by which people can tell keys apart.
    prefix = models.CharField(max_length=8)
    digest = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField(null=True, blank=True)
    last_used = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(project__isnull=False, user__isnull=True)
                | models.Q(project__isnull=True, user__isnull=False),
                name="accounts_apikey_one_owner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or 'unnamed'} ({self.prefix}…)"
