"""Sign-in that happens elsewhere, at a proxy or a provider, and which of our own doors that shuts.

What is shut is refused here, whatever pages show: they only hide it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# Where the middleware for the proxy's header leaves the reason why it let nobody in.
REFUSED = "hc.sign_in_refused"
# By name; shut altogether, or for POST only. The links of `manage.py loginlink` stay open, for
# operators whose proxy or provider is out of order: nobody else can make one then.
SHUT = frozenset({"hc-signup", "hc-signup-csrf", "hc-login-link-sent"})
SHUT_FOR_POST = frozenset({"hc-login", "hc-passkey", "hc-passkey-options", "hc-login-passkey"})
# The address comes from the proxy: another one would be another account.
SHUT_BY_HEADER = frozenset({"hc-change-email", "hc-change-email-confirm", "hc-set-password"})

View = Callable[..., HttpResponse]


class Doors:
    """For templates: what to offer."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def by_header(self) -> bool:
        """The proxy signs people in."""
        return bool(settings.REMOTE_USER_HEADER)

    @property
    def only_elsewhere(self) -> bool:
        """Neither passwords nor links nor sign-up."""
        return self.by_header or self.provider_only

    @property
    def provider_only(self) -> bool:
        return bool(settings.OIDC_ISSUER and settings.OIDC_ONLY)

    @property
    def provider(self) -> str:
        """What the provider is called; empty if there is none."""
        return settings.OIDC_NAME if settings.OIDC_ISSUER else ""

    @property
    def refused(self) -> str:
        """Why the proxy's header let nobody in."""
        return str(self._request.META.get(REFUSED, ""))


class ShutDoors:
    """Middleware: ways of signing in that are switched off answer 403."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        doors = Doors(request)
        name = request.resolver_match.url_name if request.resolver_match else None
        if not doors.only_elsewhere or name is None:
            return None
        is_shut = (
            name in SHUT
            or (name in SHUT_FOR_POST and request.method == "POST")
            or (name in SHUT_BY_HEADER and doors.by_header)
        )
        return render(request, "accounts/shut.html", status=403) if is_shut else None
