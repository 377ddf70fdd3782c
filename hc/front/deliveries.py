"""What a channel was told lately, and what came of each message."""

from __future__ import annotations

import hashlib
from datetime import tzinfo
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from hc.accounts.access import AuthenticatedRequest, ProjectAccess, channel_for
from hc.api.models import Channel, Notification
from hc.front.frame import Frame
from hc.front.live import live_response
from hc.integrations import registry
from hc.integrations.names import channel_name

LISTED = 20


@login_required
def deliveries(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    channel, access = channel_for(request, code)
    return render(request, "front/deliveries.html", _context(channel, access))


def status(request: HttpRequest, code: UUID) -> HttpResponse:
    """The part that changes; 304 while nothing has changed."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    channel, access = channel_for(request, code)
    context = _context(channel, access)
    return live_response(request, "front/_deliveries.html", context, context["version"])


def _context(channel: Channel, access: ProjectAccess) -> dict[str, Any]:
    zone: tzinfo = Frame(access.user, timezone.now()).zone
    rows = Notification.objects.filter(channel=channel).select_related(
        "owner", "channel", "group__channel"
    )
    newest = list(rows.order_by("-created", "-pk")[:LISTED])
    return {
        "access": access,
        "project": access.project,
        "section": "integrations",
        "channel": channel,
        "integration": registry.get(channel.kind),
        "title": channel_name(channel),
        "n_checks": channel.checks.count(),
        "notifications": newest,
        "zone": zone,
        "version": _version(channel, newest),
    }


def _version(channel: Channel, rows: list[Notification]) -> str:
    facts = [(n.pk, n.state, n.attempts, n.due, n.error) for n in rows]
    said = repr((channel.disabled, channel.last_error, channel.last_notify, facts))
    return hashlib.sha256(said.encode()).hexdigest()[:24]
