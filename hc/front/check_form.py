"""Adding and editing a check: its name, its schedule with a live preview, its rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.views.decorators.http import require_POST

from hc.accounts.access import AuthenticatedRequest, Role, check_for, project_for
from hc.api.models import Channel, Limit, TokenBucket
from hc.api.services import checks
from hc.front.forms import CheckForm, zone_names
from hc.front.frame import Frame
from hc.front.panel import leave, render_panel
from hc.front.preview import preview

PREVIEWS = Limit(60, timedelta(minutes=1))
# Where the page of a check says how to ping it.
HOW_TO_PING = "#how-title"


@login_required
def add(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    access = project_for(request, code, need=Role.REGULAR)
    zone = str(Frame(request.user, timezone.now()).zone)
    channels = list(Channel.objects.filter(project=access.project).order_by("created", "pk"))
    chosen = _chosen(request, channels)
    if request.method == "POST":
        form = CheckForm(request.POST)
        if form.is_valid():
            try:
                check = checks.create(
                    access.project, form.details(), form.schedule_settings(), chosen
                )
            except checks.LimitReached:
                form.add_error(None, "This account has as many checks as it may have.")
            else:
                return redirect(resolve_url("hc-details", check.code) + HOW_TO_PING)
    else:
        form = CheckForm(initial={"tz": zone, "tags": " ".join(request.GET.getlist("tag"))})
    context = {
        "access": access,
        "project": access.project,
        "section": "checks",
        "form": form,
        "room": checks.available(access.project),
        "channels": [(channel, channel in chosen) for channel in channels],
        **_preview_context(form, zone),
    }
    return render(request, "front/check_add.html", context, status=_status(form))


@login_required
def edit(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """Whoever edits something that somebody else has changed meanwhile sees both, and decides."""
    check, access = check_for(request, code, need=Role.REGULAR)
    now, conflict = timezone.now(), False
    form = CheckForm(request.POST) if request.method == "POST" else CheckForm.for_check(check)
    if form.is_bound and form.is_valid():
        seen = form.cleaned_data["revision"]
        try:
            checks.edit(check.code, form.details(), form.schedule_settings(), now, seen=seen)
            return leave(request, "hc-details", check.code)
        except checks.Conflict:
            check.refresh_from_db()
            form, conflict = form.in_conflict_with(check), True
    context = {
        "access": access,
        "project": access.project,
        "section": "checks",
        "check": check,
        "form": form,
        "conflict": conflict,
        **_preview_context(form, str(Frame(request.user, now).zone)),
    }
    status = 409 if conflict else _status(form)
    return render_panel(request, "front/check_edit.html", context, status)


@require_POST
@login_required
def schedule_preview(request: AuthenticatedRequest) -> HttpResponse:
    """What the schedule typed so far would mean; for the box beside the fields."""
    now = timezone.now()
    if not TokenBucket.authorize(f"preview-{request.user.pk}", PREVIEWS, now):
        return HttpResponse(status=429, headers={"Retry-After": "1"})
    zone = str(Frame(request.user, now).zone)
    context = _preview_context(CheckForm(request.POST), zone)
    return render(request, "front/_schedule_preview.html", context)


def _chosen(request: HttpRequest, channels: list[Channel]) -> list[Channel]:
    """Through which channels the new check is to alert: all, unless the form says otherwise."""
    if "choose_channels" not in request.POST:
        return channels
    codes = set(request.POST.getlist("channel"))
    return [channel for channel in channels if str(channel.code) in codes]


def _preview_context(form: CheckForm, reader_zone: str) -> dict[str, Any]:
    return {
        "preview": preview(form.entered_schedule(), reader_zone, timezone.now()),
        "zone_names": zone_names(),
    }


def _status(form: CheckForm) -> int:
    return 422 if form.is_bound and form.errors else 200
