"""The page of one check: its state, its runs, how to ping it, who is told."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from hc.accounts.access import AuthenticatedRequest, ProjectAccess, check_by_unique_key, check_for
from hc.accounts.services import accounts
from hc.api import queries
from hc.api.models import Check
from hc.core.schedule import Cron, OnCalendar
from hc.front import rows as view
from hc.front.channels import channel_rows
from hc.front.chart import run_chart
from hc.front.frame import Frame
from hc.front.live import live_response
from hc.front.snippets import snippets

EVENTS = 30
CHARTED = 200
UPTIME_SPAN = timedelta(days=90)


@login_required
def details(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    check, access = check_for(request, code)
    if accounts.touch(request.user):
        request.session.modified = True  # the session lasts two weeks from now on
    return render(request, "front/check.html", _live_context(check, access))


def status(request: HttpRequest, code: UUID) -> HttpResponse:
    """The parts that change with each ping; 304 while nothing has changed."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    check, access = check_for(request, code)
    context = _live_context(check, access)
    return live_response(request, "front/_check_live.html", context, context["version"])


@login_required
def cloaked(request: AuthenticatedRequest, key: str) -> HttpResponse:
    """From the link in a message to the check, whose ping address the link does not tell."""
    return redirect("hc-details", check_by_unique_key(request, key).code)


def _live_context(check: Check, access: ProjectAccess) -> dict[str, Any]:
    now = timezone.now()
    zone = Frame(access.user, now).zone
    row = view.row(check, now, zone)
    pings = queries.recent_pings(check, CHARTED)
    times = queries.run_times(pings)
    log = queries.log(check, pings, EVENTS)
    rule = check.schedule_rule()
    url = f"{settings.PING_ENDPOINT}{check.code}"
    channels = channel_rows(check)
    return {
        "access": access,
        "project": access.project,
        "section": "checks",
        "check": check,
        "row": row,
        "log": log,
        "zone": zone,
        "uptime": queries.uptime_of(check, UPTIME_SPAN, now),
        "typical": typical(list(times.values())),
        "chart": run_chart(pings, times, now, zone),
        "expression": rule.expression if isinstance(rule, Cron | OnCalendar) else "",
        "alert_at": check.due + check.grace if check.due else None,
        "run_ends": check.last_start + check.grace if check.last_start else None,
        "ping_url": url,
        "snippets": snippets(check, url),
        "channels": channels,
        "n_used": sum(c["used"] for c in channels),
        "version": _version(row, log, channels),
    }


def typical(times: list[timedelta]) -> tuple[timedelta, timedelta] | None:
    """Median and 95th percentile (nearest rank) of run times; None without any."""
    if not times:
        return None
    ordered = sorted(times)
    return ordered[len(ordered) // 2], ordered[-(-95 * len(ordered) // 100) - 1]


def _version(
    row: view.CheckRow, log: list[queries.LogEntry], channels: list[dict[str, Any]]
) -> str:
    """Changes with anything that the live parts show, apart from ages."""
    used = [(c["channel"].pk, c["name"], c["used"], c["channel"].disabled) for c in channels]
    digest = hashlib.sha256(repr((row.facts(), row.check.n_pings, row.check.desc, used)).encode())
    for entry in log:
        states = [(n.pk, n.state, n.attempts, n.due, n.error) for n in entry.notifications]
        digest.update(repr((entry.at, states)).encode())
    return digest.hexdigest()[:24]
