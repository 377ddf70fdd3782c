"""The security page of an account: password, second factors, and where it is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from hc.accounts.access import AuthenticatedRequest
from hc.accounts.agents import browser_of
from hc.accounts.models import Credential, Profile, SignIn
from hc.accounts.services import second_factor, sessions
from hc.accounts.services.recovery import FEW
from hc.core.words import count


@dataclass(frozen=True, slots=True)
class Place:
    """A browser in which the person is signed in."""

    row: SignIn
    is_here: bool

    @property
    def browser(self) -> str:
        return browser_of(self.row.agent)

    @property
    def way(self) -> str:
        return sessions.WAYS.get(self.row.method, "")


@login_required
def security(request: AuthenticatedRequest) -> HttpResponse:
    factors, profile = second_factor.of(request.user), Profile.of(request.user.pk)
    context = {
        "part": "security",
        "factors": factors,
        "has_password": request.user.has_usable_password(),
        "few_codes": factors.is_on and factors.codes <= FEW,
        "keys": Credential.objects.filter(user=request.user).order_by("pk").defer("data"),
        "keys_work": bool(settings.RP_ID),
        "totp_created": profile.totp_created,
        "places": _places(request, timezone.now()),
    }
    return render(request, "accounts/security/security.html", context)


def _places(request: AuthenticatedRequest, now: datetime) -> list[Place]:
    here = request.session.session_key
    places = [Place(row, row.session_key == here) for row in sessions.of(request.user, now)]
    return sorted(places, key=lambda place: not place.is_here)


@require_POST
@login_required
def end_session(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    if not sessions.end(request.user, code):
        raise Http404
    messages.success(request, "Signed out there.")
    return redirect("hc-security")


@require_POST
@login_required
def end_other_sessions(request: AuthenticatedRequest) -> HttpResponse:
    number = sessions.end_others(request.user, request.session.session_key)
    words = f"Signed out in {count(number, 'other place')}." if number else "There were no others."
    messages.success(request, words)
    return redirect("hc-security")
