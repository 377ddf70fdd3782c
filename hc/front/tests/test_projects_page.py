"""The overview: how each project is, worst first, kept up to date."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from hc.accounts.models import Project, User
from hc.accounts.services.projects import create_project
from hc.api.models import Check
from hc.core.state import Kind
from hc.pings.writer import record
from tests.factories import make_check, make_webhook, ping_event
from tests.queries import count_queries

MINUTE = timedelta(minutes=1)


def ping(check: Check, kind: Kind = Kind.SUCCESS, ago: timedelta = MINUTE) -> None:
    at = timezone.now() - ago
    record([ping_event(check.code, at, kind)], at)


def text_of(client: Client, url: str = "/") -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_a_card_counts_every_state(as_alice: Client, project: Project) -> None:
    for kind in (Kind.FAIL, Kind.FAIL, Kind.SUCCESS, Kind.START):
        ping(make_check(project), kind)
    ping(make_check(project), ago=timedelta(days=1, minutes=5))
    text = text_of(as_alice)
    for words in ("2 down", "1 late", "1 up", "1 running", "Last incident", "5 checks"):
        assert words in text, words
    assert "<title>2 down – Projects" in text
    assert "/favicon/2.svg" in text


def test_what_nobody_is_told_of_is_said(as_alice: Client, project: Project) -> None:
    make_check(project)
    assert "nobody is told" in text_of(as_alice)
    make_webhook(project)
    assert "nobody is told" not in text_of(as_alice)


def test_a_project_of_new_checks_does_not_look_fine(as_alice: Client, project: Project) -> None:
    make_check(project)
    text = text_of(as_alice)
    assert "Nothing is watched yet" in text
    assert "1 new" in text


def test_the_worst_come_first(as_alice: Client, alice: User, project: Project) -> None:
    late, down = create_project("B late", alice), create_project("C down", alice)
    ping(make_check(late), ago=timedelta(days=1, minutes=5))
    ping(make_check(down), Kind.FAIL)
    text = text_of(as_alice)
    assert text.index(">C down</a>\n") < text.index(">B late</a>\n")
    assert text.index(">B late</a>\n") < text.index(">Production</a>\n")


def test_many_projects_can_be_filtered(as_alice: Client, alice: User) -> None:
    for n in range(10):
        create_project(f"Shop {n}", alice)
    assert 'name="search"' not in text_of(as_alice)
    for n in range(4):
        create_project(f"Bank {n}", alice)
    assert 'name="search"' in text_of(as_alice)
    cards = text_of(as_alice, "/?search=bANK").partition('class="projects"')[2]
    assert "Bank 3</a>" in cards
    assert "Shop 3</a>" not in cards
    assert "No project fits" in text_of(as_alice, "/?search=moon")


def test_the_part_that_renews_itself(as_alice: Client, project: Project, check: Check) -> None:
    first = as_alice.get("/projects/status/")
    assert "<h1" not in first.content.decode()
    known = {"If-None-Match": first.headers["ETag"]}
    assert as_alice.get("/projects/status/", headers=known).status_code == 304
    ping(check, Kind.FAIL)
    second = as_alice.get("/projects/status/", headers=known)
    assert second.status_code == 200
    assert "1 down" in second.content.decode()


def test_a_new_project_turns_up(as_alice: Client, alice: User) -> None:
    first = as_alice.get("/projects/status/").headers["ETag"]
    create_project("Another", alice)
    answer = as_alice.get("/projects/status/", headers={"If-None-Match": first})
    assert "Another" in answer.content.decode()


@pytest.mark.parametrize(
    ("kind", "status", "started"),
    [
        (Kind.FAIL, "down", False),
        (Kind.SUCCESS, "up", False),
        (Kind.START, "up", True),
    ],
)
def test_scripts_get_it_as_json(
    as_alice: Client,
    alice: User,
    project: Project,
    check: Check,
    kind: Kind,
    status: str,
    started: bool,
) -> None:
    ping(check, kind)
    empty = create_project("Empty", alice)
    told = as_alice.get("/?refresh=1").json()
    assert told[str(project.code)] == {"status": status, "started": started}
    assert str(empty.code) not in told


def test_strangers_are_sent_away(client: Client, db: None) -> None:
    assert client.get("/?refresh=1").status_code == 302
    assert client.get("/projects/status/").status_code == 403


def test_queries_do_not_grow(as_alice: Client, alice: User, project: Project) -> None:
    make_check(project)
    as_alice.get("/")  # the first visit of the day is noted
    few = count_queries(lambda: as_alice.get("/"))
    for n in range(5):
        for _ in range(3):
            ping(make_check(create_project(f"P{n}", alice)), Kind.FAIL)
    assert count_queries(lambda: as_alice.get("/")) == few
