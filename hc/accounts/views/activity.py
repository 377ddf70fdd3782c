"""What was done in a person's account, and by them elsewhere: their part of the audit log."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from hc.accounts.access import AuthenticatedRequest
from hc.accounts.models import AuditEntry
from hc.accounts.views import audit_list


@require_safe
@login_required
@never_cache
def activity(request: AuthenticatedRequest) -> HttpResponse:
    entries = AuditEntry.objects.filter(Q(user=request.user) | Q(actor=request.user))
    context = audit_list.listing(request, entries, audit_list.ACCOUNT_KINDS)
    return render(request, "accounts/account/activity.html", {"part": "log", **context})
