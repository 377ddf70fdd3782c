"""A project's keys: for the API, and for pings by slug."""

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
from hc.accounts.models import ApiKey, Project, Scope
from hc.accounts.project_forms import KeyForm
from hc.accounts.services import keys
from hc.accounts.views.project_pages import page
from hc.accounts.views.sudo import sudo_required


@require_safe
@login_required
@never_cache
def index(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    return _page(request, project_for(request, code, need=Role.REGULAR))


@require_POST
@login_required
@sudo_required
def add(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """Makes a key, and shows it this once."""
    access = project_for(request, code, need=Role.REGULAR)
    form, now = KeyForm(request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, access, form=form, status=422)
    scope, name = Scope(form.cleaned_data["scope"]), form.cleaned_data["name"]
    try:
        key, text = keys.create_key(access.project, scope, name=name, expires=form.expires(now))
    except keys.TooManyKeys:
        form.add_error(None, f"A project has at most {keys.MAX_KEYS} keys. Revoke one first.")
        return _page(request, access, form=form, status=422)
    return _page(request, access, new_key=key, new_text=text)


@require_POST
@login_required
@sudo_required
def revoke(request: AuthenticatedRequest, code: UUID, key_code: UUID) -> HttpResponse:
    access = project_for(request, code, need=Role.REGULAR)
    if not keys.remove_key(access.project, key_code):
        raise Http404
    messages.success(request, "The key was revoked; requests with it are refused from now on.")
    return redirect("hc-project-keys", access.project.code)


@require_POST
@login_required
@sudo_required
def revoke_old(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """The key of an older version, which stands in a column of the project."""
    access = project_for(request, code, need=Role.REGULAR)
    scope = request.POST.get("scope")
    if scope not in (Scope.READWRITE.value, Scope.READONLY.value):
        raise BadRequest("no such key")
    keys.revoke_old_key(access.project, Scope(scope))
    messages.success(request, "The key was revoked; requests with it are refused from now on.")
    return redirect("hc-project-keys", access.project.code)


@require_POST
@login_required
@sudo_required
def ping_key(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """A new ping key, or none any more; either breaks what uses the old one."""
    access = project_for(request, code, need=Role.REGULAR)
    action = request.POST.get("action")
    if action == "create":
        keys.create_ping_key(access.project)
        messages.success(request, "The project has a new ping key.")
    elif action == "revoke":
        keys.revoke_ping_key(access.project)
        messages.success(request, "The ping key was revoked; addresses with it work no more.")
    else:
        raise BadRequest("no such action")
    return redirect("hc-project-keys", access.project.code)


def _page(
    request: HttpRequest,
    access: ProjectAccess,
    *,
    form: KeyForm | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    project, now = access.project, timezone.now()
    rows = ApiKey.objects.filter(project=project).order_by("-created", "-pk")
    context = more | {
        "form": form or KeyForm(),
        "keys": [(key, key.expires is not None and key.expires <= now) for key in rows],
        "older_keys": _older(project),
        "ping_root": f"{settings.PING_ENDPOINT}{project.ping_key}/" if project.ping_key else "",
        "metrics_url": f"{settings.SITE_ROOT}/projects/{project.code}/metrics/",
        "metrics_on": settings.PROMETHEUS_ENABLED,
        "api_root": f"{settings.SITE_ROOT}/api/v3/",
    }
    return page(request, access, "keys", context, status=status)


def _older(project: Project) -> list[tuple[Scope, str]]:
    """The keys in the two columns: what they may, and how they begin."""
    columns = ((scope, getattr(project, name)) for scope, name in keys.COLUMNS.items())
    return [(scope, keys.shown_prefix(stored)) for scope, stored in columns if stored]
