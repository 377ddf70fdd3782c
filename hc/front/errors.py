"""Error pages in the frame of the site, with the remedy in words."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Also shown for host names that are not ours: nothing here may use the request's host."""
    facts = {
        "wrong_host": isinstance(exception, DisallowedHost),
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
    return HttpResponse(render_to_string("500.html", {"site_name": settings.SITE_NAME}), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Says which origin was seen and which are expected: mostly a proxy is to blame."""
    facts = {
        "seen": request.headers.get("Origin", ""),
        "expected": settings.CSRF_TRUSTED_ORIGINS,
        "cookie_missing": settings.CSRF_COOKIE_NAME not in request.COOKIES,
    }
    return render(request, "403_csrf.html", facts, status=403)
