"""Choosing from the checks of a project: filters, counters, order, pages.

All checks of a project are held in memory, light (a few columns each), for as long as nothing
about them changes; the rows of a page are read from the database when they are shown.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict

from hc.accounts.models import Sort
from hc.api.models import Check
from hc.core.state import Shown, Status, is_running, shown_status
from hc.front.rows import ORDER, RUNNING

PAGE = 100
MAX_SEARCH = 200
MAX_FILTERS = 50
# Checks of all projects that are held at the most, per process: about 1 kB each.
MAX_HELD = 60_000
# The API's word for a running check stands in addresses.
_IN_ADDRESS = {RUNNING: "started"}
_FROM_ADDRESS = {"started": RUNNING}

SORTS = frozenset(Sort.values)


class Entry(NamedTuple):
    """What choosing needs to know of a check."""

    id: int
    code: UUID
    name: str
    slug: str
    tags: str
    status: str
    due: datetime | None
    alert_after: datetime | None
    last_start: datetime | None
    grace: timedelta
    last_ping: datetime | None
    last_duration: timedelta | None
    created: datetime

    def mark(self, now: datetime) -> str:
        """The one status that its row shows; as hc.front.rows.CheckRow.mark."""
        status = Status(self.status)
        shown = shown_status(status, due=self.due, alert_after=self.alert_after, now=now)
        if self.last_start is None or shown in (Shown.DOWN, Shown.GRACE):
            return shown.value
        return RUNNING if is_running(self.last_start, self.grace, now) else shown.value


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a page of the list is asked for. `page` counts from 1; `order` is the `sort` that the
    address asks for, if it does."""

    tags: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    search: str = ""
    sort: str = "created"
    down_first: bool = True
    page: int = 1
    order: str = ""

    @classmethod
    def of(cls, query: QueryDict, *, sort: str, down_first: bool) -> Wanted:
        """What the address asks for; what it says of the order goes before the preference."""
        statuses = [_FROM_ADDRESS.get(s, s) for s in query.getlist("status")]
        order = query.get("sort", "")
        order = order if order in SORTS else ""
        page = query.get("page", "")
        return cls(
            tags=tuple(dict.fromkeys(tag for tag in query.getlist("tag") if tag))[:MAX_FILTERS],
            statuses=tuple(dict.fromkeys(s for s in statuses if s in ORDER)),
            search=" ".join(query.get("search", "").split())[:MAX_SEARCH],
            sort=order or (sort if sort in SORTS else "created"),
            down_first=down_first,
            page=int(page) if re.fullmatch("[1-9][0-9]{0,5}", page) else 1,
            order=order,
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.tags or self.statuses or self.search)

    def is_same_as(self, other: Wanted) -> bool:
        """Whether both show the same checks in the same order, on whatever page."""
        return self._shown() == other._shown()

    def _shown(self) -> tuple[object, ...]:
        return frozenset(self.tags), frozenset(self.statuses), self.search.casefold(), self.sort

    def address(self, **changes: Any) -> str:
        """The query that asks for this, with changes; the first page unless that is one."""
        asked = replace(self, page=1)
        asked = replace(asked, **changes)
        pairs = [("tag", tag) for tag in asked.tags]
        pairs += [("status", _IN_ADDRESS.get(s, s)) for s in asked.statuses]
        pairs += [("search", asked.search)] if asked.search else []
        pairs += [("sort", asked.order)] if asked.order else []
        pairs += [("page", str(asked.page))] if asked.page > 1 else []
        return f"?{urlencode(pairs)}" if pairs else "?"

    def toggled(self, *, tag: str = "", status: str = "") -> str:
        """The query with a tag or a status more or, if it was there, less."""
        tags = _toggle(self.tags, tag) if tag else self.tags
        statuses = _toggle(self.statuses, status) if status else self.statuses
        return self.address(tags=tags, statuses=statuses)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen. `ids`: those of the page, in order. `counters`, `tags`: of all checks."""

    ids: list[int]
    total: int
    matching: int
    page: int
    counters: Mapping[str, int]
    tags: Mapping[str, str]

    @property
    def pages(self) -> int:
        return max(1, -(-self.matching // PAGE))

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE + 1 if self.matching else 0

    @property
    def last(self) -> int:
        return min(self.page * PAGE, self.matching)


def entries(project_id: int, version: str) -> Sequence[Entry]:
    """All checks of a project, the oldest first. `version`: hc.api.fingerprint.of_checks."""
    with _lock:
        found = _held.get(project_id)
        if found is not None and found[0] == version:
            _held.move_to_end(project_id)
            return found[1]
    rows = Check.objects.filter(project=project_id).order_by("created", "pk")
    fresh = [Entry._make(row) for row in rows.values_list(*("pk", *Entry._fields[1:]))]
    with _lock:
        _held[project_id] = (version, fresh)
        _held.move_to_end(project_id)
        while len(_held) > 1 and sum(len(some) for _, some in _held.values()) > MAX_HELD:
            _held.popitem(last=False)
    return fresh


_lock = threading.Lock()
_held: OrderedDict[int, tuple[str, list[Entry]]] = OrderedDict()


def choose(everything: Sequence[Entry], wanted: Wanted, now: datetime) -> Chosen:
    marked = [(entry, entry.mark(now)) for entry in everything]
    marks = [mark for _, mark in marked]
    matching = [(entry, mark) for entry, mark in marked if _matches(entry, mark, wanted)]
    matching.sort(key=lambda pair: _KEYS[wanted.sort.lstrip("-")](pair[0]), reverse=_down(wanted))
    if wanted.down_first:
        matching.sort(key=lambda pair: _RANKS[pair[1]])
    page = min(wanted.page, max(1, -(-len(matching) // PAGE)))
    return Chosen(
        ids=[entry.id for entry, _ in matching[(page - 1) * PAGE : page * PAGE]],
        total=len(marked),
        matching=len(matching),
        page=page,
        counters={mark: marks.count(mark) for mark in ORDER if mark in marks},
        tags=_tags(marked),
    )


def matching_ids(everything: Sequence[Entry], wanted: Wanted, now: datetime) -> list[int]:
    """The ids of all that the filters let through, on all pages."""
    return [entry.id for entry in everything if _matches(entry, entry.mark(now), wanted)]


def _matches(entry: Entry, mark: str, wanted: Wanted) -> bool:
    if wanted.statuses and mark not in wanted.statuses:
        return False
    if wanted.tags and not set(wanted.tags) <= set(entry.tags.split()):
        return False
    if not wanted.search:
        return True
    text = wanted.search.casefold()
    return text in entry.name.casefold() or text in entry.slug or text in str(entry.code)


def _tags(marked: Iterable[tuple[Entry, str]]) -> dict[str, str]:
    """Each tag with the worst of its checks: down, grace or nothing; letter case is no order."""
    worst: dict[str, str] = {}
    for entry, mark in marked:
        for tag in entry.tags.split():
            known = worst.get(tag)
            if known is None or (mark in _TROUBLE and _RANKS[mark] < _RANKS.get(known, 9)):
                worst[tag] = mark if mark in _TROUBLE else ""
    return dict(sorted(worst.items(), key=lambda item: (item[0].casefold(), item[0])))


_TROUBLE = ("down", "grace")
_RANKS = {mark: rank for rank, mark in enumerate(ORDER)}
_FAR = datetime(9999, 1, 1, tzinfo=UTC)


def _natural(entry: Entry) -> Any:
    """Names as people sort them: without letter case, numbers by their value."""
    name = (entry.name or entry.slug).casefold()
    return (not name, re.sub(r"\d+", lambda digits: digits[0].zfill(8), name))


_KEYS: dict[str, Callable[[Entry], Any]] = {
    "created": lambda entry: (entry.created, entry.id),
    "name": _natural,
    "last_ping": lambda entry: entry.last_ping or _FAR,
    "next": lambda entry: (entry.due if entry.status == Status.UP else None) or _FAR,
    "duration": lambda entry: entry.last_duration or timedelta(0),
}


def _down(wanted: Wanted) -> bool:
    return wanted.sort.startswith("-")


def _toggle(items: tuple[str, ...], item: str) -> tuple[str, ...]:
    return tuple(i for i in items if i != item) if item in items else (*items, item)
