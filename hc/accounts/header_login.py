"""Sign-in by a header in which a proxy names the person (REMOTE_USER_HEADER).

It is believed only from TRUSTED_PROXIES, and only on pages for people. The proxy must replace what
clients send in it; names with underscores, which would count as the same header, are dropped by
our web server. The proxy answers for second factors, too: here none is asked for at sign-in.
Source: accounts 9 of the specification, W14.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import login, logout
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from hc.accounts import audit
from hc.accounts.middleware import IMPERSONATOR, address_of
from hc.accounts.models import User, Via, normalise_email
from hc.accounts.seen import METHOD
from hc.accounts.services import accounts
from hc.accounts.sso import REFUSED
from hc.api.models import Limit, TokenBucket
from hc.lib.addresses import in_networks, parse_address
from hc.lib.doors import is_for_machines

logger = logging.getLogger(__name__)

# In sessions that were begun by the header: they end when it stays away.
BY_HEADER = "by_header"
BACKEND = "hc.accounts.backends.EmailBackend"
# Clients that keep no cookies get a new session with each request; so many, and then none.
NEW_SESSIONS = Limit(60, timedelta(hours=1))
SAFE = ("GET", "HEAD")


class HeaderLogin:
    """Middleware, behind the one that finds the user of the session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.REMOTE_USER_HEADER and not is_for_machines(request.path):
            _follow(request, named(request))
        return self._get_response(request)


def named(request: HttpRequest) -> str:
    """The address in the header; empty if there is none that may be believed."""
    value = request.META.get(settings.REMOTE_USER_HEADER, "").strip()
    if not value:
        return ""
    if not _is_from_a_proxy(request):
        logger.warning("sign-in header from an address that is not in TRUSTED_PROXIES")
        return ""
    email = normalise_email(value)
    try:
        validate_email(email)
    except ValidationError:
        email = ""
    if not email or len(email) > 254 or not email.isprintable():
        logger.warning("sign-in header without an e-mail address")
        request.META[REFUSED] = "What the proxy called you is not an e-mail address."
        return ""
    return email


def _is_from_a_proxy(request: HttpRequest) -> bool:
    if not settings.REMOTE_USER_HEADER.startswith("HTTP_"):
        return True  # no header at all: the web server itself says so
    peer = parse_address(request.META.get("REMOTE_ADDR", ""))
    return peer is not None and in_networks(peer, tuple(settings.TRUSTED_PROXIES))


def _follow(request: HttpRequest, email: str) -> None:
    """Make the user of the request the one who is named."""
    current = request.user if isinstance(request.user, User) else None
    if not email:
        if current and request.session.get(BY_HEADER):
            logout(request)
        return
    if current and email in (current.email, request.session.get(IMPERSONATOR)):
        return
    if current:
        logout(request)
    user = _account(request, email)
    if user is not None:
        _let_in(request, user)


def _account(request: HttpRequest, email: str) -> User | None:
    user = User.objects.by_email(email)
    if user is None and settings.REMOTE_USER_AUTO_CREATE:
        with audit.acting(audit.Actor(Via.WEB, email, None, address_of(request))):
            user = _made(email)
    if user is None:
        request.META[REFUSED] = f"There is no account for {email} here. Ask an administrator."
    elif not user.is_active:
        request.META[REFUSED] = f"The account {email} is switched off here."
        user = None
    return user


def _made(email: str) -> User:
    try:
        return accounts.create_account(email)
    except accounts.AddressTaken:  # by another request, this very moment
        return User.objects.get(email=email)


def _let_in(request: HttpRequest, user: User) -> None:
    """A session for those who look at pages; what is sent without one is answered, no more.

    So a form's token, which a new session would replace, stays good; and clients without cookies
    do not fill the table of sessions.
    """
    now = timezone.now()
    if request.method in SAFE and TokenBucket.authorize(f"header-{user.pk}", NEW_SESSIONS, now):
        setattr(request, METHOD, "header")
        login(request, user, backend=BACKEND)
        request.session[BY_HEADER] = True
    else:
        request.user = user
