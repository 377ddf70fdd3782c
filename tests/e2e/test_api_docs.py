"""The page about the API: its forms make real requests."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from hc.accounts.models import Project, Scope, User
from hc.accounts.services import keys
from hc.api.models import Check
from tests.browser import OpenTab, Tab


def open_form(page: Page, anchor: str) -> Locator:
    """The form of an operation, opened."""
    page.goto(f"/docs/api/#{anchor}")
    operation = page.locator(".operation", has=page.locator(f"#{anchor}"))
    operation.get_by_text("Try it", exact=True).click()
    return operation


def test_a_list_is_asked_for(opened: Tab, project: Project, check: Check) -> None:
    form = open_form(opened.page, "checks-index")
    form.get_by_label("Project key").fill(keys.create_readonly_key(project))
    form.get_by_label("fields optional").fill("name,status")
    form.get_by_role("button", name="Send GET").click()
    expect(form.get_by_role("status")).to_contain_text("200 OK")
    expect(form.get_by_role("status")).to_contain_text("etag: ")
    shown = json.loads(form.locator("[data-text]").text_content() or "")
    assert shown == {"checks": [{"name": "Backup", "status": "new"}]}


def test_a_check_is_made_and_shown(opened: Tab, project: Project) -> None:
    page = opened.page
    form = open_form(page, "checks-create")
    form.get_by_label("Project key").fill(keys.create_api_key(project))
    form.get_by_role("textbox", name="Body").fill('{"name": "Tried", "tags": "a b"}')
    form.get_by_role("button", name="Send POST").click()
    expect(form.get_by_role("status")).to_contain_text("201 Created")
    made = Check.objects.get(project=project, name="Tried")
    # The key is remembered for the other forms, and after a reload, by this tab alone.
    page.reload()
    form = open_form(page, "checks-read")
    form.get_by_label("check", exact=True).fill(str(made.code))
    form.get_by_role("button", name="Send GET").click()
    expect(form.locator("[data-text]")).to_contain_text('"name": "Tried"')
    assert page.evaluate("Object.keys(localStorage).length") == 0
    assert page.evaluate("document.cookie") == ""


def test_values_are_repeated_in_the_address(opened: Tab, project: Project, check: Check) -> None:
    form = open_form(opened.page, "checks-index")
    form.get_by_label("Project key").fill(keys.create_readonly_key(project))
    form.get_by_label("status optional").fill("new, up")
    with opened.page.expect_request("**/api/v3/checks/?*") as caught:
        form.get_by_role("button", name="Send GET").click()
    assert caught.value.url.endswith("?status=new&status=up")
    expect(form.get_by_role("status")).to_contain_text("200 OK")


def test_errors_are_shown(opened: Tab) -> None:
    form = open_form(opened.page, "projects-index")
    form.get_by_label("Account key").fill("wrong")
    form.get_by_role("button", name="Send GET").click()
    expect(form.get_by_role("status")).to_contain_text("401 Unauthorized")
    expect(form.locator("[data-text]")).to_contain_text("missing api key")
    opened.forgive("status of 401")


def test_account_keys_have_a_field_of_their_own(opened: Tab, alice: User) -> None:
    page = opened.page
    form = open_form(page, "projects-index")
    form.get_by_label("Account key").fill(keys.create_key(alice, Scope.ACCOUNT)[1])
    form.get_by_role("button", name="Send GET").click()
    expect(form.locator("[data-text]")).to_contain_text('"role": "owner"')
    assert page.locator("#apikey-checks-index").input_value() == ""
    assert page.locator("#apikey-projects-create").input_value().startswith("hca_")


def test_the_contents_lead_to_operations(opened: Tab, width: int) -> None:
    page = opened.page
    page.goto("/docs/api/")
    if width < 500:
        page.locator(".docs-menu > summary").click()
    page.get_by_role("link", name="Pause a check").locator("visible=true").first.click()
    expect(page.locator("#checks-pause")).to_be_in_viewport()


@pytest.mark.usefixtures("transactional_db")
def test_it_can_be_read_without_a_script(open_tab: OpenTab) -> None:
    with open_tab(java_script_enabled=False) as plain:
        plain.page.goto("/docs/api/")
        expect(plain.page.get_by_text("/checks/{check}/pause").first).to_be_visible()
        expect(plain.page.get_by_text("Try it").first).to_be_hidden()
