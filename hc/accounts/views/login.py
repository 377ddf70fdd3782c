"""Signing in and out: by password, or by a mailed link."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from hc.accounts.forms import TRY_LATER, LinkForm, PasswordForm
from hc.accounts.models import User
from hc.accounts.redirects import landing_page, safe_next
from hc.accounts.services import accounts
from hc.accounts.services import login as service
from hc.lib.client import client_bucket

WRONG = "The address or the password is wrong."
BACKEND = "hc.accounts.backends.EmailBackend"
LINK_COOKIE = "auto-login"
LINK_COOKIE_SECONDS = 300


@sensitive_post_parameters("password")
def login_page(request: HttpRequest) -> HttpResponse:
    """The page with both ways of signing in."""
    next_url = request.GET.get("next")
    if isinstance(request.user, User):
        return redirect(landing_page(request.user, next_url))
    if request.method == "POST":
        if request.POST.get("action") == "login":
            return _by_password(request, next_url)
        return _by_link(request, next_url)
    bad_link = request.session.pop("bad_link", False)
    return _page(request, PasswordForm(), LinkForm(), bad_link=bad_link)


def _by_password(request: HttpRequest, next_url: str | None) -> HttpResponse:
    form = PasswordForm(request.POST)
    if not form.is_valid():
        # One message for all that can be wrong, so that nothing about an account shows.
        form.errors.clear()
        form.add_error(None, WRONG)
        return _page(request, form, LinkForm())
    email, password = form.cleaned_data["email"], form.cleaned_data["password"]
    if not service.may_try_password(email, client_bucket(request), timezone.now()):
        form.add_error(None, TRY_LATER)
        return _page(request, form, LinkForm(), status=429)
    user = authenticate(request, email=email, password=password)
    if not isinstance(user, User):
        form.add_error(None, WRONG)
        return _page(request, form, LinkForm())
    login(request, user, backend=BACKEND)
    return redirect(landing_page(user, next_url))


def _by_link(request: HttpRequest, next_url: str | None) -> HttpResponse:
    form = LinkForm(request.POST)
    if not form.is_valid():
        return _page(request, PasswordForm(), form)
    email, now = form.cleaned_data["identity"], timezone.now()
    if not service.may_ask_for_link(email, client_bucket(request), now):
        form.add_error("identity", TRY_LATER)
        return _page(request, PasswordForm(), form, status=429)
    user = User.objects.by_email(email)
    if user is not None and user.is_active:
        service.send_link(user, now, next_url=safe_next(next_url))
    return link_sent_redirect()


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
    button has to be pressed before the link is used.
    """
    asked_here = request.method == "GET" and LINK_COOKIE in request.COOKIES
    if request.method != "POST" and not asked_here:
        return render(request, "accounts/check_token.html")
    user = service.use_link(username, token, timezone.now())
    if user is None:
        request.session["bad_link"] = True
        return redirect("hc-login")
    login(request, user, backend=BACKEND)
    return redirect(landing_page(user, request.GET.get("next")))


@require_POST
def logout_page(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("hc-login")


def _page(
    request: HttpRequest,
    password_form: PasswordForm,
    link_form: LinkForm,
    *,
    bad_link: bool = False,
    status: int = 200,
) -> HttpResponse:
    has_accounts = accounts.any_account()
    context = {
        "password_form": password_form,
        "link_form": link_form,
        "bad_link": bad_link,
        "mail_works": bool(settings.EMAIL_HOST),
        "signup_open": settings.REGISTRATION_OPEN and bool(settings.EMAIL_HOST) and has_accounts,
        "needs_setup": not has_accounts,
        "support_email": settings.SUPPORT_EMAIL,
    }
    return render(request, "accounts/login.html", context, status=status)
