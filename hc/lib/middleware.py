"""What all pages that Django makes have in common: headers, and a name for each request."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse

from hc.lib.doors import is_for_machines
from hc.lib.logging import request_id

# Nothing here needs these; security keys, which have a policy of their own, are left alone.
PERMISSIONS = ", ".join(
    f"{power}=()"
    for power in [
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    ]
)

GetResponse = Callable[[HttpRequest], HttpResponse]


def content_security_policy() -> str:
    """Nothing inline, nothing from elsewhere but the operator's own logo and ping address."""
    images = " ".join(filter(None, ["'self'", "data:", _origin(settings.SITE_LOGO_URL)]))
    connections = " ".join(filter(None, ["'self'", _origin(settings.PING_ENDPOINT)]))
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src {images}",
            "font-src 'self'",
            "frame-src 'self'",  # the HTML of mails, which has a stricter policy of its own
            "manifest-src 'self'",
            f"connect-src {connections}",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )


class HeadRequests:
    """A HEAD request gets the headers that a GET would get, and no body: servers send what they
    are given. To be the outermost one."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if request.method == "HEAD" and not response.streaming:
            response.headers["Content-Length"] = str(len(response.content))
            response.content = b""
        return response


class NotModified:
    """An answer that somebody's copy still holds says just that: what goes with the content was
    told with it (RFC 9110, 15.4.5). Polls of open pages get it all day long. To be outside of
    whatever adds such headers."""

    OF_CONTENT = (
        "Content-Length",
        "Content-Security-Policy",
        "Content-Type",
        "Cross-Origin-Opener-Policy",
        "Permissions-Policy",
        "Referrer-Policy",
        "Strict-Transport-Security",
        "X-Content-Type-Options",
        "X-Frame-Options",
    )

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if response.status_code == 304:
            for name in self.OF_CONTENT:
                response.headers.pop(name, None)
        return response


class PageHeaders:
    """A strict content policy, no powers for scripts, and no copies of private pages in caches."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        self._policy = content_security_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        response.headers.setdefault("Content-Security-Policy", self._policy)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cache-Control", "private, no-cache, no-store")
        if not is_for_machines(request.path):
            # Badges and the API are for other sites, too.
            response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class Sessions(SessionMiddleware):
    """Sessions for people. Machines have none: a cookie they may send is not looked up, none is
    set, and caches need not tell their answers apart by it."""

    def process_request(self, request: HttpRequest) -> None:
        if is_for_machines(request.path):
            request.session = self.SessionStore(None)
        else:
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if is_for_machines(request.path):
            return response
        answer: HttpResponse = super().process_response(request, response)
        return answer


class RequestIds:
    """Each request has an id, which log lines name: the one that a proxy gave it, or a new one."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        name = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        token = request_id.set(name)
        try:
            response = self._get_response(request)
        finally:
            request_id.reset(token)
        response.headers["X-Request-ID"] = name
        return response


_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
