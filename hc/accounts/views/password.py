"""Setting a password."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from hc.accounts.access import AuthenticatedRequest
from hc.accounts.account_forms import NewPasswordForm
from hc.accounts.services import passwords, sessions
from hc.accounts.views.sudo import sudo_required


@sensitive_post_parameters("password")
@login_required
@sudo_required
def set_password(request: AuthenticatedRequest) -> HttpResponse:
    user = request.user
    form = NewPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        passwords.set_password(user, form.cleaned_data["password"], timezone.now())
        sessions.end_others(user, request.session.session_key)
        update_session_auth_hash(request, user)
        messages.success(request, "Your password was set. All other browsers were signed out.")
        return redirect("hc-profile")
    context = {"part": "account", "form": form, "has_password": user.has_usable_password()}
    status = 422 if form.errors else 200
    return render(request, "accounts/account/password.html", context, status=status)
