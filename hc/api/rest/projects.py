"""Projects and their keys, for scripts with the key of an account. Version 3 only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hc.accounts.access import Role, projects_of, role_in, roles_of
from hc.accounts.models import ApiKey, Project, Scope
from hc.accounts.services import keys
from hc.accounts.services.projects import MAX_NAME, create_project
from hc.api.representation import iso
from hc.api.rest.answers import Problem, invalid, json_answer, not_found
from hc.api.rest.bodies import read_as
from hc.api.rest.call import Call
from hc.api.rest.check_fields import Text


class NewProject(BaseModel):
    """A new project, which the account owns."""

    model_config = ConfigDict(strict=True, extra="ignore")

    name: Annotated[Text, Field(min_length=1, max_length=MAX_NAME)] = Field(description="Its name.")


class NewKey(BaseModel):
    """A new key of a project."""

    model_config = ConfigDict(extra="ignore")

    name: Annotated[Text, Field(max_length=100)] = Field("", description="What it is for.")
    scope: Literal["rw", "ro"] = Field("rw", description="`rw`: read and write; `ro`: read only.")
    expires: AwareDatetime | None = Field(None, description="When it ends; `null`: never.")


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
    if said.expires and said.expires <= call.now:
        raise invalid("expires is in the past")
    try:
        row, text = keys.create_key(
            project, Scope(said.scope), name=said.name, expires=_utc(said.expires)
        )
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


def _utc(moment: datetime | None) -> datetime | None:
    """In UTC, to the second, as it is shown."""
    return moment.replace(microsecond=0) if moment else None
