"""Signing in through an OpenID Connect provider: to it, and back from it.

What a sign-in needs to remember stands in an encrypted cookie of its own, one for each tab: so
whoever only comes to look leaves no row in the table of sessions.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from hc.accounts.audit import Actor, acting
from hc.accounts.middleware import address_of
from hc.accounts.models import User, Via
from hc.accounts.redirects import landing_page, safe_next
from hc.accounts.services import oidc
from hc.accounts.views.entry import enter
from hc.accounts.views.limits import too_many
from hc.api.models import Limit, TokenBucket
from hc.lib.client import client_bucket
from hc.lib.oidc import Attempt, Rejected, Unavailable
from hc.lib.sealing import CannotUnseal, seal, unseal

logger = logging.getLogger(__name__)

LIFETIME = timedelta(minutes=10)
PER_CLIENT = Limit(600, timedelta(hours=1))  # a whole office may share an address
TOO_LATE = "This sign-in has taken too long, was finished already, or was begun in another browser."
CANCELLED = "The sign-in was cancelled at the provider."
NO_PROOF = "What the provider answered could not be verified, so nobody was signed in."
AWAY = "The provider does not answer at the moment."


@dataclass(frozen=True, slots=True)
class Memory:
    """What the cookie holds."""

    attempt: Attempt
    next_url: str
    began: float

    def sealed(self) -> str:
        return seal(json.dumps(asdict(self)))

    @classmethod
    def unsealed(cls, text: str, now: datetime) -> Memory | None:
        """None for anything but a young memory that we have made."""
        try:
            stored = json.loads(unseal(text))
            memory = cls(Attempt(**stored["attempt"]), stored["next_url"], stored["began"])
        except (CannotUnseal, ValueError, TypeError, LookupError):
            return None
        age = now.timestamp() - memory.began
        return memory if 0 <= age < LIFETIME.total_seconds() else None


@require_safe
@never_cache
def start(request: HttpRequest) -> HttpResponse:
    """To the provider's sign-in page."""
    if not oidc.is_on():
        raise Http404
    next_url = safe_next(request.GET.get("next"))
    if isinstance(request.user, User):
        return redirect(landing_page(request.user, next_url))
    attempt, now = Attempt.new(), timezone.now()
    try:
        url = oidc.provider().authorization_url(attempt)
    except Unavailable as e:
        return _away(request, e)
    response = redirect(url)
    response.set_cookie(
        _cookie(attempt.state),
        Memory(attempt, next_url, now.timestamp()).sealed(),
        max_age=LIFETIME,
        path=reverse("hc-oidc"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@require_safe
@never_cache
def callback(request: HttpRequest) -> HttpResponse:
    """Back from the provider. Whatever went wrong is told, with what to do."""
    if not oidc.is_on():
        raise Http404
    now, state = timezone.now(), request.GET.get("state", "")
    wait = TokenBucket.attempt(f"oidc-{client_bucket(request)}", PER_CLIENT, now)
    if wait:
        return too_many(request, wait)
    if request.GET.get("error") == "access_denied":  # some providers leave out the state then
        return _failed(request, CANCELLED, 403)
    memory = Memory.unsealed(request.COOKIES.get(_cookie(state), ""), now)
    if memory is None or not constant_time_compare(memory.attempt.state, state):
        return _failed(request, TOO_LATE, 400)
    response = _finish(request, memory, now)
    response.delete_cookie(_cookie(state), path=reverse("hc-oidc"), samesite="Lax")
    return response


def _finish(request: HttpRequest, memory: Memory, now: datetime) -> HttpResponse:
    if (error := request.GET.get("error")) is not None:
        logger.info("oidc: refused by the provider", extra={"error": error[:100]})
        return _failed(request, NO_PROOF, 403)
    # RFC 9207: the answer may say from whom it is.
    if request.GET.get("iss", settings.OIDC_ISSUER).rstrip("/") != settings.OIDC_ISSUER.rstrip("/"):
        return _failed(request, NO_PROOF, 400)
    try:
        claims = oidc.provider().claims(
            memory.attempt, request.GET.get("code", ""), oidc.wanted_claims()
        )
        with acting(Actor(Via.WEB, str(claims.get("email") or ""), None, address_of(request))):
            user = oidc.admit(claims, now)
    except Unavailable as e:
        return _away(request, e)
    except Rejected as e:
        logger.warning("oidc: cannot be believed", extra={"cause": str(e)})
        return _failed(request, NO_PROOF, 400)
    except oidc.NotAdmitted as e:
        return _failed(request, str(e), 403)
    method = "sso" if settings.OIDC_LOCAL_SECOND_FACTOR else "oidc"
    return enter(request, user, method, memory.next_url)


def _away(request: HttpRequest, e: Unavailable) -> HttpResponse:
    logger.warning("oidc: provider is away", extra={"cause": str(e)})
    response = _failed(request, AWAY, 503)
    response.headers["Retry-After"] = "30"
    return response


def _failed(request: HttpRequest, text: str, status: int) -> HttpResponse:
    context = {"text": text, "other_ways": not settings.OIDC_ONLY}
    return render(request, "accounts/oidc_failed.html", context, status=status)


def _cookie(state: str) -> str:
    """One for each tab. States have letters that names of cookies may have, unless forged."""
    return f"oidc-{state[:12]}"
