"""A project: checks, channels and keys that belong together, and the people who share them."""

from __future__ import annotations

import uuid

from django.db import models

from hc.accounts.models.user import User


class Projects(models.Manager["Project"]):
    def present(self) -> models.QuerySet[Project]:
        """Those that were not removed."""
        return self.filter(removed=None)


class Project(models.Model):
    code = models.UUIDField(default=uuid.uuid4, unique=True)
    name = models.CharField(max_length=200, blank=True, default="")
    owner = models.ForeignKey(User, models.CASCADE)
    api_key = models.CharField(max_length=128, blank=True, default="", db_index=True)
    api_key_readonly = models.CharField(max_length=128, blank=True, default="", db_index=True)
    badge_key = models.CharField(max_length=150, unique=True)
    ping_key = models.CharField(max_length=128, null=True, blank=True, unique=True)
    show_slugs = models.BooleanField(default=False)
    # When it was removed: hidden and silent since then, and deleted after a while.
    removed = models.DateTimeField(null=True, blank=True, db_index=True)

    objects = Projects()

    def __str__(self) -> str:
        return self.name or self.owner.email


class Role(models.TextChoices):
    READONLY = "r", "Read-only"
    REGULAR = "w", "Member"
    MANAGER = "m", "Manager"


class Member(models.Model):
    """Somebody else than the owner who may use a project."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    project = models.ForeignKey(Project, models.CASCADE)
    role = models.CharField(max_length=1, default=Role.REGULAR, choices=Role)
    transfer_request_date = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "project"], name="accounts_member_no_duplicates"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.project_id} as {self.role}"
