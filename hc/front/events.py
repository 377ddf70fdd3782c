"""The events of a check as pages list them: every line in words, grouped by the days of a zone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from hc.api.event_log import Event, first_hidden
from hc.api.models import Check, Notification, Ping, ScheduleKind
from hc.api.queries import PingRow
from hc.core import zones
from hc.front import outcomes, untold
from hc.front.place import Place
from hc.front.rows import LABELS, duration_text
from hc.integrations import registry
from hc.integrations.names import channel_name

PING_LABELS = {"fail": "Failure", "start": "Started", "log": "Log", "ign": "Ignored"}
PING_MARKS = {"fail": "down", "start": "started", "log": "log", "ign": "log"}
DOWN_TEXTS = {"timeout": "No ping came in time.", "fail": "The job said that it failed."}


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a message, with the colour of how it went."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class EventRow:
    """`key` names the row in the page; `kind` is that of filters, `tone` colours the row."""

    key: str
    kind: str
    at: datetime
    day: str
    time: str
    mark: str
    label: str
    text: str
    number: int = 0
    tone: str = ""
    took: str = ""
    told: tuple[Told, ...] = ()
    url: str = ""

    @property
    def version(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()[:8]


def event_rows(
    check: Check, events: Sequence[Event], place: Place, zone: tzinfo, *, with_told: bool = True
) -> list[EventRow]:
    """`with_told`: whether flips say who was told; else messages have lines of their own."""
    silent = [event.flip for event in events if event.flip and not event.notifications]
    why = untold.reasons(check, silent, _messages_since(check)) if silent else {}
    return [_row(event, place, zone, why, with_told=with_told) for event in events]


def zone_of(request: HttpRequest, check: Check, own: ZoneInfo) -> tuple[ZoneInfo, list[str]]:
    """The zone that an address asks for, and those one can choose from: the reader's, UTC, and
    that of the check's schedule."""
    names = [str(own), "UTC"]
    if check.kind != ScheduleKind.SIMPLE:
        names.append(zones.canonical(check.tz) or "UTC")
    names = list(dict.fromkeys(names))
    asked = request.GET.get("zone", "")
    return (ZoneInfo(asked) if asked in names else own), names


def _messages_since(check: Check) -> datetime | None:
    """From when on messages are kept: as long as the oldest ping is."""
    pings = Ping.objects.filter(owner=check, n__gt=first_hidden(check)).order_by("n")
    return pings.values_list("created", flat=True).first()


def _row(
    event: Event, place: Place, zone: tzinfo, why: dict[int, str], *, with_told: bool
) -> EventRow:
    local = event.at.astimezone(zone)
    same_year = local.year == datetime.now(UTC).astimezone(zone).year
    when: dict[str, Any] = {
        "at": event.at,
        "day": f"{local.day} {local:%B}" if same_year else f"{local.day} {local:%B %Y}",
        "time": f"{local:%H:%M:%S}",
    }
    if event.ping:
        return _of_ping(event.ping, event, place, when)
    if event.sent:
        return _of_message(event.sent, zone, when)
    return _of_flip(event, zone, when, why, with_told=with_told)


def _of_ping(ping: PingRow, event: Event, place: Place, when: dict[str, Any]) -> EventRow:
    kind, n = ping.kind or "success", ping.n or 0
    label = PING_LABELS.get(kind, "Success")
    if kind == "fail" and ping.exitstatus:
        label = f"Exit {ping.exitstatus}"
    return EventRow(
        key=f"ping-{n}",
        kind=kind,
        number=n,
        mark=PING_MARKS.get(kind, "up"),
        label=label,
        text=place.veiled(ping_text(ping, event.excerpt)),
        took=duration_text(event.duration),
        url=place.ping(n),
        **when,
    )


def ping_text(ping: PingRow, excerpt: str) -> str:
    """Where a ping came from and how its body begins; a list waits for no object storage."""
    if ping.scheme == "email":
        return ping.ua
    parts = [f"{ping.method} from {ping.remote_addr}" if ping.remote_addr else ping.method]
    if ping.ua:
        parts.append(ping.ua[:60])
    if excerpt:
        parts.append(excerpt)
    elif ping.size:
        parts.append(f"{ping.size:,} byte body")
    return " · ".join(part for part in parts if part)


def _of_flip(
    event: Event, zone: tzinfo, when: dict[str, Any], why: dict[int, str], *, with_told: bool
) -> EventRow:
    flip = event.flip
    if flip is None:
        raise ValueError("an event is a ping, a flip or a message")
    text = _flip_text(flip.old_status, flip.new_status, flip.reason)
    late: list[Told] = []
    if flip.pk in why:
        text = f"{text} {why[flip.pk]}"
    elif with_told:
        told, late = _told(event.notifications, zone)
        text = f"{text} {told}".strip()
    return EventRow(
        key=f"flip-{flip.pk}",
        kind="flip",
        mark=flip.new_status,
        label=LABELS.get(flip.new_status, flip.new_status),
        text=text,
        tone=flip.new_status,
        told=tuple(late),
        **when,
    )


def _flip_text(old: str, new: str, reason: str) -> str:
    """What a change of status means, in a sentence."""
    if new == "down":
        return DOWN_TEXTS.get(reason, "It was overdue by its new schedule.")
    if new == "up":
        return "It recovered." if old == "down" else "Its first ping came."
    return {"paused": "It was paused.", "new": "It waits for pings again."}.get(new, "")


def _told(notifications: Iterable[Notification], zone: tzinfo) -> tuple[str, list[Told]]:
    """Who was told, and how fast; and, line by line, the messages that have not arrived."""
    messages = outcomes.without_groups(list(notifications))
    arrived = [n for n in messages if outcomes.latency(n) is not None]
    waiting = [n for n in messages if outcomes.latency(n) is None]
    said = [f"{channel_name(n.channel)} {outcomes.outcome(n, zone)}" for n in arrived]
    late = [
        Told(f"{channel_name(n.channel)} {outcomes.outcome(n, zone)}", outcomes.tone(n))
        for n in waiting
    ]
    return (", ".join(said) + "." if said else ""), late


def _of_message(message: Notification, zone: tzinfo, when: dict[str, Any]) -> EventRow:
    integration = registry.get(message.channel.kind)
    kind = f" ({integration.label})" if integration else ""
    status = LABELS.get(message.check_status, message.check_status).lower()
    taken = outcomes.latency(message)
    label = "Told" if taken is not None else "Waiting" if message.is_open() else "Not told"
    return EventRow(
        key=f"sent-{message.pk}",
        kind="sent",
        mark="sent",
        label=label,
        text=f"{channel_name(message.channel)}{kind} that it is {status}: "
        f"{outcomes.fate(message, zone)}",
        tone=outcomes.tone(message).removesuffix("-text") if taken is None else "",
        **when,
    )
