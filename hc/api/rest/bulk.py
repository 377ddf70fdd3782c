"""Many checks at once, by their UUIDs or their tags. Version 3 only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from pydantic import BaseModel, ConfigDict, Field

from hc.api.models import Check
from hc.api.rest.answers import Problem, invalid, json_answer
from hc.api.rest.bodies import read_as
from hc.api.rest.call import Call
from hc.api.services import checks

MAX_IDS = 10_000

Action = Literal["pause", "resume", "delete"]
ACTIONS: dict[Action, Callable[[QuerySet[Check], datetime], list[UUID]]] = {
    "pause": checks.pause_all,
    "resume": checks.resume_all,
    "delete": checks.remove_all,
}


class BulkFields(BaseModel):
    """What to do with which checks. One of `ids` and `tags` has to name some."""

    model_config = ConfigDict(strict=True, extra="ignore", title="BulkAction")

    action: Action
    ids: list[Annotated[str, Field(json_schema_extra={"format": "uuid"})]] = Field(
        default_factory=list, max_length=MAX_IDS, description="UUIDs of checks; all must exist."
    )
    tags: list[str] = Field(
        default_factory=list, max_length=100, description="Checks that have all of these tags."
    )


def act(call: Call) -> HttpResponse:
    """Do it with all of them or, if one of the ids is not known, with none."""
    said = read_as(BulkFields, call.body)
    if bool(said.ids) == bool(said.tags):
        raise invalid("either ids or tags must name some checks")
    wanted = _by_id(call, said.ids) if said.ids else _by_tags(call, said.tags)
    rows = Check.objects.filter(pk__in=wanted)
    changed = ACTIONS[said.action](rows, call.now)
    return json_answer({"matched": len(wanted), "changed": [str(code) for code in changed]})


def _by_id(call: Call, ids: list[str]) -> list[int]:
    try:
        codes = {UUID(text) for text in ids}
    except ValueError:
        raise invalid("an item in 'ids' is not a UUID") from None
    found = Check.objects.filter(project=call.project_id, code__in=codes)
    known = dict(found.values_list("code", "pk"))
    if unknown := sorted(map(str, codes - set(known))):
        many = ", ".join(unknown[:10])
        raise Problem(404, "not found", f"Nothing was changed: there is no check {many}.")
    return list(known.values())


def _by_tags(call: Call, tags: list[str]) -> list[int]:
    wanted = set(tags)
    rows = Check.objects.filter(project=call.project_id).values_list("pk", "tags")
    return [pk for pk, text in rows if wanted <= set(text.split())]
