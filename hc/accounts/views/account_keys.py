"""Keys with which scripts manage a person's projects."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from hc.accounts.access import AuthenticatedRequest
from hc.accounts.account_forms import KeyForm
from hc.accounts.models import ApiKey, Scope
from hc.accounts.services import keys
from hc.accounts.views.sudo import sudo_required

FULL = f"An account has at most {keys.MAX_KEYS} keys. Revoke one that is not used."


@login_required
@sudo_required
def account_keys(request: AuthenticatedRequest) -> HttpResponse:
    """The list. A new key is shown in the answer itself, and kept nowhere."""
    if "revoke" in request.POST:
        return _revoke(request, request.POST["revoke"])
    form, made = KeyForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        name, expires = form.cleaned_data["name"], form.expires(timezone.now())
        try:
            _, made = keys.create_key(request.user, Scope.ACCOUNT, name=name, expires=expires)
        except keys.TooManyKeys:
            form.add_error(None, FULL)
    context: dict[str, Any] = {
        "part": "keys",
        "form": KeyForm() if made else form,
        "new_key": made,
        "new_key_name": form.cleaned_data["name"] if made else "",
        "keys": ApiKey.objects.filter(user=request.user).order_by("-created", "-pk"),
        "now": timezone.now(),
    }
    status = 422 if form.errors else 200
    return render(request, "accounts/account/keys.html", context, status=status)


def _revoke(request: AuthenticatedRequest, code: str) -> HttpResponse:
    try:
        done = keys.remove_key(request.user, UUID(code))
    except ValueError:
        done = False
    messages.success(request, "The key was revoked." if done else "That key is gone already.")
    return redirect("hc-account-keys")
