"""A ping: one request or mail that reached a check."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from hc.api.models.check import Check
from hc.core.state import Kind


class PingKind(models.TextChoices):
    """NULL and, in old rows, the empty string mean success."""

    SUCCESS = "", "Success"
    START = "start", "Start"
    FAIL = "fail", "Failure"
    LOG = "log", "Log"
    IGNORED = "ign", "Ignored"


class Ping(models.Model):
    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(Check, models.CASCADE, db_index=False)
    n = models.IntegerField(null=True)
    created = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=6, null=True, blank=True, choices=PingKind)
    scheme = models.CharField(max_length=10, default="http")
    remote_addr = models.GenericIPAddressField(null=True, blank=True)
    method = models.CharField(max_length=10, blank=True)
    ua = models.CharField(max_length=200, blank=True)
    body_raw = models.BinaryField(null=True)
    object_size = models.IntegerField(null=True)
    exitstatus = models.SmallIntegerField(null=True)
    rid = models.UUIDField(null=True)
    # How the run ended that this ping ended: a letter of hc.core.state.Outcome.
    outcome = models.CharField(max_length=1, null=True)

    class Meta:
        indexes = [
            # The newest pings of one check. Serves the foreign key, too: one index per ping.
            models.Index(fields=["owner", "n"], name="api_ping_owner_n"),
        ]

    def __str__(self) -> str:
        return f"#{self.n} of {self.owner_id}"

    def signal(self) -> Kind:
        return Kind(self.kind) if self.kind else Kind.SUCCESS


def stored_kind(kind: Kind) -> str | None:
    """A ping's kind as the column holds it."""
    return None if kind is Kind.SUCCESS else str(kind)
