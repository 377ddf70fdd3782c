"""Leaving a project, handing it over, removing it, and bringing a removed one back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from hc.accounts.access import (
    AuthenticatedRequest,
    ProjectAccess,
    Role,
    owned_project_for,
    project_for,
)
from hc.accounts.models import Member
from hc.accounts.services import projects, team, transfer
from hc.accounts.views.project_pages import page
from hc.accounts.views.sudo import sudo_required


@require_safe
@login_required
def index(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    return _page(request, project_for(request, code))


@require_POST
@login_required
def leave(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    access = project_for(request, code)
    try:
        team.leave(access.project, access.user, timezone.now())
    except team.NotThere:
        raise BadRequest("not a member") from None
    messages.success(request, f"You have left {access.project}.")
    return redirect("hc-projects")


@require_POST
@login_required
@sudo_required
def remove(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """Asks for its name, or the word, because a team may depend on it."""
    project = owned_project_for(request, code)
    said = " ".join(request.POST.get("confirmation", "").split())
    if said.lower() != "remove" and (not project.name or said != project.name):
        access = ProjectAccess(project, Role.OWNER, request.user)
        return _page(request, access, wrong=True, status=422)
    projects.remove(project, timezone.now())
    undo = reverse("hc-restore-project", args=[project.code])
    messages.success(request, f"{project} was removed.", extra_tags=undo)
    return redirect("hc-projects")


@require_POST
@login_required
def restore(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    project = owned_project_for(request, code, removed=True)
    try:
        projects.restore(project, timezone.now())
    except projects.CannotRestore as e:
        messages.error(request, str(e))
        return redirect("hc-projects")
    messages.success(request, f"{project} is back, as it was.")
    return redirect("hc-checks", project.code)


def _page(
    request: HttpRequest, access: ProjectAccess, *, wrong: bool = False, status: int = 200
) -> HttpResponse:
    project = access.project
    members = Member.objects.filter(project=project).select_related("user").order_by("user__email")
    is_member = any(member.user_id == access.user.pk for member in members)
    context: dict[str, Any] = {"is_member": is_member, "wrong": wrong, "kept": projects.KEPT}
    if access.is_owner:
        context |= {
            "members": members,
            "offered": next((m for m in members if m.transfer_request_date), None),
            "freight": transfer.freight(project),
        }
    return page(request, access, "danger", context, status=status)
