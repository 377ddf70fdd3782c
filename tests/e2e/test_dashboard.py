"""The dashboard's ways around: saved views, marks of trouble, rows that hold still, undoing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from hc.accounts.models import Profile, Project, User
from hc.accounts.services import saved_views
from hc.accounts.services.projects import create_project
from hc.api.models import Channel, Check, Ping
from hc.api.services import checks, trash
from hc.core.state import Kind
from hc.pings.writer import record
from tests.browser import OpenTab, Tab
from tests.e2e.conftest import sign_in
from tests.factories import make_check, make_webhook, ping_event

REFUSED = "422 (Unprocessable Entity)"


@pytest.fixture
def listed(project: Project) -> list[Check]:
    tags = {"Backup": "prod db", "Sync": "prod", "Report": ""}
    return [make_check(project, name=name, tags=some) for name, some in tags.items()]


def list_of(project: Project, query: str = "") -> str:
    return f"/projects/{project.code}/checks/{query}"


def ping(check: Check, kind: Kind = Kind.SUCCESS, ago: float = 0) -> None:
    at = timezone.now() - timedelta(seconds=ago)
    record([ping_event(check.code, at, kind)], at)


def names(page: Page) -> list[str]:
    return page.locator("[data-rows] .check-name").all_inner_texts()


def views(page: Page) -> list[str]:
    found = page.get_by_label("Saved views").locator("a.chip:not(.chip-quiet)")
    return [text.strip() for text in found.all_inner_texts()]


# --- Saved views ------------------------------------------------------------------------------


def test_a_view_is_saved_opened_renamed_and_deleted(
    opened: Tab, page: Page, project: Project, listed: list[Check]
) -> None:
    page.goto(list_of(project, "?tag=prod"))
    page.get_by_role("link", name="Save view").click()
    side = page.get_by_role("dialog", name="Save this view")
    expect(side.get_by_label("Name")).to_be_focused()
    side.get_by_label("Name").fill("Production")
    side.get_by_label("Name").press("Enter")
    expect(page.get_by_text("The view “Production” is saved.")).to_be_visible()
    chip = page.get_by_role("link", name="Production", exact=True)
    expect(chip).to_have_attribute("aria-current", "true")
    page.goto(list_of(project))
    assert len(names(page)) == 3
    chip.click()
    expect(page.locator("[data-rows] tr")).to_have_count(2)

    page.get_by_role("link", name="Rename or delete saved views").click()
    side = page.get_by_role("dialog", name="Saved views")
    side.locator("summary").press("Enter")
    side.get_by_label("New name").fill("")
    side.get_by_label("New name").press("Enter")
    expect(side.get_by_role("alert")).to_be_visible()
    opened.forgive(REFUSED)
    side.get_by_label("New name").fill("Prod")
    side.get_by_label("New name").press("Enter")
    expect(page.get_by_role("link", name="Prod", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("tag=prod"))

    page.get_by_role("link", name="Rename or delete saved views").click()
    page.get_by_role("button", name="Delete the view Prod").click()
    expect(page.get_by_text("The view “Prod” is deleted.")).to_be_visible()
    assert views(page) == []
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="Prod", exact=True)).to_be_visible()


def test_a_name_that_is_taken_can_be_replaced(
    opened: Tab, page: Page, alice: User, project: Project, listed: list[Check]
) -> None:
    saved_views.save(alice, project, "Mine", "tag=db&sort=created")
    page.goto(list_of(project, "?tag=prod"))
    page.get_by_role("link", name="Save view").click()
    side = page.get_by_role("dialog")
    side.get_by_label("Name").fill("mine")
    side.get_by_role("button", name="Save view").click()
    expect(side.get_by_text("You have a view with this name.")).to_be_visible()
    opened.forgive(REFUSED)
    side.get_by_label("Replace it").check()
    side.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("link", name="mine", exact=True)).to_have_attribute(
        "aria-current", "true"
    )


def test_what_one_types_is_what_is_saved(page: Page, project: Project, listed: list[Check]) -> None:
    page.goto(list_of(project))
    page.get_by_label("Search these checks").fill("sync")
    expect(page).to_have_url(re.compile("search=sync"))
    page.get_by_role("link", name="Save view").click()
    side = page.get_by_role("dialog")
    expect(side).to_contain_text("“sync”")
    side.get_by_label("Name").fill("Syncs")
    side.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("link", name="Syncs", exact=True)).to_be_visible()
    assert names(page) == ["Sync"]


def test_views_without_a_script(
    open_tab: OpenTab, alice: User, project: Project, listed: list[Check]
) -> None:
    with open_tab(java_script_enabled=False) as plain:
        page = plain.page
        sign_in(page.context, alice)
        page.goto(list_of(project, "?tag=prod"))
        page.get_by_role("link", name="Save view").click()
        page.get_by_label("Name").fill("Prod")
        page.get_by_role("button", name="Save view").click()
        assert views(page) == ["Prod"]
        page.get_by_role("link", name="Rename or delete saved views").click()
        page.locator("summary").click()
        page.get_by_label("New name").fill("Production")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("link", name="Production")).to_be_visible()
        page.get_by_role("button", name="Delete the view").click()
        page.get_by_role("button", name="Undo").click()
        assert views(page) == ["Production"]


# --- Marks on the tabs and in the icon --------------------------------------------------------


def test_the_tabs_follow_what_happens(page: Page, project: Project, check: Check) -> None:
    channel = make_webhook(project)
    page.goto(f"/projects/{project.code}/integrations/")
    tab = page.locator(".tabs [data-pill=integrations]")
    expect(tab).to_have_text("")
    Channel.objects.filter(pk=channel.pk).update(last_error="Received status code 500")
    expect(tab).to_have_text("1 failing")
    page.goto(list_of(project))
    expect(tab).to_have_text("1 failing")
    down = page.locator(".tabs [data-pill=checks]")
    expect(down).to_have_text("")
    ping(check, Kind.FAIL)
    expect(down).to_have_text("1 down")
    Channel.objects.filter(pk=channel.pk).update(last_error="")
    ping(check)
    expect(down).to_have_text("")
    expect(tab).to_have_text("")


@pytest.mark.parametrize(("days", "icon"), [(0, "favicon"), (3, "favicon-down")])
def test_the_icon_tells_the_state_from_the_start(
    page: Page, check: Check, days: int, icon: str
) -> None:
    """Also of a check that is overdue, which the alert loop has not seen yet."""
    ping(check, ago=days * 86400)
    url, address = f"/checks/{check.code}/details/", rf"/{icon}[.0-9a-f]*\.svg"
    assert re.search(rf'rel="icon"[^>]*{address}"', page.request.get(url).text())
    page.goto(url)
    link = page.locator("link[rel=icon]")
    expect(link).to_have_attribute("href", re.compile(f"{address}$"))


def test_the_overview_shows_where_one_was(page: Page, alice: User, project: Project) -> None:
    create_project("Another", alice)
    page.goto(list_of(project))
    page.goto("/")
    last = page.locator(".project-last")
    expect(last).to_contain_text("Production")
    expect(last).to_contain_text("Last opened")


# --- The list ---------------------------------------------------------------------------------


def test_rows_hold_still_under_the_pointer(
    page: Page, width: int, project: Project, listed: list[Check]
) -> None:
    if width < 500:
        pytest.skip("phones have no pointer")
    page.goto(list_of(project))
    assert names(page) == ["Backup", "Sync", "Report"]
    page.locator("[data-rows] tr").nth(1).hover()
    ping(listed[2], Kind.FAIL)
    make_check(project, name="Fresh")
    expect(page.locator("[data-rows] tr").nth(2)).to_contain_text("down for")
    assert names(page) == ["Backup", "Sync", "Report"]
    page.mouse.move(5, 5)
    expect(page.locator("[data-rows] tr")).to_have_count(4)
    assert names(page) == ["Report", "Backup", "Sync", "Fresh"]


def test_the_list_is_filtered_also_under_the_pointer(
    page: Page, width: int, project: Project, listed: list[Check]
) -> None:
    page.goto(list_of(project))
    if width > 500:
        page.locator("[data-rows] tr").nth(1).hover()
    page.get_by_label("Search these checks").fill("report")
    expect(page.locator("[data-rows] tr")).to_have_count(1)


def test_ping_addresses_are_a_column_of_choice(
    page: Page, width: int, project: Project, listed: list[Check]
) -> None:
    page.goto(list_of(project))
    column = page.locator("td.col-address")
    expect(column).to_have_count(0)
    page.get_by_role("button", name="Sort").click()
    page.get_by_label("A column of them").check()
    expect(column).to_have_count(3)
    if width > 500:
        expect(column.first).to_contain_text(str(listed[0].code))
        column.first.get_by_role("button").click()
        expect(column.first.get_by_role("button")).to_contain_text("Copied")


@pytest.mark.parametrize("addresses", [False, True])
def test_the_list_fits_any_width(
    page: Page, width: int, alice: User, project: Project, listed: list[Check], addresses: bool
) -> None:
    if width < 500:
        pytest.skip("once is enough")
    Profile.objects.filter(user=alice).update(list_view={"addresses": addresses})
    channel = make_webhook(project)
    Channel.objects.filter(pk=channel.pk).update(last_error="Received status code 500")
    for check in listed:
        ping(check, Kind.FAIL)
    page.goto(list_of(project))
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for at in (320, 721, 800, 861, 981, 1081, 1151, 1281, 1401, 1441):
        page.set_viewport_size({"width": at, "height": 800})
        assert page.evaluate(wider) <= 0, at


def test_many_at_once_also_on_a_phone(page: Page, project: Project, listed: list[Check]) -> None:
    page.goto(list_of(project))
    for name in ("Backup", "Sync"):
        page.get_by_label(f"Choose {name}").check()
    page.locator("[data-bulk]").get_by_role("button", name="Pause").click()
    expect(page.get_by_text("2 checks paused.")).to_be_visible()


def test_many_are_moved(page: Page, alice: User, project: Project, listed: list[Check]) -> None:
    create_project("Staging", alice)
    page.goto(list_of(project))
    page.get_by_label("Choose Report").check()
    page.get_by_role("button", name="Move …").click()
    page.get_by_label("To the project").select_option("Staging")
    page.get_by_role("button", name="Move them").click()
    expect(page.get_by_text("1 check moved to Staging.")).to_be_visible()
    assert names(page) == ["Backup", "Sync"]


# --- Undoing ----------------------------------------------------------------------------------


def test_deleting_is_undone(page: Page, project: Project, listed: list[Check]) -> None:
    ping(listed[0])
    page.goto(f"/checks/{listed[0].code}/remove/")
    page.get_by_role("button", name="Delete check").click()
    expect(page.get_by_text("Backup was deleted.")).to_be_visible()
    assert names(page) == ["Sync", "Report"]
    assert page.request.post(f"/ping/{listed[0].code}").status == 404
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Backup")
    expect(page.locator(".status-pill")).to_contain_text("Up")


def test_what_was_deleted_earlier_is_brought_back(
    page: Page, project: Project, listed: list[Check]
) -> None:
    for check in listed:
        trash.remove(check.code, timezone.now())
    page.goto(list_of(project))
    page.get_by_role("link", name="3 deleted checks").click()
    side = page.get_by_role("dialog", name="Deleted checks")
    side.get_by_role("button", name="Bring back Sync").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sync")
    expect(page.get_by_text("Sync is back.")).to_be_visible()


def test_clearing_is_undone(page: Page, check: Check) -> None:
    ping(check)
    page.goto(f"/checks/{check.code}/details/")
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Clear its log").click()
    page.get_by_role("dialog").get_by_role("button", name="Clear the log").click()
    expect(page.get_by_text("The log of Backup is empty.")).to_be_visible()
    assert not Ping.objects.filter(owner=check).exists()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The log of Backup is back.")).to_be_visible()
    expect(page.locator(".status-pill")).to_contain_text("Up")


# --- For everybody ----------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["", "dark"])
@pytest.mark.parametrize(
    "path",
    [
        "checks/",
        "checks/?tag=prod",
        "checks/views/",
        "checks/views/add/?query=%3Ftag%3Dprod",
        "checks/removed/",
        "integrations/",
    ],
)
def test_pages_are_sound(
    page: Page, alice: User, project: Project, listed: list[Check], theme: str, path: str
) -> None:
    Profile.objects.filter(user=alice).update(theme=theme, list_view={"addresses": True})
    saved_views.save(alice, project, "Backups", "tag=db&sort=created")
    channel = make_webhook(project)
    Channel.objects.filter(pk=channel.pk).update(last_error="Received status code 500")
    trash.remove(listed[2].code, timezone.now())
    checks.pause(listed[1].code, timezone.now())
    page.goto(f"/projects/{project.code}/{path}")
    found = Axe().run(page).response["violations"]
    assert [f"{v['id']}: {n['target']}" for v in found for n in v["nodes"]] == []
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) <= 0, "the page scrolls sideways"
    assert page.locator("h1").count() == 1
