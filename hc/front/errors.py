"""Error pages in the frame of the site, with the remedy in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from hc.accounts.views.limits import soon
from hc.lib.doors import is_for_machines


@dataclass(frozen=True, slots=True)
class Words:
    """What an error page says: what happened, what was kept, what to do."""

    title: str
    lead: str
    remedy: str = ""


WORDS = {
    400: Words(
        "This request cannot be answered",
        "It was not complete or not well formed. Nothing was changed.",
        "Go back, reload the page, and try again.",
    ),
    405: Words(
        "This address takes forms only",
        "It was opened like a page, or a link led here by mistake. Nothing was changed.",
        "Go back and use the button of the page.",
    ),
    409: Words(
        "Somebody else was faster",
        "What you wanted to change was changed meanwhile. Yours was not saved.",
        "Go back, reload the page, look at what is there now, and try again.",
    ),
    422: Words(
        "This was not understood",
        "Something in what was sent is not as it should be. Nothing was changed.",
        "Go back, look at what you entered, and send it again.",
    ),
    429: Words(
        "Too many requests",
        "This was asked for so often that we answer nobody for a while. Nothing was changed.",
    ),
    503: Words(
        "Not at the moment",
        "Something that this page needs is away. Pings and alerts do not depend on it.",
        "Try again in a minute.",
    ),
}
# These have pages of their own.
TEMPLATES = {403: "403.html", 404: "404.html"}


class Pages:
    """Gives errors without a text a page, if a person is to read it. Scripts keep the bare status:
    they do not ask for HTML. To be the innermost middleware, since pages need the session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        wanted = response.status_code in WORDS or response.status_code in TEMPLATES
        if wanted and not response.streaming and not response.content and _is_for_reading(request):
            page = _page(request, response.status_code, response.headers.get("Retry-After", ""))
            response.content = page.content
            response.headers["Content-Type"] = page.headers["Content-Type"]
        return response


def _is_for_reading(request: HttpRequest) -> bool:
    by_script = "HX-Request" in request.headers or is_for_machines(request.path)
    return "text/html" in request.headers.get("Accept", "") and not by_script


def _page(request: HttpRequest, status: int, retry_after: str = "") -> HttpResponse:
    if status in TEMPLATES:
        return render(request, TEMPLATES[status], status=status)
    wait = soon(timedelta(seconds=int(retry_after))) if retry_after.isdigit() else ""
    return render(request, "error.html", {"said": WORDS[status], "wait": wait}, status=status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Also shown for host names that are not ours: then nothing may use the request's host."""
    if not isinstance(exception, DisallowedHost) and hasattr(request, "user"):
        return _page(request, 400)
    facts = {
        "wrong_host": isinstance(exception, DisallowedHost),
        "said": WORDS[400],
        "site_root": settings.SITE_ROOT,
        "site_name": settings.SITE_NAME,
    }
    return HttpResponse(render_to_string("400.html", facts), status=400)


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Without the database: it may be what failed."""
    facts = {"site_name": settings.SITE_NAME, "site_root": settings.SITE_ROOT}
    return HttpResponse(render_to_string("500.html", facts), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Says which origin was seen and which are expected: mostly a proxy is to blame."""
    facts = {
        "seen": request.headers.get("Origin", ""),
        "expected": settings.CSRF_TRUSTED_ORIGINS,
        "cookie_missing": settings.CSRF_COOKIE_NAME not in request.COOKIES,
    }
    return render(request, "403_csrf.html", facts, status=403)
