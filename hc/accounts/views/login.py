"""Signing in and out: by password, by a mailed link, by a passkey."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from hc.accounts.forms import LinkForm, PasswordForm
from hc.accounts.middleware import address_of
from hc.accounts.models import User
from hc.accounts.redirects import landing_page, safe_next
from hc.accounts.services import accounts, orders
from hc.accounts.services import login as service
from hc.accounts.views import devices
from hc.accounts.views.entry import BACKEND, enter
from hc.accounts.views.limits import retry_after, soon
from hc.lib.client import client_bucket

__all__ = ["BACKEND", "check_token", "link_sent", "login_page", "logout_page", "page"]

WRONG = "The address or the password is wrong."
LINK_COOKIE = "auto-login"
LINK_COOKIE_SECONDS = 300


@sensitive_post_parameters("password")
def login_page(request: HttpRequest) -> HttpResponse:
    """The page with all ways of signing in."""
    next_url = request.GET.get("next")
    if isinstance(request.user, User):
        return redirect(landing_page(request.user, next_url))
    if request.method == "POST":
        if request.POST.get("action") == "login":
            return _by_password(request, next_url)
        return _by_link(request, next_url)
    return page(request)


def _by_password(request: HttpRequest, next_url: str | None) -> HttpResponse:
    form = PasswordForm(request.POST)
    if not form.is_valid():
        # One message for all that can be wrong, so that nothing about an account shows.
        form.errors.clear()
        form.add_error(None, WRONG)
        return page(request, password_form=form)
    email, password = form.cleaned_data["email"], form.cleaned_data["password"]
    client, device = client_bucket(request), devices.name_of(request, email)
    if wait := service.wait_before_password(email, client, timezone.now(), device):
        form.add_error(None, _try_later(wait))
        return retry_after(page(request, password_form=form, status=429), wait)
    user = authenticate(request, email=email, password=password)
    if not isinstance(user, User):
        form.add_error(None, WRONG)
        return page(request, password_form=form)
    return enter(request, user, "password", next_url)


def _by_link(request: HttpRequest, next_url: str | None) -> HttpResponse:
    form = LinkForm(request.POST)
    if not form.is_valid():
        return page(request, link_form=form)
    email, now = form.cleaned_data["identity"], timezone.now()
    client, device = client_bucket(request), devices.name_of(request, email)
    if wait := service.wait_before_link(email, client, now, device):
        form.add_error("identity", _try_later(wait))
        return retry_after(page(request, link_form=form, status=429), wait)
    order = orders.Order(next_url=safe_next(next_url), address=address_of(request))
    orders.place(email, order, now)
    return link_sent_redirect()


def _try_later(wait: timedelta) -> str:
    return f"That was tried too often. Try again in {soon(wait)}."


def link_sent_redirect() -> HttpResponse:
    """To the page that says to look into the mailbox; remembers that this browser asked."""
    response = redirect("hc-login-link-sent")
    response.set_cookie(
        LINK_COOKIE,
        "1",
        max_age=LINK_COOKIE_SECONDS,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def link_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/login_link_sent.html")


@never_cache
def check_token(request: HttpRequest, username: str, token: str) -> HttpResponse:
    """A mailed link was followed.

    Mail scanners follow links, too: unless this browser asked for the link a moment ago, a
    button has to be pressed before the link is used. A link that does not work changes nothing
    for somebody who is signed in.
    """
    asked_here = request.method == "GET" and LINK_COOKIE in request.COOKIES
    if request.method != "POST" and not asked_here:
        return render(request, "accounts/check_token.html")
    user = service.use_link(username, token, timezone.now())
    if user is None:
        request.session["bad_link"] = True
        return redirect("hc-login")
    return enter(request, user, "link", request.GET.get("next"))


@require_POST
def logout_page(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("hc-login")


def page(
    request: HttpRequest,
    *,
    password_form: PasswordForm | None = None,
    link_form: LinkForm | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    """The sign-in page. `error`: what is wrong with a passkey."""
    has_accounts = accounts.any_account()
    context = {
        "password_form": password_form or PasswordForm(),
        "link_form": link_form or LinkForm(),
        "bad_link": _was_bad_link(request),
        "error": error,
        "next": safe_next(request.GET.get("next")),
        "passkeys": bool(settings.RP_ID) and has_accounts,
        "mail_works": bool(settings.EMAIL_HOST),
        "signup_open": settings.REGISTRATION_OPEN and bool(settings.EMAIL_HOST) and has_accounts,
        "needs_setup": not has_accounts,
        "support_email": settings.SUPPORT_EMAIL,
    }
    return render(request, "accounts/login.html", context, status=status)


def _was_bad_link(request: HttpRequest) -> bool:
    return request.method == "GET" and bool(request.session.pop("bad_link", False))
