"""Pages that also open at the side of another one: the same template, in another frame.

A script asks for them with the header X-Panel; without a script their links lead to whole pages.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.cache import patch_vary_headers


def is_panel(request: HttpRequest) -> bool:
    return "X-Panel" in request.headers


def leave(request: HttpRequest, to: str, *args: object) -> HttpResponse:
    """On to another page. A script is told where to, rather than led there: it would see, and so
    use up, the message that waits for the person on that page."""
    if is_panel(request):
        return HttpResponse(status=204, headers={"X-Location": resolve_url(to, *args)})
    return redirect(to, *args)


def render_panel(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """The template, which extends `frame_template` and has its heading in `heading`."""
    panel = is_panel(request)
    more = {
        "frame_template": "base_panel.html" if panel else "base.html",
        "heading": "h2" if panel else "h1",
        "panel": panel,
    }
    response = render(request, template, context | more, status=status)
    patch_vary_headers(response, ["X-Panel"])
    return response
