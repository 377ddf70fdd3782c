"""The log of a check, page by page: pings, changes of status, and messages, the newest first.

There is no end to how far one can go back. Each page takes a constant number of queries and looks
at a bounded number of pings, however rare what is asked for: then it says how far it has looked,
and its cursor goes on from there. Bodies stay where they are, but for the first bytes of those
that are shown, and where they are searched.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.db.models import BinaryField, Case, Count, F, Q, QuerySet, When
from django.db.models.functions import Coalesce, Length, Substr

from hc.accounts.models import Profile
from hc.api.models import Check, Flip, Notification, Ping
from hc.api.queries import PingRow
from hc.core.durations import LONGEST_RUN, LoggedPing, durations
from hc.core.state import Kind
from hc.lib.question import Question

PING_KINDS = ("success", "fail", "start", "log", "ign")
FLIP, SENT = "flip", "sent"
KINDS = (*PING_KINDS, FLIP, SENT)
# How many pings one page looks at, and one search; the bytes of bodies that a search reads.
SCAN, SEARCHED, SEARCHED_BYTES, CHUNK = 10_000, 2_000, 8_000_000, 100
COUNTED = 10_000
EXCERPT = 150
# The starts of runs are looked for among so many pings in all, and so many before those shown.
AROUND, BEFORE = 2_000, 200
_Line = PingRow | Flip | Notification
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to where a log was shown: what comes next lies before each of these. `ping`: a number;
    `flip`, `sent`: an instant and a key, since flips may come late. None: nothing was shown."""

    ping: int | None = None
    flip: tuple[datetime, int] | None = None
    sent: tuple[datetime, int] | None = None

    def __str__(self) -> str:
        return f"{self.ping or ''}.{_written(self.flip)}.{_written(self.sent)}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """The cursor that was written like that; None for anything else."""
        match = _CURSOR.fullmatch(text)
        if match is None:
            return None
        ping, *rest = (int(group) if group else None for group in match.groups())
        flip, sent = (_read(*rest[:2]), _read(*rest[2:]))
        return cls(ping, flip, sent)


_PLACE = r"(?:(\d{1,17})-(\d{1,18}))?"
_CURSOR = re.compile(rf"(\d{{1,10}})?\.{_PLACE}\.{_PLACE}", re.ASCII)


def _written(place: tuple[datetime, int] | None) -> str:
    return f"{(place[0] - _EPOCH) // _MICROSECOND}-{place[1]}" if place else ""


def _read(micros: int | None, key: int | None) -> tuple[datetime, int] | None:
    return None if micros is None else (_EPOCH + _MICROSECOND * micros, key or 0)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log: a ping, a flip with the messages about it, or one message."""

    at: datetime
    ping: PingRow | None = None
    excerpt: str = ""
    duration: timedelta | None = None
    flip: Flip | None = None
    notifications: tuple[Notification, ...] = ()
    sent: Notification | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`older`: where the next page begins, None at the end. `looked_until`: if pings had to be
    left unread, when the oldest of those came that were looked at. `unsearched`: bodies in object
    storage, which a search does not fetch."""

    events: tuple[Event, ...]
    older: Cursor | None = None
    looked_until: datetime | None = None
    unsearched: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: those of these kinds (none: all), in whose bodies this text occurs."""

    kinds: frozenset[str] = frozenset()
    text: str = ""

    def wants(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds

    @property
    def ping_kinds(self) -> list[str]:
        return [kind for kind in PING_KINDS if self.wants(kind)]


@dataclass(slots=True)
class _Pings:
    """The pings of a page. `stopped`: the number down to which was looked, if not to the end."""

    rows: list[PingRow] = field(default_factory=list)
    excerpts: dict[int, str] = field(default_factory=dict)
    stopped: int | None = None
    unsearched: int = 0


def page(check: Check, wanted: Wanted, cursor: Cursor, limit: int) -> Page:
    """The newest `limit` events before the cursor."""
    pings = _pings(check, wanted, cursor, limit + 1)
    flips, sent = [], []
    if not wanted.text:
        since = _time_of(check, pings.stopped) if pings.stopped else None
        flips = _flips(check, cursor, limit + 1, since) if wanted.wants(FLIP) else []
        sent = _sent(check, cursor, limit + 1, since) if wanted.wants(SENT) else []
    streams: list[Sequence[_Line]] = [pings.rows, flips, sent]
    merged = list(heapq.merge(*streams, key=_place, reverse=True))
    shown = merged[:limit]
    older = _after(check, cursor, shown)
    is_end = len(merged) <= limit
    if is_end and pings.stopped:
        older = replace(older, ping=pings.stopped)
    return Page(
        events=_events(check, shown, pings),
        older=None if is_end and not pings.stopped else older,
        looked_until=_time_of(check, pings.stopped) if is_end and pings.stopped else None,
        unsearched=pings.unsearched,
    )


def first_hidden(check: Check) -> int:
    """The number of the newest ping that is beyond the log limit. Source: core 6.1."""
    limit = Profile.known(check.project.owner).ping_log_limit
    return max(0, check.n_pings - limit)


def counts(check: Check) -> dict[str, int]:
    """How many events of each kind there are; of pings among the newest 10,000."""
    newest = Ping.objects.filter(
        owner=check, n__gt=max(first_hidden(check), check.n_pings - COUNTED)
    )
    found: dict[str, int] = newest.aggregate(
        **{kind: Count("pk", filter=_is_of([kind])) for kind in PING_KINDS}
    )
    found[FLIP] = Flip.objects.filter(owner=check).count()
    found[SENT] = Notification.objects.filter(owner=check).count()
    return found


def cursor_at(check: Check, at: datetime) -> Cursor:
    """Where the events up to `at` begin. Pings are in the order of their times, so they are found
    by halving: their table has no index by time."""
    low, high = (
        first_hidden(check),
        check.n_pings + 1,
    )  # the first ping after `at` is in (low, high]
    while high - low > 1:
        middle = (low + high) // 2
        row = _visible(check).filter(n__gt=low, n__lte=middle).order_by("-n")
        found = row.values_list("n", "created").first()
        if found is None or found[1] <= at:
            low = middle
        else:
            high = found[0] or middle
            if high <= low + 1:
                break
    after = (at + _MICROSECOND, 0)
    return Cursor(high, after, after)


def version(check: Check) -> tuple[object, ...]:
    """Changes with each event that comes, and whatever becomes of the last messages. One query.

    Each flip moves the status, or comes with a ping or an edit.
    """
    states = tuple(_LAST_SENT.rows(check=check.pk))
    return check.n_pings, check.edits, check.status, check.status_since, states


_LAST_SENT = Question(
    "hc_last_sent",
    {"check": "integer"},
    lambda check: (
        Notification.objects.filter(owner=check)
        .order_by("-pk")
        .values_list("pk", "state", "attempts", "due")[:50]
    ),
)


# --- Pings ------------------------------------------------------------------------------------


def _visible(check: Check) -> QuerySet[Ping]:
    return Ping.objects.filter(owner=check, n__gt=first_hidden(check))


def _pings(check: Check, wanted: Wanted, cursor: Cursor, limit: int) -> _Pings:
    """The newest pings before the cursor, and how far was looked for them."""
    kinds = wanted.ping_kinds
    if not kinds:
        return _Pings()
    floor = first_hidden(check)
    top = min(cursor.ping or check.n_pings + 1, check.n_pings + 1)
    if wanted.text:
        return _search(check, wanted, range(floor, top), limit)
    bottom = max(floor, top - 1 - SCAN)
    if len(kinds) < len(PING_KINDS):
        within = _between(check.pk, bottom, top).filter(_is_of(kinds))
        lines: Iterable[tuple[Any, ...]] = _lines(within, limit)
    else:
        lines = _of_all_kinds(limit).rows(check=check.pk, bottom=bottom, top=top)
    found = _Pings()
    for *values, body in lines:
        found.rows.append(PingRow._make(values))
        if body:
            found.excerpts[found.rows[-1].n or 0] = bytes(body).decode("utf-8", "replace")
    found.stopped = bottom + 1 if len(found.rows) < limit and bottom > floor else None
    return found


def _between(check: int, bottom: int, top: int) -> QuerySet[Ping]:
    return Ping.objects.filter(owner=check, n__gt=bottom, n__lt=top)


def _lines(pings: QuerySet[Ping], limit: int) -> QuerySet[Any, Any]:
    """The columns of `PingRow` for the newest of these pings, and how the bodies of those begin
    that are no mails."""
    size = Coalesce(F("object_size"), Length("body_raw"))
    begin = Substr("body_raw", 1, EXCERPT, output_field=BinaryField())
    shown = Case(When(~Q(scheme="email"), then=begin), output_field=BinaryField())
    columns = [name for name in PingRow._fields if name != "size"]
    found = pings.order_by("-n").annotate(size=size, begin=shown)
    return found.values_list(*columns, "size", "begin")[:limit]


@cache
def _of_all_kinds(limit: int) -> Question[Any]:
    return Question(
        f"hc_log_{limit}",
        {"check": "integer", "bottom": "integer", "top": "integer"},
        lambda check, bottom, top: _lines(_between(check, bottom, top), limit),
    )


def _is_of(kinds: Collection[str]) -> Q:
    """Success is NULL, and the empty string in rows of older versions."""
    others = Q(kind__in=[kind for kind in kinds if kind != "success"])
    return others | Q(kind=None) | Q(kind="") if "success" in kinds else others


def _search(check: Check, wanted: Wanted, numbers: range, limit: int) -> _Pings:
    """Pings with that text in what they brought, whatever the letter case; those with numbers
    beyond the start of the range.

    In Python, since databases do not agree on how to look into bytes.
    """
    found, needle, read = _Pings(), wanted.text.casefold(), 0
    floor, at = numbers.start, numbers.stop
    bottom, right = max(floor, at - 1 - SEARCHED), _is_of(wanted.ping_kinds)
    while at - 1 > bottom:
        within = Ping.objects.filter(owner=check, n__gt=bottom, n__lt=at).filter(right)
        rows = list(within.order_by("-n")[:CHUNK])
        for ping in rows:
            at = ping.n or 0
            read += len(ping.body_raw or b"")
            found.unsearched += ping.body_raw is None and bool(ping.object_size)
            if hit := _hit(ping, needle):
                found.rows.append(PingRow.of(ping))
                found.excerpts[at] = hit
            if len(found.rows) == limit or read > SEARCHED_BYTES:
                found.stopped = at if at > floor + 1 and len(found.rows) < limit else None
                return found
        if len(rows) < CHUNK:
            break
    found.stopped = bottom + 1 if bottom > floor else None
    return found


def _hit(ping: Ping, needle: str) -> str:
    """What stands around the text in a ping; empty if it is not there."""
    body = bytes(ping.body_raw or b"").decode("utf-8", "replace")
    for text in (body, ping.ua, ping.remote_addr or ""):
        at = text.casefold().find(needle)
        if at >= 0:
            start = max(0, at - 40)
            return ("…" if start else "") + text[start : start + EXCERPT]
    return ""


def _time_of(check: Check, number: int | None) -> datetime | None:
    """When the first ping from that number on came."""
    rows = Ping.objects.filter(owner=check, n__gte=number or 0).order_by("n")
    return rows.values_list("created", flat=True).first()


def run_times(check: Check, rows: Sequence[PingRow]) -> dict[int, timedelta]:
    """The durations of the runs that these pings ended, {n: duration}; `rows` are the newest first,
    and others may lie between them. One query."""
    ends = [row for row in rows if row.kind in ("fail", "", None)]
    if not ends:
        return {}
    first, last = ends[-1], ends[0]
    around = _AROUND.rows(
        check=check.pk,
        last=last.n or 0,
        after=max((last.n or 0) - AROUND, (first.n or 0) - BEFORE),
        since=first.created - LONGEST_RUN,
    )
    found = durations(
        LoggedPing(n or 0, Kind(kind or "success"), at, rid)
        for n, kind, at, rid in around
        if kind not in ("log", "ign")
    )
    return {row.n: found[row.n] for row in ends if row.n in found}


_AROUND = Question(
    "hc_pings_around",
    {"check": "integer", "last": "integer", "after": "integer", "since": "timestamptz"},
    lambda check, last, after, since: (
        Ping.objects.filter(owner=check, n__lte=last, n__gt=after, created__gte=since)
        .order_by("n")
        .values_list("n", "kind", "created", "rid")
    ),
)


# --- Flips and messages -----------------------------------------------------------------------


def _flips(check: Check, cursor: Cursor, limit: int, since: datetime | None) -> list[Flip]:
    if not cursor.flip and not since:
        return _newest_flips(limit).rows(check=check.pk)
    rows = Flip.objects.filter(owner=check)
    if cursor.flip:
        at, key = cursor.flip
        rows = rows.filter(created__lte=at).filter(Q(created__lt=at) | Q(pk__lt=key))
    if since:
        rows = rows.filter(created__gte=since)
    return list(rows.order_by("-created", "-pk")[:limit])


@cache
def _newest_flips(limit: int) -> Question[Flip]:
    return Question(
        f"hc_flips_{limit}",
        {"check": "integer"},
        lambda check: Flip.objects.filter(owner=check).order_by("-created", "-pk")[:limit],
    )


def _sent(check: Check, cursor: Cursor, limit: int, since: datetime | None) -> list[Notification]:
    rows = Notification.objects.filter(owner=check).select_related("channel")
    if cursor.sent:
        at, key = cursor.sent
        rows = rows.filter(pk__lt=key) if key else rows.filter(created__lt=at)
    if since:
        rows = rows.filter(created__gte=since)
    return list(rows.order_by("-pk")[:limit])


def notifications_of(flips: Sequence[Flip]) -> dict[int, list[Notification]]:
    """The messages about each of these flips."""
    found: dict[int, list[Notification]] = {}
    if flips:
        rows = Notification.objects.filter(flip__in=[flip.pk for flip in flips])
        for row in rows.select_related("channel").order_by("pk"):
            found.setdefault(row.flip_id or 0, []).append(row)
    return found


# --- Putting together -------------------------------------------------------------------------


def _place(row: _Line) -> tuple[datetime, int]:
    """At the same instant the flip is the consequence of the ping, and the message of the flip."""
    rank = 0 if isinstance(row, PingRow) else 1 if isinstance(row, Flip) else 2
    return row.created, rank


def _after(check: Check, cursor: Cursor, shown: Sequence[_Line]) -> Cursor:
    """The cursor once these have been shown. It bounds each of the streams, so that what comes
    later is not taken for something older."""
    if not shown:
        return cursor
    for row in shown:
        if isinstance(row, PingRow):
            cursor = replace(cursor, ping=row.n)
        elif isinstance(row, Flip):
            cursor = replace(cursor, flip=(row.created, row.pk))
        else:
            cursor = replace(cursor, sent=(row.created, row.pk))
    before = (shown[-1].created + _MICROSECOND, 0)
    ping = cursor.ping or check.n_pings + 1
    return Cursor(ping, cursor.flip or before, cursor.sent or before)


def _events(check: Check, shown: Sequence[_Line], pings: _Pings) -> tuple[Event, ...]:
    rows = [row for row in shown if isinstance(row, PingRow)]
    times = run_times(check, rows)
    told = notifications_of([row for row in shown if isinstance(row, Flip)])
    return tuple(_event(row, pings.excerpts, times, told) for row in shown)


def _event(
    row: _Line,
    excerpts: Mapping[int, str],
    times: Mapping[int, timedelta],
    told: Mapping[int, Sequence[Notification]],
) -> Event:
    if isinstance(row, PingRow):
        n = row.n or 0
        return Event(row.created, ping=row, excerpt=excerpts.get(n, ""), duration=times.get(n))
    if isinstance(row, Flip):
        return Event(row.created, flip=row, notifications=tuple(told.get(row.pk, ())))
    return Event(row.created, sent=row)
