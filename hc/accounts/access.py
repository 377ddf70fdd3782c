"""The only way from a code in a URL to a project, check or channel: with the right to use it.

Whoever has no access at all gets a 404, so existence is never revealed; whoever may look but not
touch gets a 403. Projects that were removed are nowhere, but for their owners' undo.
Source: the permission matrix of the specification, accounts 10.6.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest

from hc.accounts.models import Member, Project, User
from hc.accounts.models import Role as StoredRole
from hc.api.models import Channel, Check
from hc.lib.question import Question


class Role(IntEnum):
    """What somebody may do in a project; each role may do what the lower ones may."""

    READONLY = 1
    REGULAR = 2
    MANAGER = 3
    OWNER = 4


_ROLES = {
    StoredRole.READONLY.value: Role.READONLY,
    StoredRole.REGULAR.value: Role.REGULAR,
    StoredRole.MANAGER.value: Role.MANAGER,
}


_PROJECT = Question("hc_project", {"code": "uuid"}, lambda code: Project.objects.filter(code=code))
_CHECK = Question(
    "hc_check",
    {"code": "uuid"},
    lambda code: Check.objects.select_related("project").filter(code=code),
)
T = TypeVar("T")


class AuthenticatedRequest(HttpRequest):
    """A request that passed `login_required`."""

    user: User


@dataclass(frozen=True, slots=True)
class ProjectAccess:
    """A project, the person who asked for it, and that person's role in it."""

    project: Project
    role: Role
    user: User

    @property
    def can_edit(self) -> bool:
        return self.role >= Role.REGULAR

    @property
    def can_manage(self) -> bool:
        return self.role >= Role.MANAGER

    @property
    def is_owner(self) -> bool:
        return self.role is Role.OWNER


def project_for(request: HttpRequest, code: UUID, *, need: Role = Role.READONLY) -> ProjectAccess:
    """The project with that code; raises Http404 or PermissionDenied."""
    return _admit(request, _there(_PROJECT.one(code=code)), need)


def check_for(
    request: HttpRequest, code: UUID, *, need: Role = Role.READONLY
) -> tuple[Check, ProjectAccess]:
    """The check with that code and its project; raises Http404 or PermissionDenied."""
    check = _there(_CHECK.one(code=code))
    return check, _admit(request, check.project, need)


def channel_for(
    request: HttpRequest, code: UUID, *, need: Role = Role.READONLY
) -> tuple[Channel, ProjectAccess]:
    """The channel with that code and its project; raises Http404 or PermissionDenied."""
    channel = _any(Channel.objects.select_related("project").filter(code=code))
    return channel, _admit(request, channel.project, need)


def check_by_unique_key(request: HttpRequest, key: str) -> tuple[Check, ProjectAccess]:
    """The check behind a link in a message, for members of its project only.

    Such a link does not tell the check's code, with which one could ping.
    """
    user = user_of(request)
    mine = Q(project__owner=user) | Q(project__member__user=user)
    found = Check.objects.filter(mine, unique_key=key, project__removed=None)
    check: Check = _any(found.select_related("project"))
    return check, _admit(request, check.project, Role.READONLY)


def owned_project_for(request: HttpRequest, code: UUID, *, removed: bool = False) -> Project:
    """A project of the user's own, present or `removed`; raises Http404 for all other people."""
    mine = Project.objects.filter(owner=user_of(request), removed__isnull=not removed)
    project: Project = _any(mine.select_related("owner").filter(code=code))
    return project


def projects_of(user: User) -> list[Project]:
    """The projects that the user owns or belongs to, by name without letter case."""
    mine = Project.objects.present().filter(Q(owner=user) | Q(member__user=user))
    found = mine.select_related("owner").distinct()
    return sorted(found, key=lambda project: (str(project).lower(), project.pk))


def removed_projects_of(user: User) -> list[Project]:
    """The user's own projects that can still be brought back, the newest first."""
    return list(Project.objects.filter(owner=user, removed__isnull=False).order_by("-removed"))


def roles_of(user: User, projects: Collection[Project]) -> dict[int, Role]:
    """The user's role in each of the projects, by their keys; as `role_in`.

    One query, and none if all are the user's own.
    """
    present = [project for project in projects if project.removed is None]
    others = [project.pk for project in present if project.owner_id != user.pk]
    stored: dict[int, str] = {}
    if others and not user.is_superuser:
        members = Member.objects.filter(user=user, project__in=others)
        stored = dict(members.values_list("project_id", "role"))
    roles = {p.pk: role_by(user, p.owner_id, stored.get(p.pk)) for p in present}
    return {pk: role for pk, role in roles.items() if role is not None}


def role_by(user: User, owner_id: int, stored: str | None) -> Role | None:
    """As `role_in`, of what the database says: who owns the project, and the user's role in it."""
    if owner_id == user.pk:
        return Role.OWNER
    if user.is_superuser:
        return Role.MANAGER
    return None if stored is None else _ROLES.get(stored, Role.READONLY)


def role_in(user: User, project: Project) -> Role | None:
    """The user's role; a superuser is a manager everywhere, but owns only what is theirs."""
    return roles_of(user, [project]).get(project.pk)


def _admit(request: HttpRequest, project: Project, need: Role) -> ProjectAccess:
    user = user_of(request)
    role = role_in(user, project)
    if role is None:
        raise Http404
    if role < need:
        raise PermissionDenied
    if role is Role.OWNER:
        project.owner = user
    return ProjectAccess(project, role, user)


def user_of(request: HttpRequest) -> User:
    """The person who is signed in; raises Http404 for anybody else."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def _there(row: T | None) -> T:
    if row is None:
        raise Http404
    return row


def _any(rows: QuerySet[Any]) -> Any:
    """One of the rows, which are all the same one: to put them in an order would cost time."""
    for row in rows[:1]:
        return row
    raise Http404
