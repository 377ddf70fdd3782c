"""Which accounts have been signed in to with this browser: a cookie for a year.

It lets nobody in. It decides whether a mail about a new sign-in is sent, and lets limits on tries
tell the owner of an address from strangers.
"""

from __future__ import annotations

import re
import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from hc.accounts.models import normalise_email

COOKIE = "device"
YEAR = 365 * 24 * 3600
ACCOUNTS = 8  # of so many addresses a browser remembers that they were used in it
# A random name, and what only we can make of it and an address.
_MARK = re.compile(r"([0-9a-f]{16})([0-9a-f]{32})")


def name_of(request: HttpRequest, email: str) -> str:
    """What this browser is called in the account with that address: random; "" if nobody has
    signed in to it with this browser. Takes the same time whether or not there is an account."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    for name, digest in _marks(request):
        if any(constant_time_compare(digest, _digest(name, email, key)) for key in keys):
            return name
    return ""


def remember(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Let the browser remember that the account with that address was signed in to."""
    known = name_of(request, email)
    others = [name + digest for name, digest in _marks(request) if name != known]
    name = known or secrets.token_hex(8)
    own = name + _digest(name, email, settings.SECRET_KEY)
    response.set_cookie(
        COOKIE,
        ".".join([own, *others][:ACCOUNTS]),
        max_age=YEAR,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _marks(request: HttpRequest) -> list[tuple[str, str]]:
    parts = request.COOKIES.get(COOKIE, "").split(".")[:ACCOUNTS]
    return [(found[1], found[2]) for part in parts if (found := _MARK.fullmatch(part))]


def _digest(name: str, email: str, key: str) -> str:
    value = f"{name} {normalise_email(email)}"
    digest = salted_hmac("hc.accounts.device", value, secret=key, algorithm="sha256")
    return digest.hexdigest()[:32]
