"""Parts of pages that renew themselves: sent when they have changed, else 304."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def live_response(
    request: HttpRequest, template: str, context: dict[str, Any], version: str
) -> HttpResponse:
    """The rendered part, or 304 if the page has this version of it already."""
    if is_known(request, version):
        return tagged(HttpResponse(status=304), version)
    return tagged(render(request, template, context), version)


def is_known(request: HttpRequest, version: str) -> bool:
    """Whether the browser has this version; whoever compresses answers makes the tag a weak one."""
    return request.headers.get("If-None-Match", "").removeprefix("W/") == f'"{version}"'


def tagged(response: HttpResponse, version: str) -> HttpResponse:
    """The response, which the browser may keep under this version, but has to ask for."""
    response["ETag"] = f'"{version}"'
    response["Cache-Control"] = "private, no-cache"
    return response
