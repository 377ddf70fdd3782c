"""Changing the address of an account, confirming the new one, and taking that back."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from hc.accounts.access import AuthenticatedRequest
from hc.accounts.account_forms import NewAddressForm
from hc.accounts.models import EmailChange
from hc.accounts.services import email_change, sessions
from hc.accounts.views.limits import too_many
from hc.accounts.views.sudo import sudo_required

TAKEN = "This address cannot be used: another account has it."
TAKEN_BACK = "Another account has this address by now."


@login_required
@sudo_required
def change_email(request: AuthenticatedRequest) -> HttpResponse:
    """Ask for the new address, and mail a link to it."""
    user, now = request.user, timezone.now()
    form = NewAddressForm(user, request.POST or None)
    if request.method == "POST" and settings.EMAIL_HOST and form.is_valid():
        new = form.cleaned_data["email"]
        if wait := email_change.wait_before_request(user, new, now):
            return too_many(request, wait)
        try:
            email_change.request(user, new, now)
        except email_change.Taken:
            form.add_error("email", TAKEN)
        else:
            messages.success(request, f"A mail is on its way to {new}.")
            return redirect("hc-change-email")
    context = {
        "part": "account",
        "form": form,
        "pending": EmailChange.objects.pending(now).filter(user=user).order_by("-pk").first(),
        "mail_works": bool(settings.EMAIL_HOST),
        "support_email": settings.SUPPORT_EMAIL,
    }
    status = 422 if form.errors else 200
    return render(request, "accounts/account/change_email.html", context, status=status)


@never_cache
@login_required
def confirm(request: AuthenticatedRequest, token: str) -> HttpResponse:
    """The link in the mail to the new address: of use only to the owner of the account."""
    user, now = request.user, timezone.now()
    change = email_change.pending(token, now)
    if change is None:
        return _bad_link(request)
    if change.user_id != user.pk:
        context = {"change": change}
        return render(request, "accounts/account/email_foreign.html", context, status=403)
    if request.method != "POST":
        return render(request, "accounts/account/email_confirm.html", {"change": change})
    try:
        if not email_change.confirm(change, now):
            return _bad_link(request)
    except email_change.Taken:
        return _bad_link(request, TAKEN)
    sessions.end_others(user, request.session.session_key)
    update_session_auth_hash(request, change.user)
    messages.success(request, f"The address of your account is now {change.new}.")
    return redirect("hc-profile")


@never_cache
def undo(request: HttpRequest, token: str) -> HttpResponse:
    """The link in the mail to the former address; whoever can read that need not sign in."""
    now = timezone.now()
    change = email_change.takeable(token, now)
    if change is None:
        return _bad_link(request)
    if request.method != "POST":
        return render(request, "accounts/account/email_undo.html", {"change": change})
    try:
        if not email_change.undo(change, now):
            return _bad_link(request)
    except email_change.Taken:
        return _bad_link(request, TAKEN_BACK)
    sessions.end_others(change.user, None)
    return render(request, "accounts/account/email_restored.html", {"change": change})


def _bad_link(request: HttpRequest, why: str = "") -> HttpResponse:
    context = {"why": why, "support_email": settings.SUPPORT_EMAIL}
    return render(request, "accounts/account/bad_link.html", context, status=410)
