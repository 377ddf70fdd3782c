"""Closing an account, and changing one's mind."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from hc.accounts.access import AuthenticatedRequest
from hc.accounts.account_forms import CloseForm
from hc.accounts.models import Profile
from hc.accounts.services import farewell, sessions
from hc.accounts.views.sudo import sudo_required

LAST = "You are the only administrator. Make somebody else one first, in the admin pages."


@login_required
@sudo_required
def close(request: AuthenticatedRequest) -> HttpResponse:
    """What goes with the account, and the form that says so."""
    user, now = request.user, timezone.now()
    form = CloseForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            date = farewell.request(user, now)
        except farewell.LastAdministrator:
            form.add_error(None, LAST)
        else:
            sessions.end_others(user, None)
            logout(request)
            return render(request, "accounts/account/closing.html", {"date": date})
    asked = Profile.of(user.pk).close_requested
    context = {
        "part": "account",
        "form": form,
        "estate": farewell.estate_of(user),
        "date": (asked or now) + farewell.GRACE,
        "asked": asked,
    }
    status = 422 if form.errors else 200
    return render(request, "accounts/account/close.html", context, status=status)


@require_POST
@login_required
def keep(request: AuthenticatedRequest) -> HttpResponse:
    if farewell.keep(request.user, timezone.now()):
        messages.success(request, "Your account stays. Nothing was lost.")
    return redirect("hc-profile")
