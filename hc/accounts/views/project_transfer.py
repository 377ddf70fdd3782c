"""Handing a project over: offering it, taking the offer back, answering it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from hc.accounts.access import AuthenticatedRequest, Role, project_for
from hc.accounts.models import Member, normalise_email
from hc.accounts.services import transfer
from hc.accounts.views.limits import too_many
from hc.accounts.views.sudo import sudo_required
from hc.core.words import count


@require_POST
@login_required
@sudo_required
def start(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    access = project_for(request, code, need=Role.OWNER)
    email = normalise_email(request.POST.get("email", ""))
    member = Member.objects.filter(project=access.project, user__email=email).first()
    if member is None:
        raise BadRequest("no member")
    try:
        user = transfer.start(access.project, member.user_id, access.user, timezone.now())
    except transfer.NotAsked:
        raise BadRequest("cannot take it over") from None
    except transfer.TriedTooOften as e:
        return too_many(request, e.wait)
    messages.success(request, f"{user.email} is asked to take the project over.")
    return redirect("hc-project-danger", access.project.code)


@require_POST
@login_required
def cancel(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    access = project_for(request, code, need=Role.OWNER)
    transfer.cancel(access.project)
    messages.success(request, "You keep the project.")
    return redirect("hc-project-danger", access.project.code)


@require_POST
@login_required
def answer(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """The addressee accepts or declines."""
    access = project_for(request, code)
    said = request.POST.get("answer")
    if said not in ("accept", "decline"):
        raise BadRequest("accept or decline")
    try:
        if said == "accept":
            transfer.accept(access.project, access.user, timezone.now())
            messages.success(request, f"You own {access.project} now.")
        else:
            transfer.decline(access.project, access.user, timezone.now())
            messages.success(request, "You have declined.")
    except transfer.NotAsked:
        raise PermissionDenied from None
    except transfer.NoRoom as e:
        text = f"It has {count(e.checks, 'check')}, your account has room for {max(0, e.free)}."
        messages.error(request, text)
        return redirect("hc-project-settings", code)
    return redirect("hc-project-settings", code)
