"""Adding and editing a check: its name, its schedule with a live preview, its rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from hc.accounts.access import AuthenticatedRequest, Role, check_for, project_for
from hc.api.models import Limit, TokenBucket
from hc.api.services import checks
from hc.front.forms import CheckForm, zone_names
from hc.front.frame import Frame
from hc.front.preview import preview

PREVIEWS = Limit(60, timedelta(minutes=1))


@login_required
def add(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    access = project_for(request, code, need=Role.REGULAR)
    zone = str(Frame(request.user, timezone.now()).zone)
    if request.method == "POST":
        form = CheckForm(request.POST)
        if form.is_valid():
            try:
                check = checks.create(access.project, form.details(), form.schedule_settings())
            except checks.LimitReached:
                form.add_error(None, "This account has as many checks as it may have.")
            else:
                return redirect("hc-details", check.code)
    else:
        form = CheckForm(initial={"tz": zone, "tags": " ".join(request.GET.getlist("tag"))})
    context = {
        "access": access,
        "project": access.project,
        "section": "checks",
        "form": form,
        "room": checks.available(access.project),
        **_preview_context(form, zone),
    }
    return render(request, "front/check_add.html", context, status=_status(form))


@login_required
def edit(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    check, access = check_for(request, code, need=Role.REGULAR)
    now = timezone.now()
    if request.method == "POST":
        form = CheckForm(request.POST)
        if form.is_valid():
            checks.edit(check.code, form.details(), form.schedule_settings(), now)
            return redirect("hc-details", check.code)
    else:
        form = CheckForm.for_check(check)
    context = {
        "access": access,
        "project": access.project,
        "section": "checks",
        "check": check,
        "form": form,
        **_preview_context(form, str(Frame(request.user, now).zone)),
    }
    return render(request, "front/check_edit.html", context, status=_status(form))


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


def _preview_context(form: CheckForm, reader_zone: str) -> dict[str, Any]:
    return {
        "preview": preview(form.entered_schedule(), reader_zone, timezone.now()),
        "zone_names": zone_names(),
    }


def _status(form: CheckForm) -> int:
    return 422 if form.is_bound and form.errors else 200
