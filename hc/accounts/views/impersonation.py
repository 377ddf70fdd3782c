"""The way back for administrators who act as somebody else."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from hc.accounts import impersonation


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Back to the admin pages; others land among their own."""
    is_over = impersonation.end(request)
    if is_over and not request.user.is_authenticated:
        return redirect("hc-login")
    return redirect("admin:index" if is_over else "hc-projects")
