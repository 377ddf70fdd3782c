"""The last step of every way of signing in: a second factor if the account has one, then a session.

Whoever has checked a first factor calls `enter`.
"""

from __future__ import annotations

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from hc.accounts.audit import acting
from hc.accounts.middleware import actor_of
from hc.accounts.models import User
from hc.accounts.redirects import landing_page, safe_next
from hc.accounts.seen import METHOD, origin_of
from hc.accounts.services import second_factor, sessions
from hc.accounts.views import devices, pending

BACKEND = "hc.accounts.backends.EmailBackend"
# These ask for as much as a second factor does, or leave that to somebody else's sign-in page.
COMPLETE = frozenset({"passkey", "oidc", "header"})
STEPS = {
    "key": "hc-two-factor",
    "totp": "hc-two-factor-totp",
    "recovery": "hc-two-factor-recovery",
}


def enter(
    request: HttpRequest, user: User, method: str, next_url: str | None, *, backend: str = BACKEND
) -> HttpResponse:
    """Sign `user` in, who has passed `method` ("password", "link", "passkey", "oidc", "header",
    "signup" …), or begin the second step; the answer leads on.

    Somebody else who was signed in here is signed out; a session of the same person is kept.
    """
    if not user.is_active:
        return redirect("hc-login")
    if method not in COMPLETE and second_factor.is_on(user):
        return _second_step(request, user, method, next_url)
    return finish(request, user, method, next_url, backend=backend)


def finish(
    request: HttpRequest, user: User, method: str, next_url: str | None, *, backend: str = BACKEND
) -> HttpResponse:
    """Sign in somebody who has passed all steps, and send them where they wanted to go."""
    sign_in(request, user, method, backend=backend)
    response = redirect(landing_page(user, next_url))
    devices.remember(request, response, user.email)
    return response


def sign_in(request: HttpRequest, user: User, method: str, *, backend: str = BACKEND) -> None:
    """Give `user` a session, and tell them if this browser is new to the account.

    For those who make the answer themselves; they call `devices.remember` with it.
    """
    is_new = user.last_login is not None and not devices.name_of(request, user.email)
    pending.forget(request)
    setattr(request, METHOD, method)
    login(request, user, backend=backend)
    if is_new:
        with acting(actor_of(request)):
            sessions.tell_of_new_device(user, origin_of(request), timezone.now())


def _second_step(
    request: HttpRequest, user: User, method: str, next_url: str | None
) -> HttpResponse:
    if request.user == user:  # has passed both steps in this browser already
        return redirect(landing_page(user, next_url))
    if request.user.is_authenticated:
        logout(request)
    pending.begin(request, user, method)
    wanted = safe_next(next_url)
    query = f"?{urlencode({'next': wanted})}" if wanted else ""
    return redirect(reverse(STEPS[second_factor.first_step(second_factor.of(user))]) + query)
