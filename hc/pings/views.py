"""The door for pings under Django itself: the development server, WSGI and tests."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from hc.pings import http
from hc.pings.event import Overloaded
from hc.pings.http import RawRequest, Reply
from hc.pings.intake import intake

logger = logging.getLogger(__name__)


@csrf_exempt
def ping(request: HttpRequest) -> HttpResponse:
    raw = RawRequest(
        method=request.method or "GET",
        path=request.path.removeprefix(f"/{settings.URL_PREFIX}" if settings.URL_PREFIX else ""),
        query=request.META.get("QUERY_STRING", ""),
        headers={name.lower(): value for name, value in request.headers.items()},
        peer=request.META.get("REMOTE_ADDR") or None,
        body=_body(request),
        received=timezone.now(),
    )
    event = http.parse(raw)
    if isinstance(event, Reply):
        return _response(event)
    try:
        receipt = intake().take([event])[0]
    except Overloaded:
        return _response(http.unavailable())
    except DatabaseError:
        logger.exception("ping could not be stored", extra={"action": "ping"})
        return _response(http.unavailable())
    return _response(http.reply_to(receipt))


def _body(request: HttpRequest) -> bytes:
    """As much of the body as is kept; the rest is left unread."""
    limit = settings.PING_BODY_LIMIT
    try:
        return request.read() if limit is None else request.read(limit)
    except (OSError, RawPostDataException):
        return b""


def _response(reply: Reply) -> HttpResponse:
    return HttpResponse(reply.text, status=reply.status, headers=dict(reply.headers))
