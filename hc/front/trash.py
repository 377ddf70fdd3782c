"""The way back for checks that were deleted: the button of the message that says so, and a page."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from hc.accounts.access import AuthenticatedRequest, Role, project_for
from hc.accounts.models import Project
from hc.api.models import Check
from hc.api.services import trash
from hc.api.services.checks import LimitReached
from hc.core import words
from hc.front.panel import leave, render_panel


def undo_address(project: Project, removed: datetime) -> str:
    """Where the deletion of what was deleted at that instant is undone, by a POST."""
    query = urlencode({"at": removed.isoformat()})
    return f"{reverse('hc-restore-checks', args=[project.code])}?{query}"


@login_required
def shelf(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """What can be brought back, and until when."""
    access = project_for(request, code, need=Role.REGULAR)
    rows = trash.removed_in(access.project, timezone.now()).select_related("owner")
    context = {
        "access": access,
        "project": access.project,
        "section": "checks",
        "rows": [(row, row.removed + trash.KEPT) for row in rows],
    }
    return render_panel(request, "front/removed_checks.html", context)


@require_POST
@login_required
def restore(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """Bring back the checks of the keys `check`, or all that were deleted `at` an instant."""
    access = project_for(request, code, need=Role.REGULAR)
    now = timezone.now()
    ids = _meant(request.POST if "check" in request.POST else request.GET, access.project, now)
    try:
        restored = trash.restore(access.project, ids, now)
    except LimitReached:
        messages.warning(request, "The account has no room for it. Delete other checks first.")
        return leave(request, "hc-checks", access.project.code)
    _tell(request, restored)
    if len(restored.checks) == 1:
        return leave(request, "hc-details", restored.checks[0].code)
    return leave(request, "hc-checks", access.project.code)


def _meant(said: QueryDict, project: Project, now: datetime) -> Collection[int]:
    rows = trash.removed_in(project, now)
    if keys := set(said.getlist("check")):
        known = rows.values_list("owner", "owner__unique_key")
        return [pk for pk, key in known if key[:12] in keys]
    at = _instant(said.get("at", ""))
    return list(rows.filter(removed=at).values_list("owner", flat=True)) if at else []


def _instant(text: str) -> datetime | None:
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    return at if at and at.tzinfo else None


def _tell(request: AuthenticatedRequest, restored: trash.Restored) -> None:
    if not restored.checks:
        messages.info(request, "It is too late to bring that back.")
        return
    messages.success(request, f"{_named(restored.checks)} back.")
    if restored.unnamed:
        names = ", ".join(check.label() for check in restored.unnamed[:5])
        messages.warning(request, f"Without the slug, which another check has got by now: {names}.")


def _named(checks: list[Check]) -> str:
    if len(checks) == 1:
        return f"{checks[0].label()} is"
    return f"{words.count(len(checks), 'check')} are"
