"""What people do with their own account, in a browser."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from hc.accounts.models import ApiKey, Member, Profile, Project, Role, User
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
from tests.browser import Tab
from tests.e2e.conftest import confirm
from tests.factories import PASSWORD, make_member


def test_the_zone_of_the_browser_takes_one_click(page: Page, alice: User) -> None:
    page.goto("/accounts/profile/")
    offer = page.get_by_role("button", name="Use Europe/Riga")
    expect(offer).to_be_hidden()
    Profile.objects.update(tz="UTC")
    page.reload()
    offer.click()
    expect(page.get_by_text("Times are now shown as in Europe/Riga.")).to_be_visible()
    assert Profile.objects.get(user=alice).tz == "Europe/Riga"


def test_a_key_is_made_copied_and_revoked(page: Page, alice: User) -> None:
    page.goto("/accounts/profile/keys/")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Name").fill("Terraform")
    page.get_by_label("Expires").select_option("In 90 days")
    page.get_by_role("button", name="Create a key").click()
    expect(page.locator("#new-key")).to_have_text(re.compile(r"hca_\w{28}"))
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.get_by_role("button", name="Revoke Terraform").click()
    page.get_by_role("button", name="Revoke the key").click()
    expect(page.get_by_text("The key was revoked.")).to_be_visible()
    assert not ApiKey.objects.exists()


def test_leaving_asks_once(page: Page, alice: User) -> None:
    theirs = create_project("Theirs", create_account("bob@example.org"))
    make_member(theirs, alice, Role.REGULAR)
    page.goto("/accounts/profile/")
    page.get_by_role("button", name="Leave Theirs").click()
    page.get_by_role("button", name="Leave the project").click()
    expect(page.get_by_text("You have left Theirs.")).to_be_visible()
    assert not Member.objects.exists()


def test_a_theme_is_chosen_by_its_picture(page: Page, alice: User) -> None:
    page.goto("/accounts/profile/appearance/")
    page.get_by_label("Dark", exact=True).last.check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_password_too_weak_is_refused_under_its_field(opened: Tab, page: Page) -> None:
    confirm(page.context)
    page.goto("/accounts/set_password/")
    page.get_by_role("textbox", name="New password").fill("short")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("alert")).to_contain_text("too short")
    opened.forgive("status of 422")
    page.get_by_role("textbox", name="New password").fill("a better one, and long")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Your password was set.")).to_be_visible()


def test_closing_and_coming_back(page: Page, alice: User, project: Project) -> None:
    create_account("root@example.org", admin=True)
    confirm(page.context)
    page.goto("/accounts/close/")
    page.get_by_label("Your e-mail address").fill(alice.email)
    page.get_by_role("button", name="Close my account").click()
    expect(page.get_by_role("heading", name="Your account will be closed")).to_be_visible()
    page.get_by_role("link", name="sign in").click()
    page.get_by_label("E-mail address").first.fill(alice.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Keep my account").click()
    expect(page.get_by_text("Your account stays.")).to_be_visible()
    assert Profile.objects.get(user=alice).close_requested is None
