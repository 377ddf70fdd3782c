"""Views of the list that people save under names."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from django.http import QueryDict
from django.test import Client

from hc.accounts.models import Profile, Project, Role, SavedView, User
from hc.accounts.services import saved_views
from hc.accounts.services.projects import create_project
from hc.front.listing import Wanted
from hc.front.saved_views import in_words
from tests.factories import make_check, make_member
from tests.queries import count_queries

PANEL = {"X-Panel": "1"}


@pytest.fixture(autouse=True)
def checks(project: Project) -> None:
    for name, tags in (("b", "prod"), ("a", "prod"), ("c", "")):
        make_check(project, name=name, tags=tags)


def list_of(project: Project) -> str:
    return f"/projects/{project.code}/checks/"


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def save(client: Client, project: Project, name: str, query: str = "?tag=prod", **more: str) -> Any:
    data = {"name": name, "query": query, **more}
    return client.post(f"{list_of(project)}views/add/", data)


def names(user: User) -> list[str]:
    return [view.name for view in SavedView.objects.filter(user=user).order_by("pk")]


def chips(html: str) -> dict[str, bool]:
    """The saved views above the list: {name: whether it is open}."""
    nav = html.partition('aria-label="Saved views"')[2].partition("</nav>")[0]
    links = re.findall(r'<a class="chip" ([^>]*)>.*?</svg>([^<]*)</a>', nav, re.DOTALL)
    return {name: "aria-current" in attributes for attributes, name in links}


# --- Saving and opening -----------------------------------------------------------------------


def test_filters_and_order_are_saved_and_opened(as_alice: Client, project: Project) -> None:
    response = save(as_alice, project, "  Prod   jobs ", "?tag=prod&status=new&search=b&sort=name")
    shown = response["Location"]
    assert shown == f"{list_of(project)}?tag=prod&status=new&search=b&sort=name"
    html = page(as_alice, shown)
    assert "The view “Prod jobs” is saved." in html
    assert chips(html) == {"Prod jobs": True}
    assert chips(page(as_alice, list_of(project))) == {"Prod jobs": False}
    assert f'href="{shown.replace("&", "&amp;")}"' in html


def test_the_order_that_the_list_has_is_saved_with_it(as_alice: Client, project: Project) -> None:
    Profile.objects.update(sort="-name")
    assert save(as_alice, project, "Prod")["Location"].endswith("?tag=prod&sort=-name")
    Profile.objects.update(sort="created")
    html = page(as_alice, f"{list_of(project)}?tag=prod&sort=-name")
    assert html.index(">b</a>") < html.index(">a</a>")


def test_saving_is_offered_for_what_is_not_saved_yet(as_alice: Client, project: Project) -> None:
    offer = "Save view"
    assert offer not in page(as_alice, list_of(project))
    html = page(as_alice, f"{list_of(project)}?tag=prod")
    assert f"views/add/?query={quote('?tag=prod', safe='/')}" in html
    shown = save(as_alice, project, "Prod")["Location"]
    assert offer not in page(as_alice, shown)
    assert offer not in page(as_alice, f"{shown}&page=2")
    assert offer in page(as_alice, f"{shown}&search=x")


def test_a_filter_more_keeps_the_order_of_the_view(as_alice: Client, project: Project) -> None:
    html = page(as_alice, f"{list_of(project)}?sort=name")
    assert 'href="?status=new&amp;sort=name"' in html
    assert 'class="chip" href="?"' in html  # "All" asks for nothing


def test_an_order_that_is_chosen_goes_before_that_of_the_address(
    as_alice: Client, alice: User, project: Project
) -> None:
    url = f"{list_of(project)}view/"
    stays = {"sort": "name", "density": "compact", "query": "?tag=prod&sort=name"}
    assert as_alice.post(url, stays)["Location"].endswith("/checks/?tag=prod&sort=name")
    assert Profile.objects.get(user=alice).sort == "created"
    assert Profile.objects.get(user=alice).list_view["density"] == "compact"
    other = stays | {"sort": "next"}
    assert as_alice.post(url, other)["Location"].endswith("/checks/?tag=prod")
    assert Profile.objects.get(user=alice).sort == "next"


def test_what_is_junk_in_a_query_is_left_out(as_alice: Client, project: Project) -> None:
    response = save(as_alice, project, "Junk", "?evil=1&status=odd&tag=%00&sort=up&page=7&tag=x")
    assert response["Location"].endswith("/checks/?tag=%00&tag=x&sort=created")


# --- Names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "   ", "x" * 51, "a\0b", "a\u202eb"])
def test_a_bad_name_is_refused_with_words(as_alice: Client, project: Project, name: str) -> None:
    response = save(as_alice, project, name)
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert not SavedView.objects.exists()


def test_two_names_differ_in_more_than_letter_case(
    as_alice: Client, alice: User, project: Project
) -> None:
    save(as_alice, project, "Straße")
    response = save(as_alice, project, "STRASSE", "?tag=x")
    html = response.content.decode()
    assert response.status_code == 422
    assert "You have a view with this name." in html
    assert 'type="checkbox" name="replace"' in html
    assert save(as_alice, project, "STRASSE", "?tag=x", replace="on").status_code == 302
    assert [(v.name, v.query) for v in SavedView.objects.all()] == [
        ("STRASSE", "tag=x&sort=created")
    ]


def test_there_is_a_limit(as_alice: Client, alice: User, project: Project) -> None:
    for number in range(saved_views.MOST):
        saved_views.save(alice, project, f"View {number}", "tag=prod")
    response = save(as_alice, project, "One more")
    assert response.status_code == 422
    assert "30 views" in response.content.decode()
    assert save(as_alice, create_project("Other", alice), "One more").status_code == 302


def test_too_many_filters_are_refused(as_alice: Client, project: Project) -> None:
    query = "?" + "&".join(f"tag={'x' * 60}{n}" for n in range(50))
    response = save(as_alice, project, "Long", query)
    assert response.status_code == 422
    assert "more filters than" in response.content.decode()


def test_a_view_is_renamed(as_alice: Client, alice: User, project: Project) -> None:
    view = saved_views.save(alice, project, "Prod", "tag=prod")
    saved_views.save(alice, project, "Backups", "tag=backup")
    url = f"{list_of(project)}views/{view.pk}/rename/"
    assert as_alice.post(url, {"name": "PROD"})["Location"] == f"{list_of(project)}views/"
    assert names(alice) == ["PROD", "Backups"]
    refused = as_alice.post(url, {"name": "backups"})
    assert refused.status_code == 422
    html = refused.content.decode()
    assert "You have a view with this name." in html
    assert 'value="backups"' in html
    assert as_alice.post(url, {"name": ""}).status_code == 422


# --- Deleting, with a way back ----------------------------------------------------------------


def test_a_view_is_deleted_and_brought_back(
    as_alice: Client, alice: User, project: Project
) -> None:
    view = saved_views.save(alice, project, "Prod & co", "tag=prod&sort=name")
    as_alice.post(f"{list_of(project)}views/{view.pk}/remove/")
    assert names(alice) == []
    html = page(as_alice, f"{list_of(project)}views/")
    assert "The view “Prod &amp; co” is deleted." in html
    undo = re.findall(r'<form method="post" action="([^"]*views/add/\?[^"]*)"', html)[0]
    response = as_alice.post(undo.replace("&amp;", "&"))
    assert response["Location"] == f"{list_of(project)}?tag=prod&sort=name"
    assert names(alice) == ["Prod & co"]


# --- Whose they are ---------------------------------------------------------------------------


def test_views_are_each_persons_own(
    as_alice: Client, client: Client, alice: User, bob: User, project: Project
) -> None:
    view = saved_views.save(alice, project, "Hers", "tag=prod")
    make_member(project, bob, Role.READONLY)
    client.force_login(bob)
    assert "Hers" not in page(client, list_of(project))
    for action in ("rename", "remove"):
        url = f"{list_of(project)}views/{view.pk}/{action}/"
        assert client.post(url, {"name": "His"}).status_code == 404
    assert save(client, project, "hers").status_code == 302  # readers have views, too
    assert names(alice) == ["Hers"]


def test_views_are_of_one_project(as_alice: Client, alice: User, project: Project) -> None:
    view = saved_views.save(alice, create_project("Other", alice), "Theirs", "tag=prod")
    assert "Theirs" not in page(as_alice, list_of(project))
    assert as_alice.post(f"{list_of(project)}views/{view.pk}/remove/").status_code == 404


# --- Pages and panels -------------------------------------------------------------------------


def test_the_panel_leads_back_to_the_list(as_alice: Client, alice: User, project: Project) -> None:
    data = {"name": "Prod", "query": "?tag=prod"}
    response = as_alice.post(f"{list_of(project)}views/add/", data, headers=PANEL)
    assert response["X-Location"] == f"{list_of(project)}?tag=prod&sort=created"
    view = SavedView.objects.get()
    response = as_alice.post(f"{list_of(project)}views/{view.pk}/remove/", headers=PANEL)
    assert response["X-Location"] == list_of(project)


def test_a_part_of_the_list_that_is_sent_later_has_them_too(
    as_alice: Client, alice: User, project: Project
) -> None:
    saved_views.save(alice, project, "Prod", "tag=prod&sort=created")
    news = as_alice.get(f"{list_of(project)}status/?tag=prod").json()
    assert chips(news["head"]) == {"Prod": True}


def test_a_list_that_has_not_changed_does_not_look_for_views(
    as_alice: Client, alice: User, project: Project
) -> None:
    url = f"{list_of(project)}status/"
    headers = {"If-None-Match": as_alice.get(url)["ETag"]}
    few = count_queries(lambda: as_alice.get(url, headers=headers))
    for number in range(5):
        saved_views.save(alice, project, f"View {number}", "tag=prod")
    assert count_queries(lambda: as_alice.get(url, headers=headers)) == few


def test_queries_do_not_grow_with_the_views(
    as_alice: Client, alice: User, project: Project
) -> None:
    urls = [list_of(project), f"{list_of(project)}views/"]

    def queries() -> list[int]:
        return [count_queries(lambda url=url: as_alice.get(url)) for url in urls]  # type: ignore[misc]

    saved_views.save(alice, project, "First", "tag=prod")
    queries()
    few = queries()
    for number in range(12):
        saved_views.save(alice, project, f"View {number}", f"tag=t{number}")
    assert queries() == few
    assert "+5 views" in page(as_alice, list_of(project))


def test_without_checks_there_are_no_views(as_alice: Client, alice: User) -> None:
    empty = create_project("Empty", alice)
    saved_views.save(alice, empty, "Prod", "tag=prod")
    assert chips(page(as_alice, list_of(empty))) == {}


# --- Words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "Order: oldest first"),
        ("status=down&status=grace", "Down or late · order: oldest first"),
        ("tag=prod&tag=Db&sort=next", "Tagged prod, Db · order: next ping"),
        (
            "status=started&search=nightly%20run",
            "Running · “nightly run” · order: oldest first",
        ),
    ],
)
def test_a_view_in_words(query: str, words: str) -> None:
    assert in_words(Wanted.of(QueryDict(query), sort="", down_first=True)) == words


def test_a_project_that_goes_takes_its_views_along(alice: User) -> None:
    other = create_project("Other", alice)
    saved_views.save(alice, other, "Prod", "tag=prod")
    other.delete()
    assert not SavedView.objects.exists()
