"""Who did what: the log of all that people and scripts have changed."""

from __future__ import annotations

from django.db import models

from hc.accounts.models.project import Project
from hc.accounts.models.user import User


class Via(models.TextChoices):
    """By which door somebody came."""

    WEB = "web", "Web page"
    API = "api", "API"
    COMMAND = "command", "Command"
    SYSTEM = "system", "By itself"


class AuditEntry(models.Model):
    """One change. Names are kept as they were then: what they name may be gone.

    `user`: whose account was changed, or whose project it was not; `actor`: who did it.
    """

    created = models.DateTimeField(db_index=True)
    project = models.ForeignKey(Project, models.SET_NULL, null=True, blank=True, related_name="+")
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    actor = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    actor_name = models.CharField(max_length=254, blank=True, default="")
    # The administrator who acted in the place of `actor`.
    impersonator = models.CharField(max_length=254, blank=True, default="")
    via = models.CharField(max_length=10, choices=Via)
    address = models.GenericIPAddressField(null=True, blank=True)
    # Such as "check.edited": what kind of thing, and what became of it.
    action = models.CharField(max_length=40)
    target = models.CharField(max_length=254, blank=True, default="")
    target_code = models.CharField(max_length=40, blank=True, default="")
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["project", "created"], name="accounts_audit_project"),
            models.Index(fields=["user", "created"], name="accounts_audit_user"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"
