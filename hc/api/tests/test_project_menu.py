from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hc.accounts.models import Project, Role, User
from hc.accounts.services.projects import create_project, remove
from hc.api.models import Check
from hc.api.project_menu import menu_of
from hc.core.state import Status
from tests.factories import make_check, make_member
from tests.queries import count_queries


def test_own_and_shared_projects_by_title(
    project: Project, alice: User, bob: User, now: datetime
) -> None:
    """The first one of an account has no name: its owner's address stands for it."""
    for owner, name in ((alice, "zebra"), (bob, "Apple"), (bob, "not hers")):
        create_project(name, owner)
    make_member(Project.objects.get(name="Apple"), alice, Role.READONLY)
    found = menu_of(alice.pk, now)
    assert [one.title for one in found] == [alice.email, "Apple", "Production", "zebra"]
    assert (found[2].pk, found[2].code) == (project.pk, project.code)


def test_what_is_down_is_counted(project: Project, now: datetime) -> None:
    columns: list[dict[str, Any]] = [
        {"status": Status.DOWN},
        {"status": Status.UP, "alert_after": now},
        {"status": Status.UP, "alert_after": now + timedelta(seconds=1)},
        {"status": Status.DOWN, "removed": now},
        {"status": Status.PAUSED},
    ]
    for changed in columns:
        Check.objects.filter(pk=make_check(project).pk).update(**changed)
    (found,) = [one for one in menu_of(project.owner_id, now) if one.pk == project.pk]
    assert found.down == 2


def test_removed_projects_are_not_offered(project: Project, now: datetime) -> None:
    owner = project.owner_id
    before = {one.pk for one in menu_of(owner, now)}
    remove(project, now)
    assert {one.pk for one in menu_of(owner, now)} == before - {project.pk}


def test_one_query_however_many_projects(project: Project, alice: User, now: datetime) -> None:
    create_project("Another", alice)
    assert count_queries(lambda: menu_of(alice.pk, now)) == 1
