"""The event log of a check: as far back as it goes, page by page, filtered and searched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from hc.accounts.access import AuthenticatedRequest
from hc.accounts.views.limits import too_many
from hc.api import event_log, fingerprint
from hc.api.event_log import KINDS, SENT, Cursor, Page, Wanted
from hc.api.models import Check, Limit, TokenBucket
from hc.api.models.token_bucket import ALLOWED
from hc.front.events import event_rows, zone_of
from hc.front.frame import frame_of
from hc.front.live import is_known, live_response, tagged
from hc.front.place import Place, Visit, of_check

ROWS, MOST_ROWS = 50, 400
MAX_TEXT = 100
# A search reads bodies.
SEARCHES = Limit(60, timedelta(minutes=1))
LABELS = {
    "success": "Success",
    "fail": "Failure",
    "start": "Started",
    "log": "Log",
    "ign": "Ignored",
    "flip": "Status",
    "sent": "Alerts",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter: `address` switches it."""

    kind: str
    label: str
    number: int
    on: bool
    address: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks of the log. `wrong`: what is wrong with the date in it, if anything."""

    wanted: Wanted
    cursor: Cursor
    zone: str
    at: str = ""
    wrong: str = ""

    @property
    def is_live(self) -> bool:
        return self.cursor == Cursor() and not self.wanted.text

    def address(self, **changes: Any) -> str:
        """The query with some parts replaced: kinds, text, zone, before."""
        parts = {
            "kind": [kind for kind in KINDS if kind in self.wanted.kinds],
            "text": self.wanted.text,
            "zone": self.zone,
            "before": "" if self.cursor == Cursor() else str(self.cursor),
        } | changes
        return "?" + urlencode([(k, v) for k, v in parts.items() if v], doseq=True)


@of_check
def log(request: AuthenticatedRequest, visit: Visit) -> HttpResponse:
    check, place = visit.check, visit.place
    asked, zone, zones = _asked(request, check)
    if asked.wanted.text and (refused := _too_often(request)):
        return refused
    context = _rows(check, place, asked, zone)
    context |= visit.frame() | {
        "asked": asked,
        "chips": _chips(check, asked),
        "is_all": not asked.wanted.kinds,
        "zone": zone,
        "zones": [(name, asked.address(zone=name)) for name in zones],
        "all_address": asked.address(kind=[], before=""),
        "newest_address": asked.address(before="", text=""),
        "version": _version(check, asked, zone),
    }
    return render(request, "front/log.html", context, status=422 if asked.wrong else 200)


@of_check
def rows(request: AuthenticatedRequest, visit: Visit) -> HttpResponse:
    """The next page (`before`), or what is new on the first one: then `shown` says how many rows
    that has by now, and `last` is the key of the last of them, which stays where it is."""
    check, place = visit.check, visit.place
    asked, zone, _ = _asked(request, check)
    if not asked.is_live:
        if asked.wanted.text and (refused := _too_often(request)):
            return refused
        return render(request, "front/_log_page.html", _rows(check, place, asked, zone))
    version = _version(check, asked, zone)
    if is_known(request, version):
        return tagged(HttpResponse(status=304), version)
    context = _renewed(request, check, place, asked, zone)
    return live_response(request, "front/_log_page.html", context, version)


@of_check
def last_ping(request: AuthenticatedRequest, visit: Visit) -> HttpResponse:
    """The newest success or failure; without one, the log."""
    ends = Wanted(frozenset({"success", "fail"}))
    found = event_log.page(visit.check, ends, Cursor(), 1).events
    ping = found[0].ping if found else None
    return redirect(visit.place.ping(ping.n) if ping and ping.n else visit.place.log)


def _asked(request: HttpRequest, check: Check) -> tuple[Asked, ZoneInfo, list[str]]:
    own = frame_of(request).zone
    zone, zones = zone_of(request, check, own)
    data = request.GET
    kinds = frozenset(data.getlist("kind")) & frozenset(KINDS)
    text = data.get("text", "").strip()[:MAX_TEXT]
    cursor = Cursor.parse(data.get("before", "")) or Cursor()
    at, wrong = data.get("at", "").strip(), ""
    if at:
        found = _instant(at, zone)
        wrong = "" if found else "Write the date like 2026-06-15 or 2026-06-15T14:30."
        cursor = event_log.cursor_at(check, found) if found else cursor
    name = str(zone) if zone != own else ""
    return Asked(Wanted(kinds, text), cursor, name, at, wrong), zone, zones


def _instant(text: str, zone: ZoneInfo) -> datetime | None:
    """The end of a day, or of a minute, in the zone."""
    try:
        found = datetime.fromisoformat(text)
        if len(text) == 10:
            found += timedelta(days=1)
        else:
            found += timedelta(minutes=1)
        return found if found.tzinfo else found.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        return None


def _rows(
    check: Check, place: Place, asked: Asked, zone: ZoneInfo, limit: int = ROWS
) -> dict[str, Any]:
    page = event_log.page(check, asked.wanted, asked.cursor, limit)
    return _shown(check, place, asked, zone, page)


def _shown(check: Check, place: Place, asked: Asked, zone: ZoneInfo, page: Page) -> dict[str, Any]:
    with_told = not asked.wanted.wants(SENT)
    return {
        "check": check,
        "place": place,
        "events": event_rows(check, page.events, place, zone, with_told=with_told),
        "looked_until": page.looked_until,
        "unsearched": page.unsearched,
        "older": asked.address(before=str(page.older)) if page.older else "",
        "is_whole": True,
    }


def _renewed(
    request: HttpRequest, check: Check, place: Place, asked: Asked, zone: ZoneInfo
) -> dict[str, Any]:
    """The first page down to the row that was its last one; if too much has come since, anew."""
    shown = request.GET.get("shown", "")
    number = min(int(shown), MOST_ROWS) if shown.isascii() and shown.isdigit() else 0
    context = _rows(check, place, asked, zone, number + ROWS)
    keys = [row.key for row in context["events"]]
    last = request.GET.get("last", "")
    if last in keys:
        rows = context["events"][: keys.index(last) + 1]
        return context | {"events": rows, "is_whole": False}
    return _rows(check, place, asked, zone)


def _chips(check: Check, asked: Asked) -> list[Chip]:
    numbers = event_log.counts(check)
    chips = []
    for kind in KINDS:
        on = kind in asked.wanted.kinds
        others = asked.wanted.kinds ^ {kind}
        address = asked.address(kind=[k for k in KINDS if k in others], before="")
        if numbers[kind] or on:
            chips.append(Chip(kind, LABELS[kind], numbers[kind], on, address))
    return chips


def _version(check: Check, asked: Asked, zone: ZoneInfo) -> str:
    seen = (event_log.version(check), sorted(asked.wanted.kinds), str(zone))
    return fingerprint.digest(seen)[:24]


def _too_often(request: AuthenticatedRequest) -> HttpResponse | None:
    wait = TokenBucket.attempt(f"logsearch-{request.user.pk}", SEARCHES, timezone.now())
    return None if wait == ALLOWED else too_many(request, wait)
