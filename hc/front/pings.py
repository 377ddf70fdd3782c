"""One ping: what it said, where it came from, what it brought. A page, or a panel at the side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.clickjacking import xframe_options_sameorigin

from hc.accounts.access import AuthenticatedRequest
from hc.api import bodies, event_log
from hc.api.event_log import first_hidden
from hc.api.models import Check, Ping
from hc.api.queries import PingRow
from hc.front.events import zone_of
from hc.front.frame import frame_of
from hc.front.panel import render_panel
from hc.front.place import Place, Visit, of_check
from hc.pings import mail
from hc.pings.mail import Letter

# More of a body is for downloading.
SHOWN = 200_000
LARGEST_NUMBER = 2**31 - 1
BUSY_SECONDS = "20"
_HTML_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src {}; frame-ancestors 'self'"
)


@dataclass(frozen=True, slots=True)
class Content:
    """What a ping brought, as far as it can be shown. `missing`: why it cannot be read."""

    size: int = 0
    text: str = ""
    pretty: str = ""
    is_cut: bool = False
    letter: Letter | None = None
    missing: str = ""


@of_check
def ping(request: AuthenticatedRequest, visit: Visit, n: int) -> HttpResponse:
    check, place = visit.check, visit.place
    found = _ping(check, n)
    _, zones = zone_of(request, check, frame_of(request).zone)
    context = visit.frame() | {
        "ping": found,
        "url": place.ping(n),
        "kind": found.kind or "success",
        "content": _content(found, place),
        "duration": _duration(check, found),
        "times": [(name, _time(found, ZoneInfo(name))) for name in zones],
        **_neighbours(check, place, n),
    }
    return render_panel(request, "front/ping.html", context)


@of_check
def body(request: AuthenticatedRequest, visit: Visit, n: int) -> HttpResponse:
    """What it brought, byte by byte, to be saved."""
    data = _body_or_problem(visit, n)
    if isinstance(data, HttpResponse):
        return data
    name = visit.check.code if visit.access.can_edit else visit.check.unique_key
    response = HttpResponse(data, content_type="application/octet-stream")
    disposition = content_disposition_header(as_attachment=True, filename=f"{name}-{n}.txt")
    response.headers["Content-Disposition"] = disposition or "attachment"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@xframe_options_sameorigin
@of_check
def html(
    request: AuthenticatedRequest,
    visit: Visit,
    n: int,
    with_images: bool = False,
) -> HttpResponse:
    """The HTML part of a mail, for a frame: no scripts, no forms, nothing from elsewhere; pictures
    from elsewhere only if they are asked for, since they tell the sender who reads."""
    data = _body_or_problem(visit, n)
    if isinstance(data, HttpResponse):
        return data
    text = mail.letter_of(data).html
    if not text:
        raise Http404
    response = HttpResponse(text)
    images = "data: https:" if with_images else "data:"
    response.headers["Content-Security-Policy"] = _HTML_POLICY.format(images)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _ping(check: Check, n: int) -> Ping:
    """A ping that is kept; raises Http404."""
    if not max(0, first_hidden(check)) < n <= LARGEST_NUMBER:
        raise Http404
    found = Ping.objects.filter(owner=check, n=n).select_related("owner").first()
    if found is None:
        raise Http404
    return found


def _body_or_problem(visit: Visit, n: int) -> bytes | HttpResponse:
    try:
        data = bodies.read(_ping(visit.check, n))
    except bodies.BodyUnavailable as e:
        headers = {"Retry-After": BUSY_SECONDS}
        return HttpResponse(str(e), status=503, content_type="text/plain", headers=headers)
    if not data:
        raise Http404
    return visit.place.veiled_bytes(data)


def _content(ping: Ping, place: Place) -> Content:
    try:
        data = bodies.read(ping)
    except bodies.BodyUnavailable as e:
        return Content(ping.object_size or 0, missing=str(e))
    if not data:
        return Content()
    data = place.veiled_bytes(data)
    text = data[:SHOWN].decode("utf-8", "replace")
    is_mail = ping.scheme == "email"
    return Content(
        size=len(data),
        text=text,
        pretty="" if is_mail else _pretty(data),
        is_cut=len(data) > SHOWN,
        letter=mail.letter_of(data) if is_mail else None,
    )


def _pretty(data: bytes) -> str:
    """JSON with a line for each value; nothing for other texts, and for mere numbers and words."""
    if len(data) > SHOWN or data.lstrip()[:1] not in (b"{", b"["):
        return ""
    try:
        return orjson.dumps(orjson.loads(data), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return ""


def _duration(check: Check, ping: Ping) -> timedelta | None:
    return event_log.run_times(check, [PingRow.of(ping)]).get(ping.n or 0)


def _time(ping: Ping, zone: ZoneInfo) -> str:
    local = ping.created.astimezone(zone)
    return f"{local:%a}, {local.day} {local:%b %Y, %H:%M:%S}"


def _neighbours(check: Check, place: Place, n: int) -> dict[str, Any]:
    """The addresses of the pings before and after this one."""
    kept = Ping.objects.filter(owner=check, n__gt=first_hidden(check)).values_list("n", flat=True)
    before = kept.filter(n__lt=n).order_by("-n").first()
    after = kept.filter(n__gt=n).order_by("n").first()
    return {
        "previous": place.ping(before) if before else "",
        "next": place.ping(after) if after else "",
    }
