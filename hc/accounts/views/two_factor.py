"""The second step of signing in: a security key, a code of an app, or a recovery code."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from hc.accounts.audit import acting
from hc.accounts.middleware import actor_of
from hc.accounts.redirects import safe_next
from hc.accounts.services import second_factor
from hc.accounts.services.recovery import FEW
from hc.accounts.services.second_factor import Refused
from hc.accounts.services.tries import TooMany
from hc.accounts.views import pending, proofs
from hc.accounts.views.entry import STEPS, finish
from hc.accounts.views.limits import retry_after

PURPOSE = "second step"


@never_cache
@sensitive_post_parameters()
def key(request: HttpRequest) -> HttpResponse:
    return _step(request, "key")


@never_cache
@sensitive_post_parameters()
def totp(request: HttpRequest) -> HttpResponse:
    return _step(request, "totp")


@never_cache
@sensitive_post_parameters()
def recovery(request: HttpRequest) -> HttpResponse:
    return _step(request, "recovery")


def _step(request: HttpRequest, way: str) -> HttpResponse:
    try:
        waiting = pending.of(request, timezone.now())
    except pending.TooLate:
        pending.forget(request)
        messages.info(request, "That took more than five minutes. Please sign in again.")
        return redirect("hc-login")
    if request.method != "POST":
        return _page(request, waiting, way)
    value = request.POST.get("response" if way == "key" else "code", "")
    try:
        if way == "key" and not settings.RP_ID:
            raise Refused("Security keys are switched off here.")
        with acting(replace(actor_of(request), name=waiting.user.email, user=waiting.user)):
            proofs.check(request, waiting.user, way, value, purpose=PURPOSE)
    except (Refused, TooMany) as e:
        page = _page(request, waiting, way, proofs.words(e), proofs.status(e))
        return retry_after(page, e.wait) if isinstance(e, TooMany) else page
    response = finish(request, waiting.user, waiting.method, request.GET.get("next"))
    if way == "recovery":
        _say_what_is_left(request, second_factor.of(waiting.user).codes)
    return response


def _say_what_is_left(request: HttpRequest, codes: int) -> None:
    text = f"You have {codes} recovery code{'' if codes == 1 else 's'} left."
    if codes <= FEW:
        text += " Make new ones on the security page of your account."
    messages.info(request, text)


def _page(
    request: HttpRequest,
    waiting: pending.Pending,
    way: str,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    factors = second_factor.of(waiting.user)
    works = way in factors.usable
    wanted = safe_next(request.GET.get("next"))
    context = {
        "way": way,
        "works": works,
        "error": error,
        "factors": factors,
        "email": waiting.user.email,
        "next": wanted,
        "others": [(name, STEPS[name]) for name in factors.usable if name != way],
        "support_email": settings.SUPPORT_EMAIL,
    }
    if way == "key" and works:
        context["options"] = proofs.key_options(request, waiting.user, PURPOSE)
    return render(request, "accounts/security/two_factor.html", context, status=status)
