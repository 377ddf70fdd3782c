"""Choosing a badge: every choice is an address, and what is copied is safe to paste."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from hc.accounts.models import Project, Role, User
from hc.accounts.services.projects import create_project
from hc.api.badge_urls import badge_urls, check_badge_urls
from hc.api.models import Check
from tests.factories import make_check, make_member
from tests.queries import count_queries


def url_of(project: Project, query: str = "") -> str:
    return f"/projects/{project.code}/badges/{query}"


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def test_the_first_choice_is_the_whole_project(as_alice: Client, project: Project) -> None:
    text = page(as_alice, url_of(project))
    assert badge_urls(project)["svg"] in text
    assert "cannot be guessed" in text


@pytest.mark.parametrize("fmt", ["svg", "json"])
@pytest.mark.parametrize(("states", "mark"), [("2", ""), ("3", "3")])
def test_a_tag_as_every_format(
    as_alice: Client, project: Project, fmt: str, states: str, mark: str
) -> None:
    make_check(project, name="Backup", tags="prod")
    query = f"?target=tag&tag=prod&fmt={fmt}&states={states}"
    assert badge_urls(project, "prod")[fmt + mark] in page(as_alice, url_of(project, query))


def test_shields_takes_our_address_in_its_own(as_alice: Client, project: Project) -> None:
    text = page(as_alice, url_of(project, "?fmt=shields"))
    assert "https://img.shields.io/endpoint?url=http%3A%2F%2F" in text
    assert ".shields" in text


def test_the_address_in_the_page_works(as_alice: Client, project: Project, check: Check) -> None:
    text = page(as_alice, url_of(project, f"?target=check&check={check.unique_key}"))
    address = check_badge_urls(check)["svg"]
    assert address in text
    path = address.removeprefix("http://testserver").partition("/b/")[2]
    assert f'src="/b/{path}"' in text
    assert Client().get(f"/b/{path}").status_code == 200


def test_json_shows_what_the_address_answers(as_alice: Client, project: Project) -> None:
    down = make_check(project, name="Backup", tags="prod")
    Check.objects.filter(pk=down.pk).update(status="down")
    text = page(as_alice, url_of(project, "?target=tag&tag=prod&fmt=json"))
    assert '{"status": "down", "total": 1, "grace": 0, "down": 1}' in text


def test_late_is_a_word_of_three_states_only(as_alice: Client, project: Project) -> None:
    late = make_check(project, name="Backup")
    now = timezone.now()
    Check.objects.filter(pk=late.pk).update(
        status="up", due=now - timedelta(minutes=1), alert_after=now + timedelta(hours=1)
    )
    assert "Now: up." in page(as_alice, url_of(project, "?states=2"))
    assert "Now: late." in page(as_alice, url_of(project, "?states=3"))


def test_names_cannot_break_out_of_what_is_copied(as_alice: Client, project: Project) -> None:
    name = 'a]("x) <b> & "q" *_`\\'
    check = make_check(project, name=name)
    text = page(as_alice, url_of(project, f"?target=check&check={check.unique_key}"))
    assert '![a\\]("x) \\<b\\> & "q" \\*\\_\\`\\\\](http' in text
    raw = as_alice.get(url_of(project, f"?target=check&check={check.unique_key}")).content.decode()
    assert "alt=&quot;a](&amp;quot;x) &amp;lt;b&amp;gt; &amp;amp;" in raw
    assert "<b>" not in raw.partition('id="badge"')[2].partition("Markdown")[2][:600]
    assert f".. image:: {check_badge_urls(check)['svg']}\n   :alt: {name}" in text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?target=tag&tag=nope", "No check has this tag"),
        ("?target=tag", "No check has this tag"),
        ("?target=check&check=nope", "no such check"),
        ("?target=check", "no such check"),
        ("?target=moon", "Choose all checks, a tag or a check"),
        ("?fmt=gif", "Choose one of these forms"),
        ("?states=4", "Choose two or three states"),
    ],
)
def test_what_does_not_exist_is_said(
    as_alice: Client, project: Project, query: str, words: str
) -> None:
    make_check(project, name="Backup", tags="prod")
    response = as_alice.get(url_of(project, query))
    assert response.status_code == 422
    assert words in response.content.decode()


def test_a_check_of_another_project_is_unknown(
    as_alice: Client, project: Project, alice: User
) -> None:
    make_check(project)
    other = make_check(create_project("Other", alice))
    query = f"?target=check&check={other.unique_key}"
    assert as_alice.get(url_of(project, query)).status_code == 422


def test_the_part_that_renews_itself(as_alice: Client, project: Project) -> None:
    response = as_alice.get(url_of(project), headers={"HX-Request": "true"})
    assert "<h1" not in response.content.decode()
    assert "HX-Request" in response.headers["Vary"]


def test_those_who_may_only_look_learn_no_codes(
    client: Client, project: Project, check: Check, bob: User
) -> None:
    make_member(project, bob, Role.READONLY)
    client.force_login(bob)
    text = page(client, url_of(project, f"?target=check&check={check.unique_key}"))
    assert str(check.code) not in text
    assert str(check.badge_key) in text


def test_strangers_see_nothing(client: Client, project: Project, bob: User) -> None:
    assert client.get(url_of(project)).status_code == 302
    client.force_login(bob)
    assert client.get(url_of(project)).status_code == 404


def test_queries_do_not_grow(as_alice: Client, project: Project, settings: Settings) -> None:
    make_check(project, tags="a")
    few = count_queries(lambda: as_alice.get(url_of(project)))
    for n in range(12):
        make_check(project, tags=f"a b{n}")
    assert count_queries(lambda: as_alice.get(url_of(project))) == few
