"""The overview of projects, badges and the wall board, in a browser."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from hc.accounts.models import Project, Scope, User
from hc.accounts.services import keys
from hc.accounts.services.projects import create_project
from hc.api.models import Check
from hc.core.state import Kind
from hc.pings.writer import record
from tests.browser import Tab
from tests.factories import make_check, make_webhook, ping_event


def ping(check: Check, kind: Kind = Kind.SUCCESS, ago: int = 1) -> None:
    at = timezone.now() - timedelta(minutes=ago)
    record([ping_event(check.code, at, kind)], at)


# --- The overview -----------------------------------------------------------------------------


def test_the_overview_renews_itself(page: Page, project: Project) -> None:
    check = make_check(project, name="Backup")
    page.goto("/")
    card = page.locator(".project", has_text="Production")
    expect(card).to_contain_text("1 new")
    ping(check, Kind.FAIL)
    expect(card).to_contain_text("1 down")
    expect(page).to_have_title(re.compile("^1 down – Projects"))
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", "/favicon/1.svg")
    card.click()
    expect(page.get_by_role("heading", name="Checks", exact=True)).to_be_visible()


def test_many_projects_are_filtered_as_one_types(page: Page, alice: User) -> None:
    for n in range(14):
        create_project(f"Shop {n}", alice)
    page.goto("/")
    page.get_by_label("Filter these projects").fill("shop 13")
    expect(page.locator(".project:visible")).to_have_count(1)
    create_project("Shop 130", alice)
    expect(page.locator(".project:visible")).to_have_count(2)
    page.get_by_label("Filter these projects").fill("moon")
    expect(page.get_by_text("No project fits.")).to_be_visible()


# --- A new check, and who is told of it ---------------------------------------------------------


def test_a_new_check_tells_those_who_were_chosen(page: Page, project: Project, width: int) -> None:
    make_webhook(project, "https://one.example.org/")
    make_webhook(project, "https://two.example.org/")
    page.goto(f"/projects/{project.code}/checks/add/")
    page.get_by_label("Name").fill("Backup")
    page.get_by_label("one.example.org").uncheck()
    page.get_by_text("OnCalendar", exact=True).click()
    page.get_by_label("OnCalendar expressions").fill("Mon..Fri 02:30")
    expect(page.locator("#preview")).to_contain_text("At 02:30 Monday to Friday")
    assert page.locator("#zones option").first.get_attribute("value") == "Europe/Riga"
    page.get_by_role("button", name="Add check").click()
    expect(page.locator("#how-title")).to_be_in_viewport()
    if width > 1080:  # it stands beside the rest
        expect(page.get_by_role("heading", level=1)).to_be_in_viewport(ratio=1)
    check = Check.objects.get(project=project)
    assert check.channel_set.count() == 1


def test_the_checks_of_an_integration_are_filtered(page: Page, project: Project) -> None:
    hook = make_webhook(project)
    for n in range(12):
        make_check(project, name=f"Job {n}", tags="odd" if n % 2 else "even")
    page.goto(f"/integrations/{hook.code}/checks/")
    page.get_by_role("button", name="None").click()
    page.get_by_label("Filter by name or tag").fill("odd")
    expect(page.locator(".choice:visible")).to_have_count(6)
    page.get_by_role("button", name="All").click()
    expect(page.locator("[data-chosen]")).to_have_text("6 of 12 chosen")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("6 checks alert through")
    assert hook.checks.count() == 6


# --- Badges -----------------------------------------------------------------------------------


def test_a_badge_is_chosen_and_copied(page: Page, project: Project) -> None:
    check = make_check(project, name="Backup", tags="prod")
    page.goto(f"/projects/{project.code}/badges/")
    page.get_by_text("A tag", exact=True).click()
    page.get_by_label("Tag", exact=True).select_option("prod")
    expect(page.locator("#snippet-markdown")).to_contain_text("![prod](http")
    expect(page).to_have_url(re.compile("target=tag&tag=prod"))
    picture = page.locator(".badge-on-dark img")
    assert picture.evaluate("async (image) => { await image.decode(); return image.naturalWidth }")
    page.get_by_text("One check", exact=True).click()
    page.get_by_label("Check", exact=True).select_option(check.unique_key)
    page.get_by_text("up, late, down", exact=True).click()
    address = page.locator("#snippet-url")
    expect(address).to_contain_text(f"/b/3/{check.badge_key}.svg")
    page.get_by_role("button", name="Copy the address").click()
    expect(page.get_by_role("button", name="Copy the address")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == address.inner_text()
    page.get_by_text("JSON", exact=True).click()
    expect(page.locator(".badge-json")).to_contain_text('"status": "up"')
    page.reload()  # the choice is in the address
    expect(page.locator(".badge-json")).to_be_visible()


# --- The wall board ---------------------------------------------------------------------------


def board_key(project: Project, scope: Scope = Scope.READONLY) -> str:
    return keys.create_key(project, scope)[1]


def test_the_board_shows_what_is_down_first(opened: Tab, project: Project) -> None:
    page = opened.page
    ping(make_check(project, name="Fine", tags="prod"))
    down = make_check(project, name="Gone", tags="prod")
    ping(down, Kind.FAIL)
    make_check(project, name="Fresh", tags="prod")
    make_check(project, name="Elsewhere")
    page.goto(f"/tv/#{board_key(project)}=My%20shop&tag=prod&theme=dark")
    names = page.locator(".tv-tile strong")
    expect(names).to_have_text(["Gone", "Fine", "Fresh"])
    expect(page.get_by_role("heading", name="My shop")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator(".tv-counts")).to_have_text("1 down1 up1 new")
    expect(page.locator(".tv-state")).to_contain_text("updated")
    assert page.evaluate("location.hash") == ""  # in no history
    ping(down, ago=0)
    expect(names).to_have_text(["Fine", "Gone", "Fresh"], timeout=15_000)
    page.reload()
    expect(names).to_have_count(3)


def test_keys_are_entered_and_forgotten(opened: Tab, project: Project) -> None:
    page = opened.page
    make_check(project, name="Backup")
    page.goto("/tv/")
    page.get_by_role("button", name="Show the board").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter the read-only key")
    page.get_by_label("Read-only key").fill(board_key(project, Scope.READWRITE))
    page.get_by_role("button", name="Show the board").click()
    expect(page.get_by_role("alert")).to_contain_text("use a read-only key")
    page.get_by_label("Read-only key").fill(board_key(project))
    page.get_by_label("Title").fill("Shop")
    page.get_by_text("Light", exact=True).click()
    page.get_by_role("button", name="Show the board").click()
    expect(page.locator(".tv-tile")).to_have_count(1)
    assert page.url.endswith("/tv/")
    page.get_by_role("button", name="Add a project").click()
    expect(page.get_by_label("Read-only key")).to_be_focused()
    page.get_by_role("button", name="Forget the keys").click()
    expect(page.locator(".tv-tile")).to_have_count(0)
    page.reload()
    expect(page.get_by_label("Read-only key")).to_be_visible()


def test_a_write_key_is_not_used(opened: Tab, project: Project) -> None:
    asked: list[str] = []
    opened.page.on("request", lambda request: asked.append(request.url))
    opened.page.goto(f"/tv/#{board_key(project, Scope.READWRITE)}=Shop")
    expect(opened.page.locator(".tv-state")).to_contain_text("use a read-only key")
    assert not [url for url in asked if "/api/" in url]


def test_a_wrong_key_and_an_outage_are_said(opened: Tab, project: Project) -> None:
    page = opened.page
    make_check(project, name="Backup")
    page.goto("/tv/#nonsense=Other")
    expect(page.locator(".tv-state")).to_contain_text("does not work")
    page.goto(f"/tv/#{board_key(project)}=Shop")
    expect(page.locator(".tv-tile")).to_have_count(1)
    page.route("**/api/v3/checks/*", lambda route: route.abort())
    expect(page.locator(".tv-state")).to_contain_text("No connection", timeout=30_000)
    expect(page.locator(".tv-tile")).to_have_count(1)
    page.unroute("**/api/v3/checks/*")
    opened.forgive("Failed to load resource")
