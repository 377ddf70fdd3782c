"""The controls of the pages, pressed in a real browser."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from hc.accounts.models import Profile, Project, User
from hc.api.models import Check
from hc.core.state import Kind
from hc.pings.writer import record
from tests.browser import OpenTab, Tab
from tests.factories import PASSWORD, make_check, make_webhook, ping_event


def ping(check: Check, kind: Kind = Kind.SUCCESS, ago: float = 0) -> None:
    at = timezone.now() - timedelta(seconds=ago)
    record([ping_event(check.code, at, kind)], at)


def open_list(page: Page, project: Project) -> None:
    page.goto(f"/projects/{project.code}/checks/")


def open_check(page: Page, check: Check) -> None:
    page.goto(f"/checks/{check.code}/details/")


# --- Sending ----------------------------------------------------------------------------------


def test_a_form_is_sent_once_and_again_if_nothing_comes_of_it(page: Page) -> None:
    sent: list[str] = []

    def lose(route: Route) -> None:
        sent.append(route.request.method)
        route.abort("aborted")

    page.clock.install()
    page.goto("/projects/add/")
    page.route("**/projects/add/", lose)
    page.get_by_label("Name").fill("Staging")
    button = page.get_by_role("button", name="Create project")
    for _ in range(3):
        button.click()
    page.clock.fast_forward(4000)
    button.click()
    assert sent == ["POST"]
    page.clock.fast_forward(2000)
    with page.expect_event("requestfailed"):
        button.click()
    assert sent == ["POST", "POST"]


# --- Adding and editing -----------------------------------------------------------------------


def test_adding_a_check_with_a_live_preview(page: Page, project: Project) -> None:
    open_list(page, project)
    page.get_by_role("link", name="Add check").first.click()
    page.get_by_label("Name").type("Zażółć Nightly  ETL / Run #3")
    expect(page.get_by_label("Slug")).to_have_value("zazoc-nightly-etl-run-3")
    preview = page.get_by_label("Preview")
    page.get_by_label("Period").fill("90 s")
    expect(preview).to_contain_text("Every 1 minute 30 seconds")
    expect(page.get_by_label("Cron expression")).to_be_hidden()
    page.get_by_text("Cron", exact=True).click()
    expect(page.get_by_label("Period")).to_be_hidden()
    page.get_by_label("Cron expression").fill("30 4 * *")
    expect(preview).to_contain_text("cannot be read yet")
    page.get_by_label("Cron expression").fill("30 4 * * *")
    page.get_by_label("Time zone").fill("Asia/Tokyo")
    expect(preview).to_contain_text("At 04:30 every day")
    expect(preview).to_contain_text("Next, Asia/Tokyo")
    page.get_by_role("button", name="Add check").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Zażółć Nightly ETL / Run #3")
    check = Check.objects.get(project=project)
    assert (check.schedule, check.tz, check.slug) == (
        "30 4 * * *",
        "Asia/Tokyo",
        "zazoc-nightly-etl-run-3",
    )


def test_editing_the_rules(page: Page, check: Check) -> None:
    open_check(page, check)
    page.get_by_role("link", name="Edit").first.click()
    page.locator("summary", has_text="Which pings count").click()
    page.get_by_label("Requests that count").select_option("POST")
    page.get_by_label("the body of requests").check()
    page.get_by_label("Failure").fill("ERR")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("POST only, judged by keywords")).to_be_visible()


def test_what_was_typed_survives_an_error(opened: Tab, page: Page, project: Project) -> None:
    page.goto(f"/projects/{project.code}/checks/add/")
    page.get_by_label("Notes").fill("typed with care")
    page.get_by_label("Period").fill("soon")
    page.get_by_role("button", name="Add check").click()
    expect(page.get_by_text("Write it like")).to_be_visible()
    expect(page.get_by_label("Notes")).to_have_value("typed with care")
    opened.forgive("status of 422")


# --- The list ---------------------------------------------------------------------------------


def test_the_list_renews_itself(page: Page, project: Project) -> None:
    check = make_check(project, name="Backup")
    open_list(page, project)
    row = page.locator("tr", has_text="Backup")
    expect(row).to_contain_text("never pinged")
    ping(check, Kind.FAIL)
    expect(row).to_contain_text("down for")
    expect(page).to_have_title(re.compile("^1 down – Production"))
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("favicon/1.svg"))
    expect(page.locator("#announcements")).to_have_text("1 check down")
    first = row.locator("time").first.inner_text()
    expect(row.locator("time").first).not_to_have_text(first)


def test_counters_and_tags_filter(page: Page, project: Project) -> None:
    ping(make_check(project, name="Good", tags="db"))
    ping(make_check(project, name="Bad", tags="web"), Kind.FAIL)
    open_list(page, project)
    filters = page.get_by_label("Filter")
    filters.get_by_role("link", name="1 Down", exact=True).click()
    expect(page.get_by_text("1 of 2 checks")).to_be_visible()
    expect(page.locator("tbody tr")).to_contain_text("Bad")
    filters.get_by_role("link", name="1 Down", exact=True).click()
    filters.get_by_role("link", name="db").click()
    expect(page.locator("tbody tr")).to_contain_text("Good")
    filters.get_by_role("link", name="All").click()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_a_lost_connection_is_said_and_ends(
    opened: Tab, page: Page, project: Project, check: Check
) -> None:
    open_list(page, project)
    page.route("**/status/", lambda route: route.abort())
    expect(page.get_by_text("No connection. What you see may be old.")).to_be_visible(
        timeout=20_000
    )
    page.unroute("**/status/")
    expect(page.locator(".live")).to_have_text("Live", timeout=30_000)
    opened.forgive("Failed to load resource")  # the aborted requests


def test_who_is_signed_out_is_told_so(
    opened: Tab, page: Page, project: Project, check: Check
) -> None:
    open_list(page, project)
    page.context.clear_cookies()
    link = page.get_by_role("link", name="Sign in")
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    link.click()
    page.wait_for_url(re.compile(r"/accounts/login/\?next=%2Fprojects%2F"))
    opened.forgive("status of 403")


# --- The check page ---------------------------------------------------------------------------


def test_the_page_follows_the_job(page: Page, check: Check) -> None:
    open_check(page, check)
    page.locator("label", has_text="Python").click()
    ping(check, Kind.START)
    pill = page.locator(".status-pill")
    expect(pill).to_contain_text("Running")
    ping(check, Kind.FAIL)
    expect(pill).to_contain_text("Down for")
    expect(page.get_by_text("The job said that it failed.")).to_be_visible()
    # What was chosen on the page stays chosen.
    expect(page.locator("#snippet-python")).to_be_checked()


def test_copying(page: Page, check: Check) -> None:
    open_check(page, check)
    button = page.get_by_role("button", name="Copy", exact=True)
    button.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert str(check.code) in page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("button", name="Copy Shell").click()
    page.wait_for_function("navigator.clipboard.readText().then(t => t.includes('/start'))")
    expect(button).to_be_visible(timeout=5000)


@pytest.mark.parametrize("label", ["Shell", "Cron", "Python", "PowerShell"])
def test_snippets(page: Page, check: Check, label: str) -> None:
    open_check(page, check)
    page.locator(".snippet-tabs label", has_text=re.compile(f"^{label}$")).click()
    shown = page.locator(".snippet:visible")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text(str(check.code))


def test_pausing_resuming_and_deleting(page: Page, check: Check) -> None:
    open_check(page, check)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".status-pill")).to_contain_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".status-pill")).to_contain_text("New")
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Delete this check").click()
    page.get_by_role("button", name="Delete check").click()
    expect(page.get_by_text("Backup was deleted.")).to_be_visible()
    expect(page.get_by_text("No checks yet")).to_be_visible()


def test_channels_are_switched_without_leaving_the_page(
    page: Page, check: Check, project: Project
) -> None:
    make_webhook(project)
    open_check(page, check)
    switch = page.get_by_role("button", name="Alert ")
    expect(page.get_by_text("1 of 1 on")).to_be_visible()
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_text("0 of 1 on")).to_be_visible()
    assert check.channel_set.count() == 0
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")


# --- The frame --------------------------------------------------------------------------------


def test_switching_projects(page: Page, project: Project) -> None:
    open_list(page, project)
    page.get_by_role("button", name="Production").click()
    page.locator("#project-menu").get_by_text("alice@example.org").click()
    expect(page.get_by_text("My First Check")).to_be_visible()
    page.get_by_role("button", name="alice@example.org").click()
    page.locator("#project-menu").get_by_text("All projects").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()


@pytest.mark.parametrize(("label", "scheme"), [("Dark", "dark"), ("Light", "light")])
def test_the_theme(page: Page, alice: User, label: str, scheme: str) -> None:
    page.goto("/")
    page.get_by_role("button", name="Account").click()
    page.locator("#account-menu").get_by_text(label, exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", scheme)
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == scheme
    assert Profile.of(alice.pk).theme == {"dark": "dark", "light": ""}[scheme]


def test_menus_by_keyboard(page: Page, project: Project) -> None:
    open_list(page, project)
    page.get_by_role("button", name="Account").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#account-menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#account-menu")).to_be_hidden()
    expect(page.get_by_role("button", name="Account")).to_be_focused()


def test_the_skip_link_comes_first(page: Page, project: Project) -> None:
    open_list(page, project)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()


def test_signing_out(page: Page, project: Project) -> None:
    open_list(page, project)
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


# --- Without a script -------------------------------------------------------------------------


def test_everything_works_without_a_script(open_tab: OpenTab, project: Project) -> None:
    with open_tab(java_script_enabled=False) as plain:
        page = plain.page
        page.goto("/accounts/login/")
        form = page.locator("form", has=page.get_by_label("Password"))
        form.get_by_label("E-mail address").fill("alice@example.org")
        form.get_by_label("Password").fill(PASSWORD)
        form.get_by_role("button", name="Sign in").click()
        page.goto(f"/projects/{project.code}/checks/add/")
        page.get_by_label("Name").fill("Plain")
        page.get_by_text("Cron", exact=True).click()
        page.get_by_label("Cron expression").fill("*/5 * * * *")
        page.get_by_role("button", name="Add check").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Plain")
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_text("Plain is paused.")).to_be_visible()
        page.get_by_role("button", name="More").click()
        page.get_by_role("link", name="Delete this check").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Delete Plain?")
