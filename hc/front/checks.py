"""My Checks: the list of a project's checks, and its live part."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from hc.accounts.access import AuthenticatedRequest, ProjectAccess, project_for
from hc.accounts.services import accounts
from hc.api import queries
from hc.api.models import Channel
from hc.api.services.checks import available
from hc.front import rows as view
from hc.front.frame import Frame
from hc.front.live import live_response


@login_required
def checks(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    access = project_for(request, code)
    if accounts.touch(request.user):
        request.session.modified = True  # the session lasts two weeks from now on
    return render(request, "front/checks.html", _context(request, access))


def status(request: HttpRequest, code: UUID) -> HttpResponse:
    """The list alone, for the page that shows it; 304 while nothing has changed."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    access = project_for(request, code)
    context = _context(request, access)
    return live_response(request, "front/_checks_live.html", context, context["version"])


def _context(request: HttpRequest, access: ProjectAccess) -> dict[str, Any]:
    now = timezone.now()
    zone = Frame(access.user, now).zone
    channels = queries.channel_counts(access.project)
    everything = [
        view.row(check, now, zone, channels.get(check.pk, 0))
        for check in queries.checks_of(access.project)
    ]
    statuses = [s for s in request.GET.getlist("status") if s in view.ORDER]
    tags = [tag for tag in request.GET.getlist("tag") if tag]
    shown = [row for row in everything if _matches(row, statuses, tags)]
    n_channels = Channel.objects.filter(project=access.project).count()
    counted = view.counters(everything)
    return {
        "access": access,
        "project": access.project,
        "section": "checks",
        "rows": view.problems_first(shown),
        "total": len(everything),
        "counters": counted,
        "down": counted.get("down", 0),
        "tags": view.tag_counts(everything),
        "statuses": statuses,
        "chosen_tags": tags,
        "n_channels": n_channels,
        "room": available(access.project),
        "version": view.fingerprint(
            shown, {"counters": counted, "channels": n_channels, "total": len(everything)}
        ),
    }


def _matches(row: view.CheckRow, statuses: list[str], tags: list[str]) -> bool:
    marks = {row.mark, view.RUNNING} if row.running else {row.mark}
    return (not statuses or bool(marks & set(statuses))) and set(tags) <= set(row.tags)
