"""The audit log as a list with filters, a page at a time, and as a file. For projects and accounts.

The list of a project or an account is given as its entries; whoever calls has looked whether they
may be seen.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse

from hc.accounts.audit_words import Said, say
from hc.accounts.models import AuditEntry
from hc.api.models import Channel, Check

PAGE = 50
MAX_PEOPLE = 100
# What people may ask for: its name, and how actions of that sort begin.
PROJECT_KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "checks": ("Checks", ("check.",)),
    "integrations": ("Integrations", ("integration.",)),
    "keys": ("Keys", ("key.", "pingkey.")),
    "team": ("Team", ("team.", "transfer.")),
    "project": ("Project", ("project.",)),
}
ACCOUNT_KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "account": ("Account", ("account.",)),
    "security": ("Second factors", ("key.a", "key.re", "totp.", "recovery.")),
    "sessions": ("Signing in", ("session.", "login.", "sudo.")),
    "keys": ("API keys", ("key.created", "key.revoked")),
    "projects": ("Projects", ("project.", "team.", "transfer.")),
}
FORMS = ("csv", "json")
COLUMNS = ("time", "who", "administrator", "by", "address", "action", "target", "text", "details")
# Spreadsheets take a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Row:
    """An entry in words. `url`: where its target is; empty if it is gone, or has no page."""

    entry: AuditEntry
    said: Said
    url: str


def listing(
    request: HttpRequest,
    entries: QuerySet[AuditEntry],
    kinds: Mapping[str, tuple[str, tuple[str, ...]]] = PROJECT_KINDS,
) -> dict[str, Any]:
    """What `components/audit_list.html` shows: at most five queries, however long the log is."""
    kind, person = request.GET.get("kind", ""), request.GET.get("person", "")
    found = _before(filtered(request, entries, kinds), entries, request.GET.get("before", ""))
    rows = list(found.select_related("project").order_by("-created", "-pk")[: PAGE + 1])
    shown, chosen = rows[:PAGE], {k: v for k, v in (("kind", kind), ("person", person)) if v}
    older = {**chosen, "before": shown[-1].pk} if len(rows) > PAGE else {}
    people = entries.exclude(actor_name="").values_list("actor_name", flat=True)
    return {
        "rows": _rows(shown),
        "kinds": [(name, label) for name, (label, _) in kinds.items()],
        "people": list(people.distinct().order_by("actor_name")[:MAX_PEOPLE]),
        "kind": kind,
        "person": person,
        "is_filtered": bool(chosen),
        "is_first": "before" not in request.GET,
        "older": urlencode(older),
        "first": urlencode(chosen),
    }


def filtered(
    request: HttpRequest,
    entries: QuerySet[AuditEntry],
    kinds: Mapping[str, tuple[str, tuple[str, ...]]] = PROJECT_KINDS,
) -> QuerySet[AuditEntry]:
    """Those of the kind and by the person that are asked for."""
    kind, person = request.GET.get("kind", ""), request.GET.get("person", "")
    if kind in kinds:
        entries = entries.filter(reduce(or_, (Q(action__startswith=p) for p in kinds[kind][1])))
    if person:
        entries = entries.filter(actor_name=person.replace("\0", ""))
    return entries


def export(entries: QuerySet[AuditEntry], form: str, name: str) -> StreamingHttpResponse:
    """All entries as a file, oldest first, sent as they are read. `form`: csv or json."""
    rows = entries.order_by("created", "pk").iterator(chunk_size=1000)
    if form == "csv":
        response = StreamingHttpResponse(_csv(rows), content_type="text/csv; charset=utf-8")
    else:
        response = StreamingHttpResponse(_json(rows), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    response["Cache-Control"] = "no-store"
    return response


def _before(
    found: QuerySet[AuditEntry], entries: QuerySet[AuditEntry], cursor: str
) -> QuerySet[AuditEntry]:
    """Those older than the entry at which the last page ended."""
    if not cursor:
        return found
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise BadRequest("no such page")
    last = entries.filter(pk=int(cursor)).first()
    if last is None:
        return found
    return found.filter(Q(created__lt=last.created) | Q(created=last.created, pk__lt=last.pk))


def _rows(entries: Iterable[AuditEntry]) -> list[Row]:
    entries = list(entries)
    urls = _urls(entries)
    return [Row(entry, say(entry), urls.get(entry.pk, "")) for entry in entries]


def _urls(entries: list[AuditEntry]) -> dict[int, str]:
    """Where the things are that are still there."""
    named = [entry for entry in entries if entry.project and not entry.project.removed]
    keys = {e.target_code for e in named if e.action.startswith("check.")}
    codes = {e.target_code for e in named if e.action.startswith("integration.")}
    checks = set(Check.objects.filter(unique_key__in=keys).values_list("unique_key", flat=True))
    channels = Channel.objects.filter(code__in=codes).values_list("code", flat=True)
    channel_codes = {str(code) for code in channels}
    urls: dict[int, str] = {}
    for entry in named:
        kind, code = entry.action.partition(".")[0], entry.target_code
        if kind == "check" and code in checks:
            urls[entry.pk] = reverse("hc-cloaked", args=[code])
        elif kind == "integration" and code in channel_codes:
            urls[entry.pk] = reverse("hc-deliveries", args=[code])
        elif kind in _PAGES and entry.project:
            urls[entry.pk] = reverse(_PAGES[kind], args=[entry.project.code])
    return urls


_PAGES = {
    "pingkey": "hc-project-keys",
    "team": "hc-project-team",
    "transfer": "hc-project-team",
    "project": "hc-project-settings",
}


def _csv(entries: Iterable[AuditEntry]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for entry in entries:
        fields = _fields(entry)
        fields["details"] = json.dumps(fields["details"], ensure_ascii=False)
        yield writer.writerow([_cell(fields[column]) for column in COLUMNS])


def _json(entries: Iterable[AuditEntry]) -> Iterator[str]:
    yield "["
    for number, entry in enumerate(entries):
        yield (",\n" if number else "\n") + json.dumps(_fields(entry), ensure_ascii=False)
    yield "\n]\n"


def _fields(entry: AuditEntry) -> dict[str, Any]:
    return {
        "time": entry.created.isoformat(timespec="seconds"),
        "who": entry.actor_name,
        "administrator": entry.impersonator,
        "by": entry.via,
        "address": entry.address or "",
        "action": entry.action,
        "target": entry.target,
        "text": str(say(entry)),
        "details": entry.details,
    }


def _cell(value: Any) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


class _Echo:
    """A file that hands back what is written."""

    def write(self, text: str) -> str:
        return text
