"""Every control of every page is pressed: by people of all roles, at a desk and on a phone, with
and without a script.

What must hold is in tests/e2e/walk. Of controls that do the same to other things, one is pressed;
what belongs to the frame is pressed once for a section. Whatever a page links to is asked for.

The owner goes all four ways. The others, for whom the same pages have less, go two of them here,
so that each role meets each width, with and without a script; with WALKS=all they go all four.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver
from playwright.sync_api import Browser
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from hc.accounts.tests.test_permissions import NO_SUCH_METHOD, TABLE, routes
from tests.e2e.conftest import confirm, sign_in
from tests.e2e.test_second_factors import Keys
from tests.e2e.walk.pages import NO_PAGE, places_for
from tests.e2e.walk.snapshot import Snapshot
from tests.e2e.walk.walker import Walk, walking_tab
from tests.e2e.walk.world import World, make_world
from tests.teams import proved

# The pages of accounts and the documentation know no roles; the account of the member is new.
OF_PROJECTS = ("lists", "check", "integrations", "settings")
WALKS = {
    "owner": (*OF_PROJECTS, "account", "docs"),
    "manager": ("settings",),
    "member": (*OF_PROJECTS, "account"),
    "reader": OF_PROJECTS,
    "anonymous": ("integrations", "account", "docs"),
}
ALL_WALKS = os.environ.get("WALKS") == "all"


@pytest.fixture
def world(transactional_db: None, settings: Settings) -> World:
    settings.RP_ID = "localhost"
    return make_world()


def client_of(world: World, who: str) -> Client:
    client = Client()
    if who in world.people:
        client.force_login(world.people[who])
        proved(client)
    return client


def ways() -> Iterator[Any]:
    """Of whoever walks, with which script, at which width, through which section."""
    for width, scripted in product((1400, 360), (True, False)):
        for who, sections in WALKS.items():
            if who == "owner" or ALL_WALKS or scripted == (width == 360):
                script = "scripted" if scripted else "plain"
                for section in sections:
                    key = f"{width}-{script}-{who}-{section}"
                    yield pytest.param(width, scripted, who, section, id=key)


@pytest.mark.parametrize(("width", "scripted", "who", "section"), list(ways()))
def test_every_control(
    browser: Browser,
    live_server: LiveServer,
    world: World,
    width: int,
    scripted: bool,
    who: str,
    section: str,
) -> None:
    client = client_of(world, who)
    places = places_for(world, client, [section])
    size = {"width": width, "height": 900 if width > 500 else 740}
    options = {"viewport": size, "base_url": live_server.url, "java_script_enabled": scripted}
    with walking_tab(browser, **options) as opened:
        if who in world.people:
            sign_in(opened.page.context, world.people[who])
            confirm(opened.page.context)
        if scripted:
            Keys(opened.page)
        opened.page.goto("/")
        walk = Walk(
            opened,
            client,
            Snapshot.take(),
            address=f"{who}@example.org",
            scripted=scripted,
            is_phone=width < 500,
            may_write=who != "reader",
            presses_frame=section == "lists",
        )
        for place in places:
            walk.visit(place)
    print(f"\n{who} {section} {width}: {len(places)} pages, {dict(walk.pressed)}")
    assert not walk.problems, "\n".join(walk.problems)


def test_no_page_is_missing(world: World) -> None:
    """Each address shows a page to somebody, or is known to be something else."""
    walked = {
        place.name
        for who, sections in WALKS.items()
        for place in places_for(world, client_of(world, who), sections)
    }
    listed = {row.name for row in TABLE}
    assert set(dict(routes(get_resolver().url_patterns)).values()) - listed == set()
    by_get = {row.name for row in TABLE if row.get is not NO_SUCH_METHOD}
    assert by_get - walked == {name for names in NO_PAGE.values() for name in names}
