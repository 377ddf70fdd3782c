"""Projects and their keys, for scripts with the key of an account. Version 3 only."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpResponse
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from hc.accounts.access import Role, projects_of, role_in, roles_of
from hc.accounts.models import ApiKey, Project, Scope
from hc.accounts.services import keys, policies
from hc.accounts.services.projects import MAX_NAME, create_project
from hc.api.representation import iso
from hc.api.rest.answers import Problem, invalid, json_answer, not_found
from hc.api.rest.bodies import read_as
from hc.api.rest.call import Call
from hc.api.rest.check_fields import Text


def _as_text(value: Any) -> Any:
    """Numbers would be taken for Unix times."""
    if value is None or (isinstance(value, str) and _INSTANT.fullmatch(value)):
        return value
    raise PydanticCustomError("said", "has unexpected value")


# Source: RFC 3339, 5.6.
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
Instant = Annotated[AwareDatetime, BeforeValidator(_as_text)]


class NewProject(BaseModel):
    """A new project, which the account owns."""

    model_config = ConfigDict(strict=True, extra="ignore")

    name: Annotated[Text, Field(min_length=1, max_length=MAX_NAME)] = Field(
        description="Its name.", json_schema_extra={"pattern": r"^[^\u0000]*[^\u0000\s][^\u0000]*$"}
    )


class NewKey(BaseModel):
    """A new key of a project."""

    model_config = ConfigDict(extra="ignore")

    name: Annotated[Text, Field(max_length=100)] = Field("", description="What it is for.")
    scope: Literal["rw", "ro"] = Field("rw", description="`rw`: read and write; `ro`: read only.")
    expires: Instant | None = Field(None, description="When it ends; `null`: never.")


def index(call: Call) -> HttpResponse:
    """The projects of the account: its own, and those it is a member of."""
    projects = projects_of(call.user)
    roles = roles_of(call.user, projects)
    return json_answer({"projects": [_shown(one, roles[one.pk]) for one in projects]})


def read(call: Call, uuid: str) -> HttpResponse:
    return json_answer(_shown(*_project(call, uuid, Role.READONLY)))


def create(call: Call) -> HttpResponse:
    name = " ".join(read_as(NewProject, call.body).name.split())
    if not name:
        raise invalid("name is too short")
    if not policies.may_create_projects(call.user):
        raise Problem(403, "not allowed", "Only administrators make projects here.")
    project = create_project(name, call.user)
    keys.create_ping_key(project)
    project.refresh_from_db()
    return json_answer(_shown(project, Role.OWNER), 201)


def list_keys(call: Call, uuid: str) -> HttpResponse:
    project, _ = _project(call, uuid, Role.MANAGER)
    rows = ApiKey.objects.filter(project=project).order_by("pk")
    return json_answer({"keys": [_key(row) for row in rows]})


def create_key(call: Call, uuid: str) -> HttpResponse:
    """A new key; its text is in this answer, and never again."""
    project, _ = _project(call, uuid, Role.MANAGER)
    said = read_as(NewKey, call.body)
    expires = _utc(said.expires) if said.expires else None
    if expires and expires <= call.now:
        raise invalid("expires is in the past")
    try:
        row, text = keys.create_key(project, Scope(said.scope), name=said.name, expires=expires)
    except keys.TooManyKeys:
        raise Problem(
            403, "key limit reached", f"A project has at most {keys.MAX_KEYS} keys."
        ) from None
    return json_answer(_key(row) | {"key": text}, 201)


def delete_key(call: Call, uuid: str, key_uuid: str) -> HttpResponse:
    project, _ = _project(call, uuid, Role.MANAGER)
    row = ApiKey.objects.filter(project=project, code=UUID(key_uuid)).first()
    if row is None:
        raise not_found("The project has no such key.")
    keys.remove_key(project, row.code)
    return json_answer(_key(row))


def _project(call: Call, uuid: str, need: Role) -> tuple[Project, Role]:
    project = Project.objects.filter(code=UUID(uuid)).select_related("owner").first()
    role = role_in(call.user, project) if project else None
    if project is None or role is None:
        raise not_found("The account has no project with this UUID.")
    if role < need:
        raise Problem(403, "not allowed", "Only managers of a project see to its keys.")
    return project, role


def _shown(project: Project, role: Role) -> dict[str, Any]:
    return {
        "uuid": str(project.code),
        "name": project.name,
        "role": role.name.lower(),
        "ping_key": project.ping_key if role >= Role.REGULAR else None,
    }


def _key(row: ApiKey) -> dict[str, Any]:
    return {
        "uuid": str(row.code),
        "name": row.name,
        "scope": row.scope,
        "prefix": row.prefix,
        "created": iso(row.created),
        "expires": iso(row.expires),
        "last_used": iso(row.last_used),
    }


def _utc(moment: datetime) -> datetime:
    """In UTC, to the second, as it is shown; raises a Problem if UTC has no such year."""
    try:
        return moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        raise invalid("expires has unexpected value") from None
