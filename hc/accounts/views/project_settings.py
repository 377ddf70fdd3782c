"""A project's name, and how its pages show ping addresses."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect

from hc.accounts.access import AuthenticatedRequest, Role, project_for
from hc.accounts.project_forms import ProjectSettingsForm
from hc.accounts.services import projects, transfer
from hc.accounts.views.project_pages import page


@login_required
def general(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    need = Role.REGULAR if request.method == "POST" else Role.READONLY
    access = project_for(request, code, need=need)
    project = access.project
    stored = {"name": project.name, "show_slugs": "slug" if project.show_slugs else "uuid"}
    form = ProjectSettingsForm(request.POST or None, initial=stored)
    if request.method == "POST" and form.is_valid():
        projects.edit(project, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("hc-project-settings", project.code)
    offered = transfer.pending(project)
    context: dict[str, Any] = {"form": form}
    if offered and offered.user_id == access.user.pk:
        context |= {"freight": transfer.freight(project), "room": transfer.room(access.user)}
    return page(request, access, "general", context, status=422 if form.errors else 200)
