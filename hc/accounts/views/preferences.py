"""How pages look to a person; also set from the account menu."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render

from hc.accounts.access import AuthenticatedRequest
from hc.accounts.models import Theme
from hc.accounts.redirects import safe_next
from hc.accounts.services import preferences

PAGE = "hc-appearance"


@login_required
def appearance(request: AuthenticatedRequest) -> HttpResponse:
    """Light, dark, or as the system is."""
    if request.method != "POST":
        return render(request, "accounts/account/appearance.html", {"part": "appearance"})
    theme = request.POST.get("theme")
    if theme in Theme.values:
        preferences.set_theme(request.user, theme)
    if "next" not in request.POST:
        messages.success(request, "Saved.")
        return redirect(PAGE)
    return redirect(safe_next(request.POST["next"]) or "hc-projects")
