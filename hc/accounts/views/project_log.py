"""Who did what in a project: for its owner and its managers."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from hc.accounts.access import AuthenticatedRequest, Role, project_for
from hc.accounts.models import AuditEntry
from hc.accounts.views import audit_list
from hc.accounts.views.project_pages import page


@require_safe
@login_required
@never_cache
def index(request: AuthenticatedRequest, code: UUID) -> HttpResponseBase:
    access = project_for(request, code, need=Role.MANAGER)
    entries = AuditEntry.objects.filter(project=access.project)
    return page(request, access, "log", audit_list.listing(request, entries))


@require_safe
@login_required
def export(request: AuthenticatedRequest, code: UUID, form: str) -> StreamingHttpResponse:
    access = project_for(request, code, need=Role.MANAGER)
    if form not in audit_list.FORMS:
        raise Http404
    entries = AuditEntry.objects.filter(project=access.project)
    name = f"activity-{access.project.code}-{timezone.now():%Y-%m-%d}"
    return audit_list.export(audit_list.filtered(request, entries), form, name)
