"""New accounts: of people who sign up, and the first one of an installation."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_post_parameters

from hc.accounts.forms import TRY_LATER, SetupForm, SignupForm
from hc.accounts.models import User
from hc.accounts.redirects import landing_page
from hc.accounts.services import accounts
from hc.accounts.services import login as login_service
from hc.accounts.services.setup import setup_token
from hc.accounts.views.login import BACKEND, link_sent_redirect
from hc.lib.client import client_bucket


def signup(request: HttpRequest) -> HttpResponse:
    """Ask for an account: a mailed link makes it usable.

    Whether the address has an account already does not show: then the same mail is sent.
    """
    is_open = settings.REGISTRATION_OPEN and settings.EMAIL_HOST and accounts.any_account()
    if not is_open or request.user.is_authenticated:
        raise PermissionDenied
    if request.method != "POST":
        return render(request, "accounts/signup.html", {"form": SignupForm()})
    form = SignupForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/signup.html", {"form": form})
    email, now = form.cleaned_data["identity"], timezone.now()
    if not login_service.may_ask_for_link(email, client_bucket(request), now):
        form.add_error("identity", TRY_LATER)
        return render(request, "accounts/signup.html", {"form": form}, status=429)
    user = _account_for(email, form.cleaned_data["tz"])
    if user.is_active:
        login_service.send_link(user, now)
    return link_sent_redirect()


def _account_for(email: str, tz: str) -> User:
    user = User.objects.by_email(email)
    if user is not None:
        return user
    try:
        return accounts.create_account(email, tz=tz)
    except accounts.AddressTaken:  # by another request, this very moment
        return User.objects.get(email=email)


@sensitive_post_parameters("password")
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """The link printed at the first start: makes the administrator's account, once."""
    if not constant_time_compare(token, setup_token()) or accounts.any_account():
        raise Http404
    form = SetupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        user = accounts.create_account(
            data["email"], password=data["password"], tz=data["tz"], admin=True
        )
        login(request, user, backend=BACKEND)
        return redirect(landing_page(user, None))
    return render(request, "accounts/setup.html", {"form": form})
