"""Badges for READMEs and wall displays: public, and as cheap as can be, for they are asked for
all day long. One query, no session, no template.

http-api 4 of the specification. Better than there: HEAD is answered, whatever stands below these
paths has CORS headers, and 304 saves whoever knows the badge already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from urllib.parse import unquote
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, re_path
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt

from hc import __version__
from hc.api import badge_queries
from hc.api.badge_urls import ALL
from hc.core.badge import Counts, Word, svg
from hc.lib import badge_signatures

METHODS = "GET, HEAD, OPTIONS"
HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "X-Api-Key, Content-Type",
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Max-Age": "600",
    # Not `no-store`: who has kept a badge may ask whether it is still the same.
    "Cache-Control": "max-age=0, no-cache, must-revalidate",
    # An image: it loads and runs nothing, not even when it is opened by itself.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
COLOURS = {Word.UP: "success", Word.LATE: "important", Word.DOWN: "critical"}


@dataclass(frozen=True, slots=True)
class Badge:
    label: str
    counts: Counts
    three_state: bool

    @property
    def word(self) -> Word:
        return self.counts.word(three_state=self.three_state)


def _svg(badge: Badge) -> HttpResponse:
    return HttpResponse(svg(badge.label, badge.word), "image/svg+xml")


def _json(badge: Badge) -> HttpResponse:
    counts = badge.counts
    numbers = {"total": counts.total, "grace": counts.grace, "down": counts.down}
    return JsonResponse({"status": badge.word, **numbers})


def _shields(badge: Badge) -> HttpResponse:
    """What shields.io/badges/endpoint-badge reads."""
    told = {"label": badge.label, "message": badge.word, "color": COLOURS[badge.word]}
    return JsonResponse({"schemaVersion": 1, **told})


FORMATS = {"svg": _svg, "json": _json, "shields": _shields}
View = Callable[..., HttpResponse]


def _badge(find: Callable[..., Badge | None]) -> View:
    """A view that shows the badge which `find` makes of the parts of the path, or 404."""

    @csrf_exempt
    @wraps(find)
    def view(request: HttpRequest, fmt: str = "", **parts: str) -> HttpResponse:
        if request.method == "OPTIONS":
            response = HttpResponse(status=204)
        elif request.method not in ("GET", "HEAD"):
            response = HttpResponse(status=405, headers={"Allow": METHODS})
        else:
            badge = find(**parts) if fmt in FORMATS else None
            response = _show(request, badge, fmt) if badge else HttpResponse(status=404)
        for name, value in HEADERS.items():
            response[name] = value
        return response

    return view


def _show(request: HttpRequest, badge: Badge, fmt: str) -> HttpResponse:
    tag = _etag(badge, fmt)
    response = get_conditional_response(request, etag=tag) or FORMATS[fmt](badge)
    response["ETag"] = tag
    return response


def _etag(badge: Badge, fmt: str) -> str:
    """Weak: the same badge, not the same bytes. A new version may draw it in another way."""
    shown = (__version__, fmt, badge.label, badge.word, badge.counts if fmt == "json" else None)
    return f'W/"{hashlib.sha256(repr(shown).encode()).hexdigest()[:16]}"'


@_badge
def tag_badge(key: str, signature: str, tag: str, two_state: str = "") -> Badge | None:
    name = _unquoted(tag)
    return _signed(key, signature, name, two_state) if name else None


@_badge
def project_badge(key: str, signature: str, two_state: str = "") -> Badge | None:
    return _signed(key, signature, ALL, two_state)


@_badge
def check_badge(states: int, code: UUID) -> Badge | None:
    found = badge_queries.check_counts(code, timezone.now())
    return Badge(*found, three_state=states == 3) if found else None


@_badge
def no_badge(**_: str) -> None:
    """Whatever else stands below these paths."""


def _signed(key: str, signature: str, tag: str, two_state: str) -> Badge | None:
    if not badge_signatures.is_valid(key, tag, signature):
        return None
    now = timezone.now()
    if tag == ALL:
        label, counts = settings.MASTER_BADGE_LABEL, badge_queries.project_counts(key, now)
    else:
        label, counts = tag, badge_queries.tag_counts(key, tag, now)
    return Badge(label, counts, three_state=not two_state) if counts else None


def _unquoted(tag: str) -> str | None:
    """The tag, which came quoted twice; the server has undone the first. None if it is none."""
    try:
        name = unquote(tag, errors="strict")
    except UnicodeDecodeError:
        return None
    return None if "\0" in name else name


_SIGNED = r"^badge/(?P<key>[\w-]+)/(?P<signature>[A-Za-z0-9_-]{8})(?P<two_state>-2)?"
urlpatterns = [
    re_path(_SIGNED + r"/(?P<tag>[\w%~.-]+)\.(?P<fmt>\w+)$", tag_badge),
    re_path(_SIGNED + r"\.(?P<fmt>\w+)$", project_badge),
    path("b/<int:states>/<uuid:code>.<str:fmt>", check_badge),
    re_path(r"^(?P<rest>(?:badge|b)(?:/.*)?)$", no_badge),
]
