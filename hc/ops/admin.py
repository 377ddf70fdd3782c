"""What the service knows of itself, in the admin pages."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from hc.api import models
from hc.api.models import Chore, Heartbeat, Listening, Outage, QueuedMail, TokenBucket
from hc.api.services.heartbeats import STALE
from hc.lib.admin import Journal


@admin.register(TokenBucket)
class TokenBucketAdmin(Journal[TokenBucket]):
    """Deleting one lifts a rate limit."""

    list_display = ("value", "left", "updated")
    list_filter = ("updated",)
    search_fields = ("value",)
    ordering = ("-id",)

    @admin.display(description="Left when last used", ordering="tokens")
    def left(self, bucket: TokenBucket) -> str:
        return f"{bucket.tokens:.0%}"


@admin.register(Heartbeat)
class HeartbeatAdmin(Journal[Heartbeat]):
    """Deleting that of a process that died for good ends the complaints about it."""

    list_display = ("process", "host", "pid", "started", "beat", "spooling_since", "alive")
    list_filter = ("process",)
    ordering = ("process", "host", "pid")
    hidden = ("figures",)

    @admin.display(description="Alive", boolean=True)
    def alive(self, heartbeat: Heartbeat) -> bool:
        return heartbeat.beat >= timezone.now() - STALE


@admin.register(models.Journal)
class WriterJournalAdmin(Journal[models.Journal]):
    """How far the writers of pings have got; deleting one could store pings twice."""

    list_display = ("name", "position", "updated")
    ordering = ("-updated",)

    def has_delete_permission(
        self, request: HttpRequest, obj: models.Journal | None = None
    ) -> bool:
        return False


@admin.register(Chore)
class ChoreAdmin(Journal[Chore]):
    list_display = ("name", "done", "position", "holder", "until")
    ordering = ("name",)


@admin.register(Listening)
class ListeningAdmin(Journal[Listening]):
    list_display = ("id", "until")


@admin.register(Outage)
class OutageAdmin(Journal[Outage]):
    """Times in which we could not hear pings."""

    list_display = ("started", "ended", "excused_until", "checks")
    ordering = ("-ended",)


@admin.register(QueuedMail)
class QueuedMailAdmin(Journal[QueuedMail]):
    """Mails other than alerts; their texts may hold secret links, and are not shown."""

    list_display = ("id", "created", "to", "subject", "state", "attempts", "due", "error")
    list_filter = ("state",)
    search_fields = ("to",)
    ordering = ("-id",)
    fields = ("code", "created", "expires", "to", "subject", "state", "attempts", "due", "error")
    hidden = ("text", "html")
