"""From a request to the operation that answers it: methods, keys, limits, CORS, errors.

The order of the judgements is part of the contract (http-api 3.3): method, body, key, then what
the operation itself has to say.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, re_path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from hc.accounts.audit import Actor, acting
from hc.accounts.middleware import address_of
from hc.accounts.models import Via
from hc.api.rest.answers import Problem, json_answer, not_found
from hc.api.rest.call import Call, authenticate, keep_to_the_limit, read_body
from hc.api.rest.operation import Operation

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
PLACES = {
    "uuid": _UUID,
    "unique_key": "[0-9a-f]{40}",
    "n": "[0-9]+",
    "key_uuid": _UUID,
}
WITH_BODY = frozenset({"POST"})
TRY_AGAIN_SECONDS = 5


def patterns(operations: Iterable[Operation], version: int) -> list[URLPattern]:
    """The addresses of a version of the API, below its own."""
    by_path: dict[str, dict[str, Operation]] = {}
    for one in operations:
        if version in one.versions:
            by_path.setdefault(one.path, {})[one.method] = one
    found = []
    for path, methods in by_path.items():
        pattern = rf"^{_pattern(path)}"
        found.append(re_path(rf"{pattern}\Z", _resource(methods, version)))
        if path.endswith("/"):
            found.append(re_path(rf"{pattern[:-1]}\Z", _with_slash))
    return found


def nothing_there(version: int) -> URLPattern:
    """All addresses of a version that are none; to be the last one."""
    return re_path("", _resource({}, version))


def _pattern(path: str) -> str:
    parts = re.split(r"{(\w+)}", path)
    texts, names = parts[::2], parts[1::2]
    places = [f"(?P<{name}>{PLACES[name]})" for name in names] + [""]
    return "".join(re.escape(text) + place for text, place in zip(texts, places, strict=True))


def _resource(methods: dict[str, Operation], version: int) -> View:
    names = [*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"]
    allowed = ", ".join(names if methods else ["OPTIONS"])

    @csrf_exempt
    def view(request: HttpRequest, **places: str) -> HttpResponse:
        try:
            response = _answer(request, methods, version, places)
        except Problem as problem:
            response = problem.answer()
        except (OperationalError, InterfaceError) as e:
            response = without_database(e)
        if response.status_code == 405:
            response.headers["Allow"] = allowed
        return add_cors(response, allowed)

    return view


def add_cors(response: HttpResponse, allowed: str) -> HttpResponse:
    """Scripts in pages of any site may call, and read all that concerns them."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Headers"] = "X-Api-Key, Content-Type"
    response.headers["Access-Control-Allow-Methods"] = allowed
    response.headers["Access-Control-Expose-Headers"] = "ETag, Link, Retry-After"
    response.headers["Access-Control-Max-Age"] = "600"
    return response


def _answer(
    request: HttpRequest, methods: dict[str, Operation], version: int, places: dict[str, str]
) -> HttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(status=204)
    if not methods:
        raise not_found()
    operation = methods.get("GET" if request.method == "HEAD" else request.method or "")
    if operation is None:
        return HttpResponse(status=405)
    call = Call(request, version, timezone.now())
    if operation.method in WITH_BODY:
        call.body = read_body(request)
    if operation.scopes:
        call.caller = authenticate(call, operation.scopes)
        keep_to_the_limit(call.caller, call.now)
    if operation.method == "GET":
        return operation.handler(call, **places)
    with acting(_actor(call)):
        return operation.handler(call, **places)


def _actor(call: Call) -> Actor:
    """Who acts, for the audit log."""
    caller = call.caller
    user = caller.user if caller else None
    name = f"{user.email} ({caller.label})" if caller and user else caller.label if caller else ""
    return Actor(Via.API, name, user, address_of(call.request))


@csrf_exempt
def _with_slash(request: HttpRequest, **places: Any) -> HttpResponse:
    """To the same address with its slash; 308 where a body has to come along."""
    status = 301 if request.method in ("GET", "HEAD") else 308
    query = request.META.get("QUERY_STRING", "")
    target = request.path + "/" + (f"?{query}" if query else "")
    return add_cors(HttpResponse(status=status, headers={"Location": target}), "OPTIONS")


def without_database(error: Exception) -> HttpResponse:
    """What to answer while there is no database to ask."""
    logger.warning("no database", exc_info=error, extra={"action": "api"})
    headers = {"Retry-After": str(TRY_AGAIN_SECONDS)}
    response = json_answer({"error": "the database does not answer"}, 503, headers=headers)
    # Else each of them would be mailed to the operators, as an error that nobody has handled.
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return response
