"""A person's own account: its address, its time zone, its projects."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from hc.accounts.access import AuthenticatedRequest, Role, projects_of, roles_of
from hc.accounts.account_forms import ZoneForm
from hc.accounts.models import Profile, User
from hc.accounts.services import preferences, team
from hc.core import zones

ROLES = {
    Role.OWNER: "Owner",
    Role.MANAGER: "Manager",
    Role.REGULAR: "Member",
    Role.READONLY: "Read-only",
}


@login_required
def profile(request: AuthenticatedRequest) -> HttpResponse:
    user = request.user
    if "leave_project" in request.POST:
        return _leave(request)
    stored = Profile.of(user.pk)
    form = ZoneForm(request.POST or None, initial={"tz": stored.tz})
    if request.method == "POST" and form.is_valid():
        preferences.set_zone(user, form.cleaned_data["tz"])
        messages.success(request, f"Times are now shown as in {form.cleaned_data['tz']}.")
        return redirect("hc-profile")
    context = {
        "part": "account",
        "form": form,
        "stored_zone": stored.tz,
        "zone_names": sorted(zones.ZONES),
        "memberships": _memberships(user),
    }
    status = 422 if form.errors else 200
    return render(request, "accounts/account/profile.html", context, status=status)


def _memberships(user: User) -> list[dict[str, object]]:
    """The projects, own ones first, with what the person may do in each."""
    projects = projects_of(user)
    roles = roles_of(user, projects)
    rows: list[dict[str, object]] = [
        {"project": project, "role": ROLES[roles[project.pk]], "is_owner": project.owner == user}
        for project in projects
        if project.pk in roles
    ]
    return sorted(rows, key=lambda row: not row["is_owner"])


def _leave(request: AuthenticatedRequest) -> HttpResponse:
    try:
        code = UUID(request.POST.get("code", ""))
    except ValueError:
        raise SuspiciousOperation("no code") from None
    mine = (project for project in projects_of(request.user) if project.owner != request.user)
    project = next((project for project in mine if project.code == code), None)
    if project is None:
        raise SuspiciousOperation("not a member")
    team.leave(project, request.user, timezone.now())
    messages.success(request, f"You have left {project}.")
    return redirect("hc-profile")
