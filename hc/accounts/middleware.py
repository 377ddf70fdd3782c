"""Who acts in a request to a page, for the audit log."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from hc.accounts.audit import Actor, acting
from hc.accounts.models import User, Via
from hc.lib.addresses import client_address

# In the session of an administrator who acts as somebody else: the administrator's address.
IMPERSONATOR = "impersonator"


class Acting:
    """What a page changes is done by whoever is signed in. Nothing is looked up for those who only
    read: that is left to the moment in which something is written down."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return self._get_response(request)
        with acting(actor_of(request)):
            return self._get_response(request)


def address_of(request: HttpRequest) -> str | None:
    """The address of whoever sent the request, as far as proxies can be believed."""
    peer = request.META.get("REMOTE_ADDR")
    forwarded = request.headers.get("X-Forwarded-For")
    found = client_address(peer, forwarded, settings.TRUSTED_PROXIES)
    return str(found) if found else None


def actor_of(request: HttpRequest) -> Actor:
    """Who acts in this request."""
    user = request.user if isinstance(request.user, User) else None
    return Actor(
        Via.WEB,
        user.email if user else "",
        user,
        address_of(request),
        request.session.get(IMPERSONATOR, "") if user else "",
    )
