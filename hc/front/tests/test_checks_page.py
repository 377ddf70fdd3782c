from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hc.accounts.models import Profile, Project, Role, User
from hc.api.models import Check
from hc.api.services import channels, checks, listening
from hc.api.services.heartbeats import Pulse
from hc.core.state import Kind
from hc.pings.writer import record
from tests.factories import (
    listen,
    make_check,
    make_cron_check,
    make_member,
    make_webhook,
    ping_event,
)


def page(client: Client, project: Project, query: str = "") -> str:
    response = client.get(f"/projects/{project.code}/checks/{query}")
    assert response.status_code == 200
    return response.content.decode()


def names(html: str) -> list[str]:
    """The names in the list, in their order."""
    return [part.split("</a>")[0].split(">")[-1] for part in html.split('class="check-name')[1:]]


def ping(check: Check, kind: Kind = Kind.SUCCESS, ago: timedelta = timedelta(minutes=2)) -> None:
    at = timezone.now() - ago
    record([ping_event(check.code, at, kind)], at)


def test_an_empty_project_teaches_the_next_step(as_alice: Client, project: Project) -> None:
    html = page(as_alice, project)
    assert "No checks yet" in html
    assert f"/projects/{project.code}/checks/add/" in html


def test_problems_come_first(as_alice: Client, project: Project) -> None:
    make_check(project, name="new")
    fine, down, late, running = (
        make_check(project, name=n) for n in ("fine", "down", "late", "running")
    )
    ping(fine)
    ping(down, Kind.FAIL)
    ping(late, ago=timedelta(days=1, minutes=3))
    ping(running, Kind.START)
    html = page(as_alice, project)
    assert names(html) == ["down", "late", "running", "fine", "new"]
    assert "<title>1 down – Production – " in html
    assert "/favicon/1.svg" in html
    for words in ("failed", "3 min</time> late", "due ", "started ", "next in ", "never pinged"):
        assert words in html


def test_a_row_says_what_there_is_to_know(as_alice: Client, project: Project) -> None:
    make_webhook(project)
    check = make_cron_check(
        project, "15 1 * * 1-5", "Asia/Tokyo", name="Invoices", tags="billing prod"
    )
    ping(check, Kind.START, timedelta(minutes=3))
    ping(check)
    html = page(as_alice, project)
    for fact in (
        "Invoices",
        "billing",
        "01:15 on weekdays",
        "Asia/Tokyo",
        "1 min",
        "1 of 1",
        "Last runs: 1 good",
    ):
        assert fact in html


def test_names_of_checks_are_escaped(as_alice: Client, project: Project) -> None:
    make_check(project, name="<script>alert(1)</script>", tags="<b>")
    html = page(as_alice, project)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?status=down", ["b"]),
        ("?status=new", ["a", "c"]),
        ("?status=down&status=new", ["b", "a", "c"]),
        ("?tag=x", ["a"]),
        ("?tag=x&tag=y", ["a"]),
        ("?tag=y", ["b", "a"]),
        ("?tag=nope", []),
        ("?status=nonsense", ["b", "a", "c"]),
        ("?tag=%00", []),
    ],
)
def test_filters_are_part_of_the_address(
    as_alice: Client, project: Project, query: str, shown: list[str]
) -> None:
    make_check(project, name="a", tags="x y")
    ping(make_check(project, name="b", tags="y"), Kind.FAIL)
    make_check(project, name="c")
    html = page(as_alice, project, query)
    assert names(html) == shown
    if not shown:
        assert "No check matches" in html


def test_readers_see_no_dead_controls(
    client: Client, project: Project, check: Check, bob: User
) -> None:
    make_member(project, bob, Role.READONLY)
    client.force_login(bob)
    assert "Add check" not in page(client, project)


def test_a_full_account_says_so(as_alice: Client, project: Project, check: Check) -> None:
    Profile.objects.update(check_limit=2)
    html = page(as_alice, project)
    assert "as many checks as it may have" in html
    assert "Add check" not in html


def test_the_number_of_queries_does_not_grow_with_the_checks(
    as_alice: Client, project: Project
) -> None:
    make_webhook(project)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(as_alice, project)
        return len(captured)

    make_check(project)
    queries()
    few = queries()
    for number in range(20):
        ping(make_check(project, tags=f"t{number}"), Kind.FAIL)
    queries()  # notices that checks have changed
    assert queries() == few
    assert few <= 20


# --- The live part ----------------------------------------------------------------------------


def live(client: Client, project: Project, version: str = "") -> tuple[int, str]:
    headers = {"If-None-Match": version} if version else {}
    response = client.get(f"/projects/{project.code}/checks/status/", headers=headers)
    return response.status_code, response.get("ETag", "")


def test_the_live_part_is_sent_when_something_changed(
    as_alice: Client, project: Project, check: Check
) -> None:
    status, version = live(as_alice, project)
    assert status == 200
    assert live(as_alice, project, version) == (304, version)
    ping(check)
    status, newer = live(as_alice, project, version)
    assert status == 200
    assert newer != version


def test_the_page_knows_the_version_it_shows(
    as_alice: Client, project: Project, check: Check
) -> None:
    _, version = live(as_alice, project)
    assert f"version={version}" in page(as_alice, project)


def test_the_live_part_says_when_one_is_signed_out(client: Client, project: Project) -> None:
    assert live(client, project)[0] == 403


def test_outsiders_get_nothing(client: Client, project: Project, bob: User) -> None:
    client.force_login(bob)
    assert live(client, project)[0] == 404
    assert client.get(f"/projects/{project.code}/checks/").status_code == 404


# --- The frame --------------------------------------------------------------------------------


def test_a_check_whose_pings_may_be_lost_is_shown_as_unsure(
    as_alice: Client, project: Project, check: Check
) -> None:
    now = timezone.now()
    record([ping_event(check.code, now - timedelta(days=1, minutes=70))], now)
    listen(now - timedelta(minutes=30))
    listening.advance(now, now)
    shown = page(as_alice, project)
    assert "Unsure" in shown
    assert "pings may be lost" in shown
    assert "Pings could not be heard from" in shown
    details = as_alice.get(f"/checks/{check.code}/details/").content.decode()
    assert "pings may be lost; people are told" in details


def test_a_silent_alert_process_is_shown(as_alice: Client, project: Project) -> None:
    assert "No alerts are being sent" in page(as_alice, project)
    Pulse("sendalerts").beat(timezone.now())
    assert "No alerts are being sent" not in page(as_alice, project)


def test_projects_can_be_switched_and_added(as_alice: Client, project: Project) -> None:
    html = page(as_alice, project)
    assert "alice@example.org" in html
    response = as_alice.post("/projects/add/", {"name": "  New   one "})
    created = Project.objects.get(name="New one")
    assert response["Location"] == f"/projects/{created.code}/checks/"
    assert created.badge_key == str(created.code)


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\0b"])
def test_a_bad_project_name_is_refused_with_words(as_alice: Client, name: str) -> None:
    response = as_alice.post("/projects/add/", {"name": name})
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()


def test_the_overview_shows_the_projects(as_alice: Client, project: Project, check: Check) -> None:
    ping(check, Kind.FAIL)
    html = as_alice.get("/").content.decode()
    assert "1 down" in html
    assert "Nothing is watched yet" in html


def test_visitors_are_sent_to_the_sign_in(client: Client, project: Project) -> None:
    assert client.get("/")["Location"] == "/accounts/login/"
    url = f"/projects/{project.code}/checks/"
    assert client.get(url)["Location"] == f"/accounts/login/?next={url}"


def test_activity_is_remembered_once_a_day(as_alice: Client, alice: User) -> None:
    as_alice.get("/")
    first = Profile.of(alice.pk).last_active_date
    assert first is not None
    as_alice.get("/")
    assert Profile.of(alice.pk).last_active_date == first


def test_who_comes_every_day_stays_signed_in(as_alice: Client, project: Project) -> None:
    page = f"/projects/{project.code}/checks/"
    began = timezone.now()
    for day in range(30):
        with time_machine.travel(began + timedelta(days=day, hours=1), tick=False):
            assert as_alice.get(page).status_code == 200


# --- What renews the list ---------------------------------------------------------------------


def poll(client: Client, project: Project, query: str = "", **headers: str) -> Any:
    return client.get(f"/projects/{project.code}/checks/status/{query}", headers=headers)


def have(news: dict[str, Any]) -> str:
    """What a browser says that has got this."""
    rows = {key: re.findall(r'data-version="(\w+)"', html)[0] for key, html in news["rows"].items()}
    return ",".join(f"{key}.{version}" for key, version in rows.items())


def test_an_unchanged_list_costs_next_to_nothing(as_alice: Client, project: Project) -> None:
    for number in range(5):
        make_check(project, name=str(number))
    first = poll(as_alice, project)
    with CaptureQueriesContext(connection) as captured:
        again = poll(as_alice, project, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert len(captured) <= 4
    told = "".join(f"{name}: {value}\r\n" for name, value in again.headers.items())
    assert len(told) < 220, told  # the server adds its name and the date


def test_only_rows_that_have_changed_are_sent(as_alice: Client, project: Project) -> None:
    still, moving, leaving = (make_check(project, name=n) for n in ("still", "moving", "leaving"))
    first = poll(as_alice, project).json()
    assert len(first["rows"]) == 3
    ping(moving, Kind.FAIL)
    leaving.delete()
    fresh = make_check(project, name="fresh")
    news = poll(as_alice, project, **{"HC-Rows": have(first)}).json()
    assert set(news["rows"]) == {moving.unique_key[:12], fresh.unique_key[:12]}
    assert news["order"] == [c.unique_key[:12] for c in (moving, still, fresh)]
    assert (news["down"], "1 down" in news["title"]) == (1, True)


def test_junk_from_a_browser_is_no_trouble(as_alice: Client, project: Project) -> None:
    make_check(project)
    for junk in (",,,", "x", "a.b.c,.", "é" * 50):
        assert len(poll(as_alice, project, **{"HC-Rows": junk}).json()["rows"]) == 1


@pytest.mark.parametrize("change", ["name", "tags", "switch off", "sort"])
def test_the_list_notices_what_people_change(
    as_alice: Client, project: Project, check: Check, change: str
) -> None:
    channel = make_webhook(project)
    before = poll(as_alice, project)["ETag"]
    if change == "switch off":
        channels.disable(channel.code)
    elif change == "sort":
        as_alice.post(f"/projects/{project.code}/checks/view/", {"sort": "name"})
    else:
        checks.change(check.code, {change: "new"}, timezone.now())
    assert poll(as_alice, project)["ETag"] != before


# --- Preferences ------------------------------------------------------------------------------


def test_how_a_list_looks_is_each_persons_own(
    as_alice: Client, alice: User, project: Project
) -> None:
    for name in ("b", "a"):
        make_check(project, name=name)
    data = {"sort": "name", "density": "compact", "down_first": "0", "query": "?tag=x"}
    response = as_alice.post(f"/projects/{project.code}/checks/view/", data)
    assert response["Location"] == f"/projects/{project.code}/checks/?tag=x"
    html = page(as_alice, project)
    assert names(html) == ["a", "b"]
    assert "table checks compact" in html
    as_alice.post(f"/projects/{project.code}/checks/view/", {"sort": "junk", "density": "huge"})
    assert Profile.objects.get(user=alice).sort == "name"


def test_an_address_asks_for_an_order_without_keeping_it(
    as_alice: Client, alice: User, project: Project
) -> None:
    for name in ("b", "a"):
        make_check(project, name=name)
    assert names(page(as_alice, project, "?sort=name")) == ["a", "b"]
    assert Profile.objects.get(user=alice).sort == "created"


# --- Ping addresses ---------------------------------------------------------------------------


def show_addresses(client: Client, project: Project) -> None:
    client.post(f"/projects/{project.code}/checks/view/", {"addresses": "1"})


def test_there_is_a_column_of_ping_addresses_for_those_who_want_it(
    as_alice: Client, project: Project, check: Check
) -> None:
    assert "col-address" not in page(as_alice, project)
    before = poll(as_alice, project)["ETag"]
    show_addresses(as_alice, project)
    html = page(as_alice, project)
    address = f"{settings.PING_ENDPOINT}{check.code}"
    assert f'data-copy="{address}"' in html
    assert f'<code title="{address}">{check.code}</code>' in html
    assert poll(as_alice, project)["ETag"] != before
    assert str(check.code) in next(iter(poll(as_alice, project).json()["rows"].values()))


def test_addresses_by_slug_say_what_is_missing(
    as_alice: Client, alice: User, project: Project
) -> None:
    Profile.objects.filter(user=alice).update(list_view={"addresses": True, "ping_style": "slug"})
    make_check(project, name="None")
    make_check(project, name="One", slug="one")
    assert page(as_alice, project).count("no slug") == 1
    assert "no ping key" in page(as_alice, project)
    Project.objects.filter(pk=project.pk).update(ping_key="k" * 22)
    assert f"/ping/{'k' * 22}/one" in page(as_alice, project)
    make_check(project, name="Other", slug="one")
    assert page(as_alice, project).count("slug not unique") == 2


def test_the_column_takes_no_more_queries(as_alice: Client, project: Project) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(as_alice, project)
        return len(captured)

    for number in range(3):
        make_check(project, slug=f"s{number}")
    queries()
    without = queries()
    show_addresses(as_alice, project)
    queries()
    assert queries() == without


def test_readers_get_no_addresses(
    client: Client, project: Project, check: Check, bob: User
) -> None:
    make_member(project, bob, Role.READONLY)
    Profile.objects.filter(user=bob).update(list_view={"addresses": True})
    client.force_login(bob)
    html = page(client, project)
    assert "col-address" not in html
    assert str(check.code) not in html
