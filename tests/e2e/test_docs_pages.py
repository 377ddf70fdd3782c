"""The documentation in a browser: menu, search, one's own addresses, the tester of cron."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from hc.accounts.models import Project
from tests.browser import Tab
from tests.factories import make_check


def open_menu(page: Page, width: int) -> None:
    """On a phone the menu is folded away."""
    if width < 500:
        page.locator(".docs-menu > summary").click()


def test_one_finds_and_copies(page: Page, project: Project, width: int) -> None:
    check = make_check(project, name="Backup")
    page.goto("/docs/")
    open_menu(page, width)
    page.locator(".docs-search input:visible").press_sequentially("overlapping runs")
    found = page.locator(".docs-found a:visible").first
    expect(found).to_contain_text("How long jobs take")
    found.click()
    page.get_by_label("Show the addresses of").select_option("Backup (Production)")
    block = page.locator(".docs-prose .copyable").first
    expect(block).to_contain_text(str(check.code))
    block.get_by_role("button", name="Copy").click()
    expect(block.get_by_role("button")).to_have_text("Copied")
    assert f"{check.code}/start" in page.evaluate("navigator.clipboard.readText()")
    open_menu(page, width)
    page.locator("nav[aria-label^=Documentation]:visible").get_by_role("link", name="Go").click()
    expect(page.locator(".docs-prose")).to_contain_text(str(check.code))


def test_the_menu_shows_what_is_on_the_page(page: Page, width: int) -> None:
    page.goto("/docs/reliability_tips/")
    open_menu(page, width)
    menu = page.locator("nav[aria-label^=Documentation]:visible")
    expect(menu.locator("[aria-current]")).to_have_text("Pings that arrive")
    menu.get_by_role("link", name="Watch the watcher").click()
    expect(page.locator("#watch-the-watcher")).to_be_in_viewport()


def test_cron_is_tested_without_an_account(opened: Tab, alice: object) -> None:
    page = opened.page
    page.goto("/docs/cron/")
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Riga")
    expect(page.locator("#cron-judged")).to_contain_text("Next, Europe/Riga")
    page.locator("[data-cron='0 8 * * SUN']").click()
    expect(page.locator("#cron-judged")).to_contain_text("Sunday")
    page.get_by_label("Cron expression").fill("61 * * * *")
    expect(page.locator("#cron-judged [role=alert]")).to_be_visible()
    page.get_by_label("Cron expression").press("Enter")  # sends nothing away
    expect(page.get_by_label("Cron expression")).to_have_value("61 * * * *")
