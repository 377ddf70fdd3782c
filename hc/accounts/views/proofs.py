"""Second factors as pages ask for them: while signing in, and before something that matters."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone

from hc.accounts.models import User
from hc.accounts.services import recovery, totp, webauthn
from hc.accounts.services.second_factor import Refused
from hc.accounts.services.tries import TooMany
from hc.accounts.views import ceremonies
from hc.accounts.views.limits import soon

STALE = "That took too long, or was answered in another window. Try again."


def key_options(request: HttpRequest, user: User, purpose: str) -> str:
    """What a browser needs to use one of the user's keys; the session remembers the challenge."""
    ceremony = webauthn.begin_authentication(user)
    ceremonies.keep(request, purpose, ceremony.state, timezone.now())
    return ceremony.options


def check(request: HttpRequest, user: User, way: str, value: str, *, purpose: str) -> None:
    """Accept a proof: "key" (with the JSON of a browser), "totp", or "recovery".

    Raises Refused, TooMany.
    """
    now = timezone.now()
    if way == "key":
        state = ceremonies.take(request, purpose, now)
        if state is None:
            raise Refused(STALE)
        webauthn.verify(user, value, state, now)
    elif way == "totp":
        totp.use(user, value, now)
    else:
        recovery.use(user, value, now)


def words(error: Refused | TooMany) -> str:
    """What to tell the person."""
    if isinstance(error, TooMany):
        return f"There were too many tries. Try again in {soon(error.wait)}."
    return str(error)


def status(error: Refused | TooMany) -> int:
    if isinstance(error, TooMany):
        return 429
    return 400 if isinstance(error, webauthn.Malformed) else 422
