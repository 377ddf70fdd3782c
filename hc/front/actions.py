"""The buttons of a check: pause, resume, remove, alert through a channel or not."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from hc.accounts.access import AuthenticatedRequest, ProjectAccess, Role, channel_for, check_for
from hc.api.models import Check
from hc.api.services import checks, lifecycle, trash
from hc.core.state import Status
from hc.front.channels import channel_rows
from hc.front.trash import undo_address


@require_POST
@login_required
def pause(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    check, _ = check_for(request, code, need=Role.REGULAR)
    before = lifecycle.before_pause(check)
    was_paused = check.status == Status.PAUSED
    checks.pause(check.code, timezone.now())
    undo = f"{reverse('hc-undo-pause', args=[check.code])}?before={before}"
    # The tags of a message are where its button for undoing leads.
    messages.success(request, f"{check.label()} is paused.", "" if was_paused else undo)
    return _back(request, check)


@require_POST
@login_required
def undo_pause(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    check, _ = check_for(request, code, need=Role.REGULAR)
    try:
        lifecycle.undo_pause(check.code, request.GET.get("before", ""), timezone.now())
    except lifecycle.TooLate:
        messages.info(request, f"It is too late to take that back: {check.label()} has changed.")
    else:
        messages.success(request, f"{check.label()} is watched as before.")
    return _back(request, check)


@require_POST
@login_required
def resume(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    check, _ = check_for(request, code, need=Role.REGULAR)
    try:
        checks.resume(check.code, timezone.now())
    except checks.NotPaused:
        messages.info(request, f"{check.label()} is not paused.")
    else:
        messages.success(request, f"{check.label()} waits for its next ping.")
    return _back(request, check)


@login_required
def remove(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    check, access = check_for(request, code, need=Role.REGULAR)
    if request.method == "POST":
        now = timezone.now()
        trash.remove(check.code, now)
        undo = undo_address(access.project, now)
        messages.success(request, f"{check.label()} was deleted.", undo)
        return redirect("hc-checks", access.project.code)
    context = {
        "access": access,
        "project": access.project,
        "section": "checks",
        "check": check,
    }
    return render(request, "front/check_remove.html", context)


@require_POST
@login_required
def set_channel(request: AuthenticatedRequest, code: UUID, channel_code: UUID) -> HttpResponse:
    check, access = check_for(request, code, need=Role.REGULAR)
    channel, _ = channel_for(request, channel_code, need=Role.REGULAR)
    if channel.project_id != access.project.pk:
        return HttpResponse(status=400)
    checks.set_channel(check.code, channel, enabled=request.POST.get("state") == "on")
    if not request.headers.get("HX-Request"):
        return redirect("hc-details", check.code)
    return _channels(request, check, access)


@login_required
def channels(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """Whom a check alerts, as a part of a page."""
    return _channels(request, *check_for(request, code))


def _back(request: AuthenticatedRequest, check: Check) -> HttpResponse:
    """To where the button was pressed."""
    if request.POST.get("back") == "list":
        return redirect("hc-checks", check.project.code)
    return redirect("hc-details", check.code)


def _channels(request: AuthenticatedRequest, check: Check, access: ProjectAccess) -> HttpResponse:
    channels = channel_rows(check)
    used = sum(row["used"] for row in channels)
    context = {"access": access, "check": check, "channels": channels, "n_used": used}
    return render(request, "front/_check_channels.html", context)
