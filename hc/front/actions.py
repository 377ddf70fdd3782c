"""The buttons of a check: pause, resume, remove, alert through a channel or not."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from hc.accounts.access import AuthenticatedRequest, Role, channel_for, check_for
from hc.api.services import checks
from hc.front.channels import channel_rows


@require_POST
@login_required
def pause(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    check, _ = check_for(request, code, need=Role.REGULAR)
    checks.pause(check.code, timezone.now())
    messages.success(request, f"{check.label()} is paused.")
    return redirect("hc-details", check.code)


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
    return redirect("hc-details", check.code)


@login_required
def remove(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """Asks for the word, because there is no way back."""
    check, access = check_for(request, code, need=Role.REGULAR)
    wrong = False
    if request.method == "POST":
        if request.POST.get("confirmation", "").strip().lower() == "delete":
            checks.remove(check.code, timezone.now())
            messages.success(request, f"{check.label()} was deleted.")
            return redirect("hc-checks", access.project.code)
        wrong = True
    context = {
        "access": access,
        "project": access.project,
        "section": "checks",
        "check": check,
        "wrong": wrong,
    }
    return render(request, "front/check_remove.html", context, status=422 if wrong else 200)


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
    channels = channel_rows(check)
    used = sum(row["used"] for row in channels)
    context = {"access": access, "check": check, "channels": channels, "n_used": used}
    return render(request, "front/_check_channels.html", context)
