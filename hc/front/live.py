"""Parts of pages that renew themselves: sent when they have changed, else 304."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def live_response(
    request: HttpRequest, template: str, context: dict[str, Any], version: str
) -> HttpResponse:
    """The rendered part, or 304 if the page has this version of it already."""
    tag = f'"{version}"'
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    else:
        response = render(request, template, context)
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    return response
