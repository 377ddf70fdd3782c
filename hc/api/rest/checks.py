"""Checks: list, create, change, pause, resume, delete. Source: http-api 3.4 to 3.7."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, get_args
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse

from hc.api import fingerprint, representation
from hc.api.models import Channel, Check
from hc.api.models.check import CheckQuerySet
from hc.api.representation import EXTRA_FIELDS, CheckRow, described
from hc.api.rest.answers import Problem, bad_parameter, json_answer
from hc.api.rest.bodies import read_as
from hc.api.rest.call import Call
from hc.api.rest.channel_names import channels_named
from hc.api.rest.check_fields import CheckFields
from hc.api.rest.lookup import check_by_key, check_of, row_of, still_there
from hc.api.rest.schemas import CheckAnswer, Status
from hc.api.services import checks

STATUSES = get_args(Status)
FEW = 100
ALL_FIELDS = tuple(CheckAnswer.model_fields)


# --- Reading ----------------------------------------------------------------------------------


def index(call: Call) -> HttpResponse:
    """The checks of a project that the filters let through, the oldest first."""
    wanted, page = call.fields(ALL_FIELDS), call.page()
    rows = _matching(call)
    tag = _tag(call)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if same := call.unchanged(tag):
        return HttpResponse(status=same.status_code, headers=headers)
    found = list(islice(rows, page.limit + 1) if page else rows)
    if page and len(found) > page.limit:
        found.pop()
        headers["Link"] = call.next_link(found[-1].id)
    shown = [_chosen(one, wanted) for one in _described(call, found, extra=bool(wanted))]
    return json_answer({"checks": shown}, headers=headers)


def read(call: Call, uuid: str) -> HttpResponse:
    row, channels = row_of(call, uuid)
    return _shown_one(call, row, described(row, call.view, channels))


def read_by_key(call: Call, unique_key: str) -> HttpResponse:
    return _one(call, CheckRow.of(check_by_key(call, unique_key)))


# --- Writing ----------------------------------------------------------------------------------


def create(call: Call) -> HttpResponse:
    """A new check, or a change of the one that `unique` finds."""
    fields = read_as(CheckFields, call.body)
    try:
        check, is_new = checks.upsert(
            call.project,
            fields.columns(call.version),
            call.now,
            unique=fields.unique_columns(),
            channels=_channels(call, fields),
        )
    except checks.LimitReached:
        raise Problem(
            403, "check limit reached", "This account has as many checks as it may have."
        ) from None
    return _written(call, check, 201 if is_new else 200)


def update(call: Call, uuid: str) -> HttpResponse:
    check = check_of(call, uuid)
    fields = read_as(CheckFields, call.body)
    channels = _channels(call, fields)
    columns = fields.columns(call.version, check)
    return _written(
        call, still_there(lambda: checks.change(check.code, columns, call.now, channels))
    )


def pause(call: Call, uuid: str) -> HttpResponse:
    check = check_of(call, uuid)
    return _written(call, still_there(lambda: checks.pause(check.code, call.now)))


def resume(call: Call, uuid: str) -> HttpResponse:
    check = check_of(call, uuid)
    try:
        return _written(call, still_there(lambda: checks.resume(check.code, call.now)))
    except checks.NotPaused:
        raise Problem(409, "check is not paused") from None


def delete(call: Call, uuid: str) -> HttpResponse:
    """The check as it was."""
    check = check_of(call, uuid)
    shown = _described(call, [CheckRow.of(check)])

    def remove() -> Check:
        checks.remove(check.code, call.now)
        return check

    still_there(remove)
    return json_answer(shown[0])


# --- Choosing ---------------------------------------------------------------------------------


def _matching(call: Call) -> Iterator[CheckRow]:
    """The rows that the filters of the address let through, beyond the cursor."""
    rows: CheckQuerySet = Check.objects.filter(project=call.project_id).order_by("pk")
    page = call.page()
    if page and page.after is not None:
        rows = rows.filter(pk__gt=page.after)
    if slug := call.text("slug"):
        rows = rows.exactly(slug=slug)
    if call.version >= 3:
        rows = _additional(call, rows)
    tags = set(call.texts("tag"))
    for tag in tags:
        rows = rows.filter(tags__contains=tag)
    if page and not tags:
        rows = rows[: page.limit + 1]
    return _read(rows, tags)


def _read(rows: CheckQuerySet, tags: set[str]) -> Iterator[CheckRow]:
    """The rows with all the tags. A generator: nothing is read before it is looked at."""
    for values in rows.values_list(*CheckRow._fields):
        row = CheckRow._make(values)
        if not tags or tags <= set(row.tags.split()):
            yield row


def _additional(call: Call, rows: CheckQuerySet) -> CheckQuerySet:
    """The filters that came with version 3."""
    if name := call.text("name"):
        rows = rows.exactly(name=name)
    if statuses := call.texts("status"):
        either = Q(pk=None)
        for status in statuses:
            either |= _has_status(status, call)
        rows = rows.filter(either)
    return rows


def _has_status(status: str, call: Call) -> Q:
    """Source: hc.core.state.shown_status."""
    overdue = Q(status="down") | Q(alert_after__lte=call.now)
    late = Q(status="up", due__lte=call.now)
    match status:
        case "down":
            return overdue
        case "grace":
            return late & ~overdue
        case "up":
            return Q(status="up") & ~late & ~overdue
        case "new" | "paused":
            return Q(status=status) & ~overdue
    raise bad_parameter("status must be new, up, grace, down or paused")


def _channels(call: Call, fields: CheckFields) -> list[Channel] | None:
    if "channels" not in fields.model_fields_set:
        return None
    return channels_named(call.project, fields.channels)


# --- Showing ----------------------------------------------------------------------------------


def _described(call: Call, rows: list[CheckRow], *, extra: bool = False) -> list[dict[str, Any]]:
    channels = {} if call.readonly else _channels_of(call.project_id, rows)
    shown = [described(row, call.view, channels.get(row.id, ())) for row in rows]
    if extra:
        for row, facts in zip(rows, shown, strict=True):
            facts.update(representation.extras(row))
    return shown


def _channels_of(project_id: int, rows: Sequence[CheckRow]) -> dict[int, list[UUID]]:
    """The codes of the channels of each check: {id: codes}."""
    links = Channel.checks.through.objects.filter(channel__project=project_id)
    if len(rows) <= FEW:
        links = links.filter(check_id__in=[row.id for row in rows])
    found: dict[int, list[UUID]] = {}
    for check, code in links.values_list("check_id", "channel__code"):
        found.setdefault(check, []).append(code)
    return found


def _one(call: Call, row: CheckRow) -> HttpResponse:
    return _shown_one(call, row, _described(call, [row])[0])


def _shown_one(call: Call, row: CheckRow, facts: dict[str, Any]) -> HttpResponse:
    if wanted := call.fields(ALL_FIELDS):
        facts |= representation.extras(row)
    return json_answer(_chosen(facts, wanted))


def _written(call: Call, check: Check, status: int = 200) -> HttpResponse:
    return json_answer(_described(call, [CheckRow.of(check)])[0], status)


def _chosen(facts: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
    return {name: facts[name] for name in wanted if name in facts} if wanted else facts


def _tag(call: Call) -> str:
    """What names this answer: the state of the checks, and how they are looked at."""
    seen = f"{call.version}-{'r' if call.readonly else 'w'}"
    return f'W/"{fingerprint.of_checks(call.project_id, call.now)}-{seen}"'


assert set(EXTRA_FIELDS) <= set(ALL_FIELDS)  # noqa: S101 - of our own making
