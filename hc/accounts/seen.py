"""The list of browsers in which people are signed in, kept up to date by what happens anyway:
signing in, visiting pages, signing out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from hc.accounts.middleware import address_of
from hc.accounts.models import User
from hc.accounts.services import sessions

# How somebody has come in: an attribute of the request, set by whoever signs them in.
METHOD = "sign_in_method"
SEEN = "seen"


class SignIns:
    """Notes once an hour that a browser was used. Polls of open pages do not count."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        # Nothing is looked up for requests that had no need of a person: machines have none.
        is_known = hasattr(request, "_cached_user")
        if is_known and isinstance(request.user, User) and _is_visit(request):
            _note(request, request.user)
        return response


def _is_visit(request: HttpRequest) -> bool:
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def _note(request: HttpRequest, user: User) -> None:
    now, key = timezone.now(), request.session.session_key
    at, known_as = request.session.get(SEEN) or (0, "")
    if key is None:
        return
    if known_as and known_as != key:  # Django gives a session another key when a password is set
        sessions.moved(known_as, key)
        request.session[SEEN] = [at, key]
    if now.timestamp() - at < sessions.SEEN_EVERY.total_seconds():
        return
    if not request.session.exists(key):  # ended from elsewhere while this request was under way
        return
    request.session[SEEN] = [now.timestamp(), key]
    if not sessions.seen(key, now, address_of(request)):
        _begin(request, user, key)


def _begin(request: HttpRequest, user: User, key: str) -> None:
    now = timezone.now()
    request.session[SEEN] = [now.timestamp(), key]
    sessions.begin(user, key, origin_of(request), now)


def origin_of(request: HttpRequest) -> sessions.Origin:
    """How and from where this request's person has come in."""
    agent = request.headers.get("User-Agent", "")
    return sessions.Origin(getattr(request, METHOD, ""), address_of(request), agent)


def on_sign_in(request: HttpRequest | None, user: User, **_: Any) -> None:
    """Whoever signs somebody in, by whatever page."""
    if request is not None and (key := request.session.session_key):
        _begin(request, user, key)


def on_sign_out(request: HttpRequest | None, **_: Any) -> None:
    """Before the session is emptied."""
    if request is not None and (key := request.session.session_key):
        sessions.forget(key)


def connect() -> None:
    """Listen to Django's sign-ins and sign-outs."""
    user_logged_in.connect(on_sign_in, dispatch_uid="hc.accounts.seen")
    user_logged_out.connect(on_sign_out, dispatch_uid="hc.accounts.seen")
