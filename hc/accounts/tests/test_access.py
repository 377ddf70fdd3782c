"""Who gets in where: the roles, on pages that need different ones."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import RequestFactory

from hc.accounts import access
from hc.accounts.access import Role
from hc.accounts.models import Project, User
from hc.accounts.models import Role as StoredRole
from hc.accounts.services.projects import create_project
from hc.api.models import Check
from tests.factories import make_member, make_webhook

ROLES = {"owner": Role.OWNER, "m": Role.MANAGER, "w": Role.REGULAR, "r": Role.READONLY}


def request_by(user: User | None) -> access.AuthenticatedRequest:
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    return request  # type: ignore[return-value]  # as the middleware leaves it


@pytest.mark.parametrize("who", list(ROLES))
@pytest.mark.parametrize("need", list(Role))
def test_a_role_may_what_the_lower_ones_may(
    who: str, need: Role, project: Project, check: Check, bob: User, alice: User
) -> None:
    if who != "owner":
        make_member(project, bob, StoredRole(who))
    channel = make_webhook(project)
    request = request_by(alice if who == "owner" else bob)

    def ask() -> list[access.ProjectAccess]:
        return [
            access.project_for(request, project.code, need=need),
            access.check_for(request, check.code, need=need)[1],
            access.channel_for(request, channel.code, need=need)[1],
        ]

    if ROLES[who] >= need:
        assert {given.role for given in ask()} == {ROLES[who]}
    else:
        with pytest.raises(PermissionDenied):
            ask()


def test_outsiders_learn_nothing(project: Project, check: Check, bob: User) -> None:
    channel = make_webhook(project)
    for user in (bob, None):
        for look in (
            lambda request: access.project_for(request, project.code),
            lambda request: access.check_for(request, check.code),
            lambda request: access.channel_for(request, channel.code),
            lambda request: access.project_for(request, uuid4()),
            lambda request: access.check_for(request, uuid4()),
        ):
            with pytest.raises(Http404):
                look(request_by(user))


def test_a_superuser_manages_everything_but_owns_only_what_is_theirs(
    project: Project, bob: User
) -> None:
    User.objects.filter(pk=bob.pk).update(is_superuser=True)
    bob.refresh_from_db()
    assert access.project_for(request_by(bob), project.code).role is Role.MANAGER
    assert [str(p) for p in access.projects_of(bob)] == ["bob@example.org"]


def test_a_link_in_a_message_is_for_members(project: Project, check: Check, bob: User) -> None:
    with pytest.raises(Http404):
        access.check_by_unique_key(request_by(bob), check.unique_key)
    make_member(project, bob, StoredRole.READONLY)
    assert access.check_by_unique_key(request_by(bob), check.unique_key)[0] == check


def test_projects_are_listed_by_name_each_once(alice: User, bob: User) -> None:
    for name in ("beta", "Alpha"):
        make_member(create_project(name, alice), bob, StoredRole.REGULAR)
    make_member(Project.objects.get(name="beta"), alice, StoredRole.REGULAR)
    assert [str(p) for p in access.projects_of(bob)] == ["Alpha", "beta", "bob@example.org"]
    assert [str(p) for p in access.projects_of(alice)] == ["alice@example.org", "Alpha", "beta"]
