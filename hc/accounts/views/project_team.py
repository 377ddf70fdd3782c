"""A project's team: who is in it, who was invited, and what each may do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from hc.accounts.access import AuthenticatedRequest, ProjectAccess, Role, project_for
from hc.accounts.models import Invitation, Member, normalise_email
from hc.accounts.models import Role as StoredRole
from hc.accounts.project_forms import ROLES, InvitationForm
from hc.accounts.services import invitations, team
from hc.accounts.views.limits import too_many
from hc.accounts.views.project_pages import page
from hc.accounts.views.sudo import sudo_required


@require_safe
@login_required
@never_cache
def index(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    return _page(request, project_for(request, code))


@require_POST
@login_required
@sudo_required
def invite(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    access = project_for(request, code, need=Role.MANAGER)
    form, now = InvitationForm(request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, access, form=form, status=422)
    email, role = form.cleaned_data["email"], form.cleaned_data["role"]
    try:
        invitations.invite(access.project, email, role, access.user, now)
    except invitations.AlreadyThere:
        messages.info(request, f"{email} is in the project already.")
    except invitations.TriedTooOften as e:
        return too_many(request, e.wait)
    except invitations.TooMany:
        form.add_error(None, "There are too many open invitations. Revoke some first.")
        return _page(request, access, form=form, status=422)
    else:
        _say_invited(request, email)
    return redirect("hc-project-team", access.project.code)


@require_POST
@login_required
@sudo_required
def resend(request: AuthenticatedRequest, code: UUID, invitation: UUID) -> HttpResponse:
    access = project_for(request, code, need=Role.MANAGER)
    try:
        found = invitations.resend(access.project, invitation, access.user, timezone.now())
    except invitations.Gone:
        raise Http404 from None
    except invitations.TriedTooOften as e:
        return too_many(request, e.wait)
    _say_invited(request, found.email)
    return redirect("hc-project-team", access.project.code)


@require_POST
@login_required
def revoke(request: AuthenticatedRequest, code: UUID, invitation: UUID) -> HttpResponse:
    access = project_for(request, code, need=Role.MANAGER)
    try:
        found = invitations.revoke(access.project, invitation)
    except invitations.Gone:
        raise Http404 from None
    messages.success(request, f"The invitation of {found.email} was revoked; its link is dead.")
    return redirect("hc-project-team", access.project.code)


@require_POST
@login_required
@sudo_required
def set_role(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    access = project_for(request, code, need=Role.MANAGER)
    role = request.POST.get("role", "")
    if role not in StoredRole.values:
        raise BadRequest("no such role")
    try:
        user_id = _member(request, access)
        user = team.set_role(access.project, user_id, role, access.user, timezone.now())
    except team.NotThere:
        raise BadRequest("not another member") from None
    messages.success(request, f"{user.email}: {StoredRole(role).label}.")
    return redirect("hc-project-team", access.project.code)


@require_POST
@login_required
@sudo_required
def remove(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    access = project_for(request, code, need=Role.MANAGER)
    try:
        user_id = _member(request, access)
        user = team.remove_member(access.project, user_id, access.user, timezone.now())
    except team.NotThere:
        raise BadRequest("not another member") from None
    messages.success(request, f"{user.email} is no longer in the project.")
    return redirect("hc-project-team", access.project.code)


def _member(request: HttpRequest, access: ProjectAccess) -> int:
    email = normalise_email(request.POST.get("email", ""))
    found = Member.objects.filter(project=access.project, user__email=email)
    user_id: int | None = found.values_list("user_id", flat=True).first()
    if user_id is None:
        raise team.NotThere
    return user_id


def _page(
    request: HttpRequest,
    access: ProjectAccess,
    *,
    form: InvitationForm | None = None,
    status: int = 200,
) -> HttpResponse:
    project, now = access.project, timezone.now()
    members = Member.objects.filter(project=project).select_related("user").order_by("user__email")
    shown = list(members) if access.can_edit else [m for m in members if m.user == access.user]
    context: dict[str, Any] = {
        "form": form or InvitationForm(),
        "members": shown,
        "hidden": members.count() - len(shown) if not access.can_edit else 0,
        "roles": ROLES,
        "mail_works": bool(settings.EMAIL_HOST),
    }
    if access.can_manage:
        pending = Invitation.objects.filter(project=project).select_related("inviter")
        context |= {
            "pending": [
                (one, invitations.link(one), one.expires <= now)
                for one in pending.order_by("-created", "-pk")
            ],
            "suggestions": invitations.suggestions(project, access.user),
        }
    return page(request, access, "team", context, status=status)


def _say_invited(request: HttpRequest, email: str) -> None:
    if settings.EMAIL_HOST:
        messages.success(request, f"An invitation to {email} is on its way.")
    else:
        messages.success(request, f"{email} is invited. Copy the link below, and pass it on.")
