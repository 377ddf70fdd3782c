"""The log of a check: pings with their bodies, and changes of status. Source: http-api 3.8, 3.9."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone

from hc.accounts.models import Profile
from hc.api import bodies, queries
from hc.api.models import Check, Flip, Ping
from hc.api.queries import PingRow
from hc.api.representation import iso
from hc.api.rest.answers import Problem, json_answer, not_found
from hc.api.rest.call import MAX_PAGE, Call
from hc.api.rest.lookup import check_by_key, check_of
from hc.api.rest.schemas import FlipAnswer, PingAnswer
from hc.core.state import Status

PING_FIELDS = tuple(PingAnswer.model_fields)
FLIP_FIELDS = tuple(FlipAnswer.model_fields)
USUAL_FLIP_FIELDS = ["timestamp", "up"]
LONGEST_AGO = 31_536_000
LAST_INSTANT = 10_000_000_000
BUSY_SECONDS = 20


def pings(call: Call, uuid: str) -> HttpResponse:
    """The pings that are kept, the newest first; all that fit, unless a page is asked for."""
    check = check_of(call, uuid)
    wanted, page = call.fields(PING_FIELDS), call.page()
    limit = page.limit if page else MAX_PAGE
    before = page.after if page else None
    rows = queries.ping_rows(check, limit + 1, before=before)
    headers = {}
    if len(rows) > limit:
        rows.pop()
        if page and rows[-1].n is not None:
            headers["Link"] = call.next_link(rows[-1].n)
    times = queries.run_times_of(check, rows)
    shown = [_ping(call, check, row, times.get(row.n or 0)) for row in rows]
    if wanted:
        shown = [{name: one[name] for name in wanted if name in one} for one in shown]
    return json_answer({"pings": shown}, headers=headers)


def body(call: Call, uuid: str, n: str) -> HttpResponse:
    """The body of a ping, byte by byte as it was stored."""
    check = check_of(call, uuid)
    limit = Profile.of(call.project.owner_id).ping_log_limit
    if len(n) > 9 or int(n) <= check.n_pings - limit:
        raise not_found("Pings with that number are not kept any more, or never came.")
    ping = Ping.objects.filter(owner=check, n=int(n)).select_related("owner").first()
    try:
        found = bodies.read(ping) if ping else None
    except bodies.BodyUnavailable as e:
        pause = {"Retry-After": str(BUSY_SECONDS)}
        raise Problem(503, "body cannot be read", str(e), headers=pause) from None
    if not found:
        raise not_found("There is no such ping, or it has no body.")
    return HttpResponse(found, content_type="text/plain")


def flips(call: Call, uuid: str) -> HttpResponse:
    return _flips(call, check_of(call, uuid))


def flips_by_key(call: Call, unique_key: str) -> HttpResponse:
    return _flips(call, check_by_key(call, unique_key))


def _flips(call: Call, check: Check) -> HttpResponse:
    """The changes of status, the newest first."""
    wanted, page = call.fields(FLIP_FIELDS) or USUAL_FLIP_FIELDS, call.page()
    rows = Flip.objects.filter(owner=check, **_period(call)).order_by("-pk")
    if page and page.after is not None:
        rows = rows.filter(pk__lt=page.after)
    found = list(rows[: page.limit + 1] if page else rows)
    headers = {}
    if page and len(found) > page.limit:
        found.pop()
        headers["Link"] = call.next_link(found[-1].pk)
    shown = [{name: facts[name] for name in wanted} for facts in map(_flip, found)]
    return json_answer({"flips": shown}, headers=headers)


def _period(call: Call) -> dict[str, datetime]:
    """The filters for the time of flips that the parameters ask for."""
    given = call.request.GET
    period = {}
    starts = []
    if given.get("seconds"):
        ago = timedelta(seconds=_integer("seconds", given["seconds"], LONGEST_AGO))
        starts += [timezone.now() - ago] if ago else []
    if "start" in given:
        starts.append(_instant("start", given["start"]))
    if starts:
        period["created__gte"] = max(starts)
    if "end" in given:
        period["created__lt"] = _instant("end", given["end"])
    return period


def _instant(name: str, text: str) -> datetime:
    return datetime.fromtimestamp(_integer(name, text, LAST_INSTANT), UTC)


def _integer(name: str, text: str, highest: int) -> int:
    whole = text.removesuffix(".0").strip()
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 11 and int(whole) <= highest):
        raise Problem(400, f"bad parameter: {name} must be a number from 0 to {highest}")
    return int(whole)


def _ping(call: Call, check: Check, row: PingRow, duration: timedelta | None) -> dict[str, Any]:
    url = f"{settings.SITE_ROOT}/api/v{call.version}/checks/{check.code}/pings/{row.n}/body"
    facts: dict[str, Any] = {
        "type": row.kind or "success",
        "date": row.created.isoformat(),
        "n": row.n,
        "scheme": row.scheme,
        "remote_addr": row.remote_addr,
        "method": row.method,
        "ua": row.ua,
        "rid": str(row.rid) if row.rid else None,
        "body_url": url if row.size else None,
    }
    if duration is not None:
        facts["duration"] = round(duration.total_seconds(), 2)
    return facts


def _flip(flip: Flip) -> dict[str, Any]:
    return {
        "timestamp": iso(flip.created),
        "up": int(flip.new_status == Status.UP),
        "status": flip.new_status,
        "old_status": flip.old_status,
        "reason": flip.reason,
    }
