"""Finding one's way by a few letters."""

from __future__ import annotations

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hc.accounts.models import Project, Role, User
from tests.factories import make_check, make_member

PART = {"HC-Part": "1"}


def results(client: Client, query: str, project: Project | None = None) -> str:
    data = {"q": query} | ({"project": str(project.code)} if project else {})
    response = client.get("/search/", data, headers=PART)
    assert response.status_code == 200
    return response.content.decode()


def test_checks_are_found_by_name_slug_tag_and_code(as_alice: Client, project: Project) -> None:
    check = make_check(project, name="Nightly Backup", slug="nb", tags="prod")
    make_check(project, name="other")
    for query in ("backup", "NIGHTLY b", "nb", "prod", str(check.code)):
        html = results(as_alice, query)
        assert f"/checks/{check.code}/details/" in html, query
        assert "other" not in html
    assert "Nothing is called “nope”." in results(as_alice, "nope")


def test_projects_and_pages_are_found(as_alice: Client, project: Project) -> None:
    assert f"/projects/{project.code}/checks/" in results(as_alice, "produ")
    assert f"/projects/{project.code}/integrations/" in results(as_alice, "integr", project)
    assert "/integrations/" not in results(as_alice, "integr")


def test_other_peoples_checks_are_not(as_alice: Client, bob: User) -> None:
    make_check(Project.objects.get(owner=bob), name="secret")
    assert "details" not in results(as_alice, "secret")


def test_readers_learn_no_ping_address(client: Client, project: Project, bob: User) -> None:
    make_member(project, bob, Role.READONLY)
    check = make_check(project, name="Backup")
    client.force_login(bob)
    html = results(client, "backup")
    assert str(check.code) not in html
    assert f"/cloaked/{check.unique_key}/" in html


def test_the_page_works_without_a_script(as_alice: Client, project: Project) -> None:
    make_check(project, name="<b>Backup</b>")
    html = as_alice.get("/search/", {"q": "backup"}).content.decode()
    assert "<h1>Search</h1>" in html
    assert "&lt;b&gt;Backup" in html


@pytest.mark.parametrize("query", ["", "\0", "%", "_", "x" * 5000, "é" * 200])
def test_any_query_is_an_answer(as_alice: Client, project: Project, query: str) -> None:
    results(as_alice, query)


def test_the_number_of_queries_is_constant(as_alice: Client, project: Project) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            results(as_alice, "check")
        return len(captured)

    queries()
    few = queries()
    for number in range(20):
        make_check(project, name=f"check {number}")
    assert queries() == few


@time_machine.travel("2026-06-15T12:00:00Z", tick=False)
def test_too_many_searches_have_to_wait(as_alice: Client, project: Project) -> None:
    answers = [as_alice.get("/search/", headers=PART).status_code for _ in range(125)]
    assert answers[0] == 200
    assert answers[-1] == 429
