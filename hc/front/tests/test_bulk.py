"""Many checks at once, chosen in the list."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from hc.accounts.models import AuditEntry, Project, Role, User
from hc.api.models import Check
from tests.factories import make_check, make_member, make_webhook


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


def test_deleting_asks_for_the_word(as_alice: Client, project: Project, three: list[Check]) -> None:
    a, b, _ = three
    question = post(as_alice, project, "delete", a, b)
    assert "Delete 2 checks?" in question.content.decode()
    assert post(as_alice, project, "delete", a, b, confirmation="no").status_code == 422
    assert len(statuses()) == 3
    post(as_alice, project, "delete", a, b, confirmation=" Delete ")
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
