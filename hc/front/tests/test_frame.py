"""What the frame tells on every page of a project: integrations in trouble, the last project."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hc.accounts.models import Project, User
from hc.accounts.services.projects import create_project
from hc.api.models import Channel, Check
from hc.api.services import channels
from tests.factories import make_webhook

FAILING = {"last_error": "Received status code 500"}


def pill(client: Client, url: str) -> str:
    """What stands on the tab of the integrations, apart from its name."""
    response = client.get(url)
    assert response.status_code == 200
    found = response.content.decode().partition('<span data-pill="integrations">')[2]
    return found.partition("</a>")[0].removesuffix("</span>").strip()


def set_columns(channel: Channel, **columns: Any) -> None:
    Channel.objects.filter(pk=channel.pk).update(**columns)


@pytest.fixture(params=["checks/", "integrations/", "badges/", "settings/"])
def url(request: pytest.FixtureRequest, project: Project) -> str:
    return f"/projects/{project.code}/{request.param}"


# --- Integrations in trouble ------------------------------------------------------------------


def test_the_tab_counts_integrations_that_fail(
    as_alice: Client, alice: User, project: Project, url: str
) -> None:
    _, failing, off = (make_webhook(project) for _ in range(3))
    assert pill(as_alice, url) == ""
    set_columns(failing, **FAILING)
    assert ">1 failing" in pill(as_alice, url)
    set_columns(off, disabled=True, **FAILING)
    assert ">2 failing" in pill(as_alice, url)
    set_columns(make_webhook(create_project("Other", alice)), **FAILING)
    assert ">2 failing" in pill(as_alice, url)


def test_the_tab_says_that_there_is_none(as_alice: Client, url: str) -> None:
    assert ">none" in pill(as_alice, url)


def test_what_a_person_has_switched_off_is_no_trouble(
    as_alice: Client, project: Project, url: str
) -> None:
    channel = make_webhook(project)
    set_columns(channel, **FAILING)
    channels.disable(channel.code)
    assert pill(as_alice, url) == ""


def test_it_is_asked_for_once_a_page(as_alice: Client, project: Project, check: Check) -> None:
    """And not at all by a page that has read the channels anyway."""
    make_webhook(project)
    pages = {f"/projects/{project.code}/checks/": 1, f"/checks/{check.code}/details/": 0}
    for url, times in pages.items():
        with CaptureQueriesContext(connection) as captured:
            as_alice.get(url)
        asked = [q for q in captured.captured_queries if "failing" in q["sql"]]
        assert len(asked) == times, url


def test_a_list_that_has_not_changed_does_not_ask(
    as_alice: Client, project: Project, check: Check
) -> None:
    url = f"/projects/{project.code}/checks/status/"
    first = as_alice.get(url)
    assert 'data-pill=\\"integrations\\"' in first.content.decode()
    with CaptureQueriesContext(connection) as captured:
        assert as_alice.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert not any("api_channel" in q["sql"] and "failing" in q["sql"] for q in captured)


# --- The last project -------------------------------------------------------------------------


def test_the_overview_shows_where_one_was_last(
    as_alice: Client, alice: User, project: Project, check: Check
) -> None:
    other = create_project("Other", alice)
    assert "Last opened" not in as_alice.get("/").content.decode()
    for page, last in (
        (f"/projects/{other.code}/checks/", other),
        (f"/checks/{check.code}/details/", project),
    ):
        as_alice.get(page)
        card = as_alice.get("/").content.decode().partition("project-last")[2]
        assert card.startswith(f'" id="project-{last.pk}"')
        assert "Last opened" in card.partition("</li>")[0]
        menu = as_alice.get("/projects/menu/").content.decode()
        assert "last opened" in menu.partition(f"/projects/{last.code}/")[2].partition("</a>")[0]


def test_what_renews_pages_does_not_count_as_a_visit(
    as_alice: Client, alice: User, project: Project
) -> None:
    other = create_project("Other", alice)
    as_alice.get(f"/projects/{project.code}/checks/")
    as_alice.get(f"/projects/{other.code}/checks/status/")
    assert f'project-last" id="project-{project.pk}"' in as_alice.get("/").content.decode()


def test_a_second_visit_writes_nothing(as_alice: Client, project: Project) -> None:
    url = f"/projects/{project.code}/checks/"
    as_alice.get(url)
    with CaptureQueriesContext(connection) as captured:
        as_alice.get(url)
    assert not any(q["sql"].startswith("UPDATE") for q in captured.captured_queries)
