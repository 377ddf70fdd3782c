"""New accounts: of people who sign up, and the first one of an installation."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from hc.accounts.forms import TRY_LATER, SetupForm, SignupForm
from hc.accounts.middleware import address_of
from hc.accounts.services import accounts, login, orders
from hc.accounts.services import setup as service
from hc.accounts.services.orders import Order
from hc.accounts.views.entry import enter
from hc.accounts.views.limits import retry_after, soon
from hc.accounts.views.login import link_sent_redirect
from hc.lib.client import client_bucket


def signup(request: HttpRequest) -> HttpResponse:
    """Ask for an account: a mailed link makes it usable.

    Whether the address has an account already does not show: nothing is looked up here.
    """
    _admit(request)
    if request.method != "POST":
        return render(request, "accounts/signup.html", {"form": SignupForm()})
    form = SignupForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/signup.html", {"form": form})
    email, now = form.cleaned_data["identity"], timezone.now()
    if wait := login.wait_before_link(email, client_bucket(request), now):
        form.add_error("identity", f"{TRY_LATER} Try again in {soon(wait)}.")
        page = render(request, "accounts/signup.html", {"form": form}, status=429)
        return retry_after(page, wait)
    order = Order(wants_account=True, tz=form.cleaned_data["tz"], address=address_of(request))
    orders.place(email, order, now)
    return link_sent_redirect()


@never_cache
def csrf(request: HttpRequest) -> HttpResponse:
    """The token of the form, for pages elsewhere that are kept by caches."""
    _admit(request)
    return HttpResponse(get_token(request), content_type="text/plain")


def _admit(request: HttpRequest) -> None:
    is_open = settings.REGISTRATION_OPEN and settings.EMAIL_HOST and accounts.any_account()
    if not is_open or request.user.is_authenticated:
        raise PermissionDenied


@sensitive_post_parameters("password")
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """The link printed at the first start: makes the administrator's account, once."""
    if not constant_time_compare(token, service.setup_token()) or accounts.any_account():
        raise Http404
    form = SetupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            user = service.create_first_account(data["email"], data["password"], data["tz"])
        except service.SetUpAlready:
            raise Http404 from None
        return enter(request, user, "signup", None)
    return render(request, "accounts/setup.html", {"form": form})
