"""A call of the API: whose it is, what it carries, what it asks for."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.cache import get_conditional_response

from hc.accounts.models import Project, Scope, User
from hc.accounts.services import keys
from hc.accounts.services.keys import KEY_LENGTH, Caller
from hc.api.models import Limit, TokenBucket
from hc.api.representation import View
from hc.api.rest.answers import Problem, bad_parameter

T = TypeVar("T")

MAX_PAGE = 1000
USUAL_PAGE = 100
MINUTE = timedelta(minutes=1)
# Of a body that is too large, this much is read and forgotten.
MOST_DROPPED, CHUNK = 20_000_000, 65_536

_WHY_WRONG = {
    Scope.READONLY: "This key can only read; this address needs a read-write key.",
    Scope.READWRITE: "This address needs the key of an account; this one belongs to a project.",
    Scope.ACCOUNT: "This key manages projects; this address needs the key of a project.",
}


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list: at most `limit` rows beyond `after`, where the part before it ended."""

    limit: int
    after: int | None


@dataclass
class Call:
    """A request by a script. `body`: the JSON object that was posted, or nothing."""

    request: HttpRequest
    version: int
    now: datetime
    body: dict[str, Any] = field(default_factory=dict)
    caller: Caller | None = None

    @property
    def project_id(self) -> int:
        """The key of the caller's project: most operations need no more of it."""
        return _needed(self.caller.project_id if self.caller else None)

    @property
    def project(self) -> Project:
        return _needed(self.caller.project if self.caller else None)

    @property
    def user(self) -> User:
        return _needed(self.caller.user if self.caller else None)

    @property
    def readonly(self) -> bool:
        return self.caller is None or self.caller.scope is Scope.READONLY

    @cached_property
    def view(self) -> View:
        return View(self.now, self.version, self.readonly)

    def unchanged(self, tag: str) -> HttpResponse | None:
        """304 if the caller has what `tag` names already."""
        return get_conditional_response(self.request, etag=tag)

    # --- Parameters of the address ---

    def text(self, name: str) -> str:
        """A parameter; the last one if it was repeated, empty if it is missing."""
        return _plain(name, self.request.GET.get(name, ""))

    def texts(self, name: str) -> list[str]:
        """All values of a parameter that may be repeated."""
        return [_plain(name, value) for value in self.request.GET.getlist(name)]

    def page(self) -> Page | None:
        """The part of a list that is asked for; None for the whole list."""
        given = self.request.GET
        if self.version < 3 or not ("limit" in given or "cursor" in given):
            return None
        limit = _number("limit", given.get("limit", str(USUAL_PAGE)), 1, MAX_PAGE)
        cursor = given.get("cursor", "")
        return Page(limit, _number("cursor", cursor, 0, 2**63 - 1) if cursor else None)

    def fields(self, known: tuple[str, ...] | list[str]) -> list[str]:
        """The fields that are asked for, among those that are known; empty for the usual ones."""
        if self.version < 3:
            return []
        names = [name for name in self.text("fields").split(",") if name]
        for name in names:
            if name not in known:
                raise bad_parameter(f"there is no field {name!r}")
        return names

    def next_link(self, cursor: int) -> str:
        """A Link header that leads to the next part of a list."""
        query = self.request.GET.copy()
        query["cursor"] = str(cursor)
        path = self.request.path_info
        return f'<{settings.SITE_ROOT}{_below_root(path)}?{query.urlencode()}>; rel="next"'


def read_body(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in the body of a request, {} if there is none. Source: http-api 3.3."""
    raw = _raw_body(request)
    if not raw:
        return {}
    try:
        # Bytes that are no UTF-8, numbers of thousands of digits: all of them are ValueErrors.
        data = json.loads(raw.decode())
    except (ValueError, RecursionError):
        raise Problem(400, "could not parse request body") from None
    if not isinstance(data, dict):
        raise Problem(400, "json validation error: value is not an object")
    return data


def authenticate(call: Call, scopes: frozenset[Scope]) -> Caller:
    """Whose key came with the call; raises a Problem unless its scope is one of `scopes`."""
    key = call.request.headers.get("X-Api-Key")
    if key is None and call.request.method == "POST":
        key = call.body.get("api_key")
    if not isinstance(key, str) or len(key) != KEY_LENGTH:
        raise Problem(401, "missing api key")
    caller = keys.caller_of(key, call.now)
    if caller is None:
        raise Problem(401, "wrong api key")
    if caller.expired:
        raise Problem(401, "wrong api key", "This key has expired.")
    if caller.scope not in scopes:
        raise Problem(401, "wrong api key", _WHY_WRONG[caller.scope])
    return caller


def keep_to_the_limit(caller: Caller, now: datetime) -> None:
    """Raise a Problem for the calls beyond API_RATE_LIMIT of the key in a minute."""
    per_minute = settings.API_RATE_LIMIT
    if not per_minute:
        return
    if not TokenBucket.authorize(f"api-{caller.key}", Limit(per_minute, MINUTE), now):
        pause = math.ceil(60 / per_minute)
        raise Problem(
            429,
            "too many requests",
            f"This key may be used {per_minute} times a minute.",
            headers={"Retry-After": str(pause)},
        )


def _needed(value: T | None) -> T:
    """What the scopes of an operation promise to its handler."""
    if value is None:
        raise LookupError("the operation takes keys that do not stand for this")
    return value


def _raw_body(request: HttpRequest) -> bytes:
    is_chunked = "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH")
    try:
        return _chunked_body(request) if is_chunked else request.body
    except RequestDataTooBig:
        _drop_the_rest(request.META["wsgi.input"] if is_chunked else request)
        raise Problem(400, "request body is too large") from None
    except UnreadablePostError:
        raise Problem(400, "could not parse request body") from None


def _chunked_body(request: HttpRequest) -> bytes:
    """A body of unknown length, which Django takes for an empty one."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    body: bytes = request.META["wsgi.input"].read(limit + 1)
    if len(body) > limit:
        raise RequestDataTooBig
    return body


def _drop_the_rest(stream: Any) -> None:
    """Read on for a while: many clients look at the answer only after they have sent all."""
    for _ in range(MOST_DROPPED // CHUNK):
        if not stream.read(CHUNK):
            break


def _number(name: str, text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and low <= int(text) <= high):
        raise bad_parameter(f"{name} must be a number from {low} to {high}")
    return int(text)


def _plain(name: str, value: str) -> str:
    if "\0" in value:
        raise bad_parameter(f"{name} has characters that are not allowed")
    return value


def _below_root(path: str) -> str:
    prefix = f"/{settings.URL_PREFIX}" if settings.URL_PREFIX else ""
    return path.removeprefix(prefix)
