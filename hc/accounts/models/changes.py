"""Changes that wait for somebody's consent: invitations, and new addresses of accounts.

Of the links that are mailed for them only the SHA-256 is stored.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models

from hc.accounts.models.project import Project, Role
from hc.accounts.models.user import User


class Invitation(models.Model):
    """Somebody is asked to join a project; nothing happens unless they accept."""

    code = models.UUIDField(default=uuid.uuid4, unique=True)
    project = models.ForeignKey(Project, models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=1, default=Role.REGULAR, choices=Role)
    inviter = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField()
    sent = models.DateTimeField(null=True, blank=True)
    expires = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "email"], name="accounts_invitation_no_duplicates"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.project_id}"


class EmailChanges(models.Manager["EmailChange"]):
    def pending(self, now: datetime) -> models.QuerySet[EmailChange]:
        """Those that can be confirmed."""
        return self.filter(confirmed=None, undone=None, expires__gt=now)

    def takeable(self, now: datetime) -> models.QuerySet[EmailChange]:
        """Those that were confirmed and can be taken back."""
        return self.filter(undone=None, confirmed__gt=now - EmailChange.UNDO)


class EmailChange(models.Model):
    """A new address for an account: confirmed from the new mailbox by a link, and taken back from
    the old one by another for some days."""

    # How long each link works, from the request and from the confirmation.
    LIFETIME = timedelta(minutes=15)
    UNDO = timedelta(hours=72)

    user = models.ForeignKey(User, models.CASCADE, related_name="email_changes")
    old = models.EmailField(max_length=254)
    new = models.EmailField(max_length=254)
    digest = models.CharField(max_length=64, unique=True)
    undo_digest = models.CharField(max_length=64, null=True, blank=True, unique=True)
    created = models.DateTimeField()
    expires = models.DateTimeField()
    confirmed = models.DateTimeField(null=True, blank=True)
    undone = models.DateTimeField(null=True, blank=True)

    objects = EmailChanges()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.old} to {self.new}"
