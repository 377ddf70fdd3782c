"""The description of the API as the API gives it. It needs no key."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpResponse

from hc.api.rest import openapi
from hc.api.rest.call import Call
from hc.api.rest.operation import ANYBODY, Operation, Reply
from hc.api.rest.operations import OPERATIONS, SAME
from hc.integrations import registry


def show(call: Call) -> HttpResponse:
    text = orjson.dumps(document())
    tag = f'"{hashlib.sha256(text).hexdigest()[:20]}"'
    same = call.unchanged(tag)
    response = same or HttpResponse(text, "application/json")
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


DESCRIPTION = Operation(
    *("GET", "openapi.json", show, "Describe the API"),
    about="This document, in OpenAPI 3.1. It needs no key.",
    scopes=ANYBODY,
    replies=(Reply(200, "The document."), SAME),
    versions=(openapi.VERSION,),
    group="Description",
)
ALL: tuple[Operation, ...] = (*OPERATIONS, DESCRIPTION)


def document() -> dict[str, Any]:
    """The description, made once for each set of settings. Not to be changed."""
    kinds = tuple(one.kind for one in registry.available(settings.INTEGRATIONS))
    return _document(settings.SITE_ROOT, settings.SITE_NAME, kinds)


@cache
def _document(*_settings: object) -> dict[str, Any]:
    return openapi.describe(ALL)
