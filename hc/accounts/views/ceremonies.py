"""Challenges for security keys: each is for one purpose, five minutes, and one answer.

They wait in the session; those of the sign-in page, where visitors have none yet, in a signed
cookie.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from hc.accounts.services import tries

LIFETIME = timedelta(minutes=5)
KEY = "ceremonies"
COOKIE = "passkey"
SALT = "hc.accounts.passkey"


def keep(request: HttpRequest, purpose: str, state: dict[str, Any], now: datetime) -> None:
    """Let the session remember a challenge; it takes the place of the former one."""
    others = request.session.get(KEY, {})
    request.session[KEY] = others | {purpose: {"state": state, "at": now.timestamp()}}


def take(request: HttpRequest, purpose: str, now: datetime) -> dict[str, Any] | None:
    """The challenge, which is used up; None if there is none that may be answered."""
    waiting = dict(request.session.get(KEY, {}))
    found = waiting.pop(purpose, None)
    if found is None:
        return None
    request.session[KEY] = waiting
    age = now.timestamp() - found["at"]
    return found["state"] if age < LIFETIME.total_seconds() and _once(found["state"], now) else None


def keep_in_cookie(response: HttpResponse, state: dict[str, Any]) -> None:
    response.set_cookie(
        COOKIE,
        signing.dumps(state, salt=SALT),
        max_age=LIFETIME,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def take_from_cookie(request: HttpRequest, now: datetime) -> dict[str, Any] | None:
    try:
        state = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    return state if _once(state, now) else None


def _once(state: dict[str, Any], now: datetime) -> bool:
    """Sessions and cookies can be sent twice at the same time; this cannot be passed twice."""
    digest = hashlib.sha256(state["challenge"].encode()).hexdigest()
    return tries.once(f"challenge-{digest[:40]}", now)
