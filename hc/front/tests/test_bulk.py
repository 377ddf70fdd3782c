"""Many checks at once, chosen in the list."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from hc.accounts.models import AuditEntry, Profile, Project, Role, User
from hc.accounts.services.projects import create_project
from hc.api.models import Check
from tests.factories import make_check, make_member, make_webhook
from tests.queries import count_queries


@pytest.fixture
def three(project: Project) -> list[Check]:
    return [make_check(project, name=name, tags="old") for name in ("a", "b", "c")]


def post(client: Client, project: Project, action: str, *chosen: Check, **more: Any) -> Any:
    data = {"action": action, "check": [check.unique_key[:12] for check in chosen]} | more
    return client.post(f"/projects/{project.code}/checks/bulk/", data)


def statuses() -> dict[str, str]:
    return dict(Check.objects.exclude(slug="my-first-check").values_list("name", "status"))


def test_those_that_were_chosen_pause_and_resume(
    as_alice: Client, project: Project, three: list[Check]
) -> None:
    a, b, _ = three
    response = post(as_alice, project, "pause", a, b, query="?tag=old")
    assert response.url == f"/projects/{project.code}/checks/?tag=old"
    assert statuses() == {"a": "paused", "b": "paused", "c": "new"}
    post(as_alice, project, "resume", b)
    assert statuses() == {"a": "paused", "b": "new", "c": "new"}
    assert AuditEntry.objects.filter(action="check.paused", project=project).count() == 2


def test_all_that_match_are_meant_across_pages(
    as_alice: Client, project: Project, three: list[Check]
) -> None:
    make_check(project, name="other")
    post(as_alice, project, "pause", all="1", query="?tag=old")
    assert statuses() == {"a": "paused", "b": "paused", "c": "paused", "other": "new"}


def test_tags_come_and_go(as_alice: Client, project: Project, three: list[Check]) -> None:
    a, b, c = three
    post(as_alice, project, "tag", a, b, tag="prod")
    post(as_alice, project, "tag", a, tag="prod")
    post(as_alice, project, "untag", b, c, tag="old")
    tags = dict(Check.objects.filter(project=project).values_list("name", "tags"))
    assert tags == {"a": "old prod", "b": "prod", "c": ""}


@pytest.mark.parametrize("tag", ["", "two words", "x" * 101, "a\x00b"])
def test_what_is_no_tag_changes_nothing(
    as_alice: Client, project: Project, three: list[Check], tag: str
) -> None:
    response = post(as_alice, project, "tag", *three, tag=tag)
    assert response.status_code == 302
    assert set(Check.objects.filter(project=project).values_list("tags", flat=True)) == {"old"}


def test_channels_are_set_where_it_was_said(
    as_alice: Client, project: Project, three: list[Check]
) -> None:
    a, b, _ = three
    on, off, left = (make_webhook(project, f"https://{n}.example.org/") for n in ("on", "off", "l"))
    for check in three:
        check.channel_set.set([off])
    question: HttpResponse = post(as_alice, project, "channels", a, b)
    assert "on.example.org" in question.content.decode()
    choices = {f"channel-{on.code}": "on", f"channel-{off.code}": "off", f"channel-{left.code}": ""}
    post(as_alice, project, "channels", a, b, sure="1", **choices)
    assert [list(check.channel_set.all()) for check in three] == [[on], [on], [off]]


def test_deleting_asks_first(as_alice: Client, project: Project, three: list[Check]) -> None:
    a, b, _ = three
    question = post(as_alice, project, "delete", a, b)
    assert "Delete 2 checks?" in question.content.decode()
    assert len(statuses()) == 3
    post(as_alice, project, "delete", a, b, sure="1")
    assert statuses() == {"c": "new"}


def test_nothing_chosen_or_meant_changes_nothing(
    as_alice: Client, project: Project, three: list[Check]
) -> None:
    assert post(as_alice, project, "pause").status_code == 302
    assert post(as_alice, project, "explode", *three).status_code == 302
    assert set(statuses().values()) == {"new"}


def test_checks_of_other_projects_are_out_of_reach(
    as_alice: Client, project: Project, bob: User
) -> None:
    theirs = make_check(Project.objects.get(owner=bob), name="theirs")
    post(as_alice, project, "pause", theirs)
    assert statuses()["theirs"] == "new"


def test_readers_may_not(client: Client, project: Project, three: list[Check], bob: User) -> None:
    make_member(project, bob, Role.READONLY)
    client.force_login(bob)
    assert post(client, project, "pause", *three).status_code == 403


def test_a_query_leads_nowhere_else(as_alice: Client, project: Project, three: list[Check]) -> None:
    for query in ("//evil.example.org", "https://evil.example.org", "?\r\nX: y"):
        assert post(as_alice, project, "pause", query=query).url.startswith("/projects/")
        assert "evil" not in post(as_alice, project, "pause", query=query).url


# --- Moving -----------------------------------------------------------------------------------


def test_moving_asks_where_to_first(
    as_alice: Client, alice: User, project: Project, three: list[Check]
) -> None:
    other = create_project("Staging", alice)
    make_webhook(other)
    asked = post(as_alice, project, "move", *three[:2], query="?tag=old")
    html = asked.content.decode()
    assert asked.status_code == 200
    assert f'<option value="{other.code}">Staging</option>' in html
    assert html.count('name="check"') == 2
    moved = post(as_alice, project, "move", *three[:2], query="?tag=old", to=other.code)
    assert moved.url == f"/projects/{project.code}/checks/?tag=old"
    found = {c.name: c for c in Check.objects.filter(project=other)}
    assert set(found) == {"a", "b"}
    assert all(check.channel_set.count() == 1 for check in found.values())
    for log in (project, other):
        assert AuditEntry.objects.filter(action="check.moved", project=log).count() == 2
    assert "2 checks moved to Staging" in as_alice.get(moved.url).content.decode()


def test_checks_whose_slug_is_taken_stay(as_alice: Client, alice: User, project: Project) -> None:
    other = create_project("Staging", alice)
    make_check(other, name="There", slug="backup")
    here = [make_check(project, name=f"Here {slug}", slug=slug) for slug in ("backup", "sync")]
    moved = post(as_alice, project, "move", *here, to=other.code)
    html = as_alice.get(moved.url).content.decode()
    assert "1 check moved to Staging" in html
    assert "which stay: Here backup." in html
    assert Check.objects.get(name="Here backup").project == project
    assert Check.objects.get(name="Here sync").project == other


@pytest.mark.parametrize("to", ["", "nonsense", "foreign", "reader"])
def test_only_where_one_may_change_something(
    as_alice: Client, alice: User, bob: User, project: Project, three: list[Check], to: str
) -> None:
    foreign, reader = (create_project(name, bob) for name in ("Foreign", "Reader"))
    make_member(reader, alice, Role.READONLY)
    create_project("Mine", alice)
    codes = {"foreign": foreign.code, "reader": reader.code}
    response = post(as_alice, project, "move", *three, to=codes.get(to, to))
    assert response.status_code == 422
    assert "Choose one of the projects" in response.content.decode()
    assert Check.objects.filter(project=project, name__in="abc").count() == 3


def test_all_or_none_move_to_an_account_without_room(
    as_alice: Client, alice: User, bob: User, project: Project, three: list[Check]
) -> None:
    theirs = create_project("Theirs", bob)
    make_member(theirs, alice, Role.REGULAR)
    used = Check.objects.filter(project__owner=bob).count()
    Profile.objects.filter(user=bob).update(check_limit=used + 2)
    response = post(as_alice, project, "move", *three, to=theirs.code)
    assert response.status_code == 422
    assert "no room for so many" in response.content.decode()
    assert not Check.objects.filter(project=theirs, name__in="abc").exists()
    post(as_alice, project, "move", *three[:2], to=theirs.code)
    assert Check.objects.filter(project=theirs, name__in="abc").count() == 2


def test_moving_more_takes_no_more_queries_but_for_the_log(
    as_alice: Client, alice: User, project: Project
) -> None:
    def queries(number: int) -> int:
        other = create_project(f"Other {number}", alice)
        some = [make_check(project, name=f"{number} {n}") for n in range(number)]
        return count_queries(lambda: post(as_alice, project, "move", *some, to=other.code))

    queries(2)
    assert queries(12) - queries(2) == 10 * 2  # a line in the log of each of the two projects
