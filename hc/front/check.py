"""The page of one check: its state, its runs, how to ping it, who is told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from hc.accounts.access import AuthenticatedRequest, ProjectAccess, check_by_unique_key, check_for
from hc.api import event_log, fingerprint, history
from hc.api.event_log import PING_KINDS, Cursor, Wanted
from hc.api.models import Channel, Check
from hc.core.schedule import Cron, OnCalendar
from hc.front import rows as view
from hc.front import visits
from hc.front.channels import channel_rows
from hc.front.chart import charts, downtime_text, uptime_bars
from hc.front.events import event_rows, zone_of
from hc.front.frame import Frame, frame_of
from hc.front.live import is_known, live_response, tagged
from hc.front.place import Place
from hc.front.snippets import Addresses, snippets
from hc.front.zone_hint import hint

EVENTS = 30
# On this page a flip tells who was told; messages have no lines of their own.
LISTED = Wanted(frozenset({*PING_KINDS, event_log.FLIP}))


@login_required
def details(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    check, access = check_for(request, code)
    if not access.can_edit:  # they may not know the code: one could ping with it
        return redirect("hc-cloaked", check.unique_key)
    return _page(request, check, access)


def status(request: HttpRequest, code: UUID) -> HttpResponse:
    """The parts that change with each ping; 304 while nothing has changed."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    return _live_part(request, *check_for(request, code))


@login_required
def cloaked(request: AuthenticatedRequest, key: str) -> HttpResponse:
    """The link in a message, which does not tell the ping address: leads on to the page with it,
    or is the page, for those who may only look."""
    check, access = check_by_unique_key(request, key)
    if access.can_edit:
        return redirect("hc-details", check.code)
    return _page(request, check, access)


def cloaked_status(request: HttpRequest, key: str) -> HttpResponse:
    """As `status`, for those who may only look."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    return _live_part(request, *check_by_unique_key(request, key))


def _page(request: AuthenticatedRequest, check: Check, access: ProjectAccess) -> HttpResponse:
    visits.note(request, access.project)
    return render(request, "front/check.html", _context(request, check, access))


def _live_part(request: HttpRequest, check: Check, access: ProjectAccess) -> HttpResponse:
    known = Channel.objects.filter(project=check.project_id)
    version = _version(check, access, Frame(access.user, timezone.now()).zone, known)
    if is_known(request, version):
        return tagged(HttpResponse(status=304), version)
    context = _context(request, check, access)
    return live_response(request, "front/_check_live.html", context, version)


def _context(request: HttpRequest, check: Check, access: ProjectAccess) -> dict[str, Any]:
    now = timezone.now()
    frame = frame_of(request)
    own = frame.zone
    place = Place.of(check, access)
    zone, zones = zone_of(request, check, own)
    past = history.of(check, now)
    log = event_log.page(check, LISTED, Cursor(), EVENTS)
    rule = check.schedule_rule()
    channels = channel_rows(check)
    frame.has_read(access.project, [c["channel"] for c in channels])
    alert_at = check.due + check.grace if check.due else None
    return {
        "access": access,
        "project": access.project,
        "section": "checks",
        "check": check,
        "place": place,
        "row": view.row(check, now, own),
        "events": event_rows(check, log.events, place, zone),
        "zone": zone,
        "zones": zones,
        "older": log.older,
        "uptime": past.quarter,
        "downtime": downtime_text(past.quarter),
        "windows": uptime_bars(past),
        "typical": past.typical,
        "charts": charts(past, now, own),
        "expression": rule.expression if isinstance(rule, Cron | OnCalendar) else "",
        "alert_at": alert_at,
        "is_overdue": alert_at is not None and alert_at <= now,
        "run_ends": check.last_start + check.grace if check.last_start else None,
        "channels": channels,
        "n_used": sum(c["used"] for c in channels),
        "version": _version(check, access, own, [c["channel"] for c in channels]),
        **_for_editors(check, access, past, own),
    }


def _for_editors(
    check: Check, access: ProjectAccess, past: history.History, own: ZoneInfo
) -> dict[str, Any]:
    """Whoever may only look may not ping either."""
    if not access.can_edit:
        return {}
    addresses = Addresses.of(check, access)
    return {
        "addresses": addresses,
        "snippets": snippets(check, addresses),
        "hint": hint(check, past.begins, own),
    }


def _version(
    check: Check, access: ProjectAccess, zone: ZoneInfo, channels: Iterable[Channel]
) -> str:
    """Changes with anything that the page shows, apart from ages: which of the project's channels
    the check uses counts as an edit of it. One query."""
    row = view.row(check, timezone.now(), zone)
    known = sorted((channel.pk, channel.name, channel.disabled) for channel in channels)
    seen = (row.facts(), event_log.version(check), known, access.role, str(zone))
    return fingerprint.digest(seen)[:24]
