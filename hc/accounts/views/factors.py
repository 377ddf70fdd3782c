"""Adding and removing second factors."""

from __future__ import annotations

import json
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from hc.accounts.access import AuthenticatedRequest
from hc.accounts.models import Credential
from hc.accounts.services import recovery, second_factor, sessions, totp, webauthn
from hc.accounts.services.second_factor import Refused
from hc.accounts.services.tries import TooMany
from hc.accounts.views import ceremonies, proofs
from hc.accounts.views.limits import retry_after
from hc.accounts.views.sudo import sudo_required
from hc.lib.sealing import CannotUnseal, seal, unseal

PURPOSE = "registration"
SECRET, CODES = "totp_secret", "new_codes"
MAX_NAME = 100


@login_required
@sudo_required
def add_key(request: AuthenticatedRequest) -> HttpResponse:
    if not settings.RP_ID:
        raise Http404
    if request.method != "POST":
        return _key_page(request)
    name = _name(request)
    if not name:
        return _key_page(request, "Give the key a name of at most 100 characters.", 422)
    now = timezone.now()
    try:
        state = ceremonies.take(request, PURPOSE, now)
        if state is None:
            raise Refused(proofs.STALE)
        response = request.POST.get("response", "")
        added = webauthn.register(request.user, name, response, state, now)
    except (Refused, TooMany) as e:
        page = _key_page(request, proofs.words(e), proofs.status(e))
        return retry_after(page, e.wait) if isinstance(e, TooMany) else page
    return _added(request, f"The key “{name}” was added.", added.codes)


def _key_page(request: AuthenticatedRequest, error: str = "", status: int = 200) -> HttpResponse:
    ceremony = webauthn.begin_registration(request.user)
    ceremonies.keep(request, PURPOSE, ceremony.state, timezone.now())
    name = request.POST.get("name", "")[:MAX_NAME]
    context = {"part": "security", "options": ceremony.options, "error": error, "name": name}
    return render(request, "accounts/security/add_key.html", context, status=status)


def _name(request: AuthenticatedRequest) -> str:
    """One line, or "" if what was typed cannot be a name."""
    name = " ".join(request.POST.get("name", "").replace("\0", "").split())
    return name if len(name) <= MAX_NAME else ""


@require_POST
@login_required
def rename_key(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    name = _name(request)
    if not name:
        messages.error(request, "A key needs a name of at most 100 characters.")
    elif not webauthn.rename(request.user, code, name):
        raise Http404
    return redirect("hc-security")


@login_required
@sudo_required
def remove_key(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    key = get_object_or_404(Credential, user=request.user, code=code)
    if request.method == "POST":
        webauthn.remove(request.user, code, timezone.now())
        return _changed(request, f"The key “{key.name}” was removed.")
    is_last = second_factor.of(request.user).count == 1
    context = {"part": "security", "key": key, "is_last": is_last}
    return render(request, "accounts/security/remove.html", context)


@never_cache
@login_required
@sudo_required
def add_totp(request: AuthenticatedRequest) -> HttpResponse:
    if second_factor.of(request.user).has_totp:
        messages.info(request, "There is an authenticator app in your account already.")
        return redirect("hc-security")
    secret = _secret(request)
    if request.method != "POST":
        return _totp_page(request, secret)
    try:
        code = request.POST.get("code", "")
        codes = totp.set_up(request.user, secret, code, timezone.now())
    except totp.AlreadySetUp:
        return redirect("hc-security")
    except (Refused, TooMany) as e:
        page = _totp_page(request, secret, proofs.words(e), proofs.status(e))
        return retry_after(page, e.wait) if isinstance(e, TooMany) else page
    request.session.pop(SECRET, None)
    return _added(request, "The authenticator app was added.", codes)


def _secret(request: AuthenticatedRequest) -> str:
    """The secret that is offered to the app: one for each session, sealed in it."""
    try:
        return unseal(request.session[SECRET])
    except (KeyError, CannotUnseal):
        secret = totp.new_secret()
        request.session[SECRET] = seal(secret)
        return secret


def _totp_page(
    request: AuthenticatedRequest, secret: str, error: str = "", status: int = 200
) -> HttpResponse:
    uri = totp.uri(secret, request.user.email)
    context = {
        "part": "security",
        "picture": mark_safe(totp.picture(uri)),  # noqa: S308 - drawn by us
        "uri": uri,
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "error": error,
    }
    return render(request, "accounts/security/add_totp.html", context, status=status)


@login_required
@sudo_required
def remove_totp(request: AuthenticatedRequest) -> HttpResponse:
    if request.method == "POST":
        totp.remove(request.user, timezone.now())
        return _changed(request, "The authenticator app was removed.")
    is_last = second_factor.of(request.user).count == 1
    context = {"part": "security", "key": None, "is_last": is_last}
    return render(request, "accounts/security/remove.html", context)


@never_cache
@login_required
@sudo_required
def recovery_codes(request: AuthenticatedRequest) -> HttpResponse:
    """New codes, shown this once; else the question whether to make some."""
    if not second_factor.is_on(request.user):
        return redirect("hc-security")
    if request.method == "POST":
        return _show_codes(request, recovery.make_new(request.user, timezone.now()))
    sealed = request.session.pop(CODES, None)
    codes = _unsealed(sealed) if sealed else []
    factors = second_factor.of(request.user)
    context = {"part": "security", "codes": codes, "factors": factors}
    return render(request, "accounts/security/recovery.html", context)


def _unsealed(sealed: str) -> list[str]:
    try:
        return list(json.loads(unseal(sealed)))
    except CannotUnseal:
        return []


def _show_codes(request: AuthenticatedRequest, codes: list[str]) -> HttpResponse:
    """On a page of its own, so that to load it again does not make other ones."""
    request.session[CODES] = seal(json.dumps(codes))
    return redirect("hc-recovery-codes")


def _added(request: AuthenticatedRequest, words: str, codes: list[str]) -> HttpResponse:
    _changed(request, words)
    return _show_codes(request, codes) if codes else redirect("hc-security")


def _changed(request: AuthenticatedRequest, words: str) -> HttpResponse:
    """Whoever is signed in elsewhere has to show the factors of now."""
    sessions.end_others(request.user, request.session.session_key)
    messages.success(request, words)
    return redirect("hc-security")
