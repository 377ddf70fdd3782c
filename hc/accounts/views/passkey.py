"""Signing in with a passkey: neither an address nor a password is asked for."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from hc.accounts.services import tries, webauthn
from hc.accounts.services.second_factor import Refused
from hc.accounts.services.tries import TooMany
from hc.accounts.views import ceremonies, login, proofs
from hc.accounts.views.entry import enter
from hc.accounts.views.limits import retry_after
from hc.api.models import Limit
from hc.lib.client import client_bucket

PER_CLIENT = Limit(60, timedelta(hours=1))


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def passkey(request: HttpRequest) -> HttpResponse:
    """GET: options for the browser, as JSON. POST: the browser's answer, from a form."""
    if not settings.RP_ID:
        raise Http404
    if request.method == "GET":
        ceremony = webauthn.begin_authentication(None)
        response = HttpResponse(ceremony.options, content_type="application/json")
        ceremonies.keep_in_cookie(response, ceremony.state)
        return response
    try:
        return _sign_in(request)
    except (Refused, TooMany) as e:
        page = login.page(request, error=proofs.words(e), status=proofs.status(e))
        return retry_after(page, e.wait) if isinstance(e, TooMany) else page


def _sign_in(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    tries.take(f"passkey-{client_bucket(request)}", PER_CLIENT, now)
    state = ceremonies.take_from_cookie(request, now)
    if state is None:
        raise Refused(proofs.STALE)
    user = webauthn.sign_in(request.POST.get("response", ""), state, now)
    response = enter(request, user, "passkey", request.GET.get("next"))
    response.delete_cookie(ceremonies.COOKIE, path=settings.SESSION_COOKIE_PATH)
    return response
