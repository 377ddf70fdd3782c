"""Small preferences of a person, set from the account menu."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from hc.accounts.access import AuthenticatedRequest
from hc.accounts.models import Profile, Theme
from hc.accounts.redirects import safe_next


@require_POST
@login_required
def appearance(request: AuthenticatedRequest) -> HttpResponse:
    """Light, dark, or as the system is."""
    theme = request.POST.get("theme", "")
    if theme in Theme.values:
        Profile.objects.filter(pk=Profile.of(request.user.pk).pk).update(theme=theme)
    return redirect(safe_next(request.POST.get("next")) or "hc-projects")
