"""From an HTTP request to a PingEvent, and from a receipt to an answer.

Both doors, ASGI and the Django view, only translate; what is right and what is wrong with a
request is decided here. Source: http-api 1 of the specification.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import parse_qsl
from uuid import UUID

from django.conf import settings

from hc.core.state import Kind
from hc.lib.addresses import client_address, in_networks, parse_address
from hc.pings.event import METHOD_LENGTH, UA_LENGTH, PingEvent, Receipt, SlugAddress

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ACTION = r"(?:/(?:(start|fail|log)|([0-9]+)))?"
_BY_CODE = re.compile(rf"/ping/({_UUID})(?:/|{_ACTION})", re.ASCII)
_BY_SLUG = re.compile(rf"/ping/([-\w]+)/([-\w]+){_ACTION}", re.ASCII)
_UPPER = re.compile(r"[A-Z]")
MAX_SLUG = 100
_RID = re.compile(_UUID, re.IGNORECASE | re.ASCII)
_ACTIONS = {None: Kind.SUCCESS, "start": Kind.START, "fail": Kind.FAIL, "log": Kind.LOG}
_NEVER_CACHE = "max-age=0, no-cache, no-store, must-revalidate, private"
RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    text: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as a door saw it. `path` lacks the site's prefix; header names are lower-case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    peer: str | None
    body: bytes
    received: datetime


class _Refused(Exception):
    """The request is no ping; the arguments are the status and the text of the answer."""


def parse(request: RawRequest) -> PingEvent | Reply:
    """The ping in a request, or the answer to a request that is none.

    The body must have been cut by the door.
    """
    if request.method == "OPTIONS":
        return _preflight()
    try:
        return _event(request)
    except _Refused as e:
        status, text = e.args
        return _reply(status, text)


def _event(request: RawRequest) -> PingEvent:
    target, action, digits = _address(request)
    address = client_address(
        request.peer, request.headers.get("x-forwarded-for"), settings.TRUSTED_PROXIES
    )
    return PingEvent(
        target=target,
        received=request.received,
        action=_ACTIONS[action],
        exitstatus=_exitstatus(digits),
        rid=_rid(request.query),
        scheme=_scheme(request),
        method=request.method[:METHOD_LENGTH],
        remote_addr=str(address) if address else None,
        ua=request.headers.get("user-agent", "").replace("\0", "")[:UA_LENGTH],
        body=request.body,
    )


def _address(request: RawRequest) -> tuple[UUID | SlugAddress, str | None, str | None]:
    """Which check the path means, and the action or the digits behind it."""
    if match := _BY_CODE.fullmatch(request.path):
        code, action, digits = match.groups()
        return UUID(code), action, digits
    match = _BY_SLUG.fullmatch(request.path)
    if not match:
        raise _Refused(404, "not found")
    ping_key, slug, action, digits = match.groups()
    create = _last(request.query, "create") == "1"
    if _UPPER.search(slug) or (create and len(slug) > MAX_SLUG):
        raise _Refused(400, "invalid url format")
    return SlugAddress(ping_key, slug, create), action, digits


def reply_to(receipt: Receipt) -> Reply:
    """The answer to a ping that was handed in."""
    return _reply_to(receipt, settings.PING_BODY_LIMIT)


@lru_cache(maxsize=32)
def _reply_to(receipt: Receipt, limit: int | None) -> Reply:
    if receipt is Receipt.NOT_FOUND:
        return _reply(404, "not found")
    if receipt is Receipt.AMBIGUOUS:
        return _reply(409, "ambiguous slug")
    if receipt is Receipt.REFUSED:
        return unavailable()
    extra = {"Access-Control-Allow-Origin": "*"}
    if limit is not None:
        extra["Ping-Body-Limit"] = str(limit)
    if receipt is Receipt.CREATED:
        return _reply(201, "Created", extra)
    return _reply(200, "OK", extra)


def unavailable() -> Reply:
    """The ping could not be stored: its sender must come again."""
    return _reply(503, "try again later", {"Retry-After": str(RETRY_SECONDS)})


def cut(body: bytes) -> bytes:
    return body if settings.PING_BODY_LIMIT is None else body[: settings.PING_BODY_LIMIT]


def _reply(status: int, text: str, extra: Mapping[str, str] | None = None) -> Reply:
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": _NEVER_CACHE,
        "X-Content-Type-Options": "nosniff",
    }
    return Reply(status, text, tuple((headers | dict(extra or {})).items()))


def _exitstatus(digits: str | None) -> int | None:
    if digits is None:
        return None
    significant = digits.lstrip("0") or "0"
    if len(significant) > 3 or int(significant) > 255:
        raise _Refused(400, "invalid url format")
    return int(significant)


def _rid(query: str) -> UUID | None:
    given = _last(query, "rid")
    if given is None:
        return None
    if not _RID.fullmatch(given):
        raise _Refused(400, "invalid uuid format")
    return UUID(given)


def _last(query: str, name: str) -> str | None:
    """The last value of a parameter; None without one."""
    if name not in query:
        return None
    try:
        pairs = parse_qsl(query, keep_blank_values=True)
    except ValueError:  # more fields than anybody needs
        raise _Refused(400, "invalid url format") from None
    return next((value for key, value in reversed(pairs) if key == name), None)


def _scheme(request: RawRequest) -> str:
    """http, unless a proxy that we trust says https."""
    peer = parse_address(request.peer or "")
    if peer and not in_networks(peer, tuple(settings.TRUSTED_PROXIES)):
        return "http"
    first = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return "https" if first == "https" else "http"


def _preflight() -> Reply:
    """What browsers ask before a request from another site; no ping."""
    allowed = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": "HEAD, GET, POST",
        "Access-Control-Allow-Headers": "Content-Type",
        "Access-Control-Max-Age": "600",
    }
    return _reply(204, "", allowed)
