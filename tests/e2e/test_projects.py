"""The settings of a project, pressed through as owner, manager, member and reader."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from hc.accounts.models import ApiKey, AuditEntry, Invitation, Member, Profile, Project, Role, User
from hc.accounts.services import invitations, keys
from hc.accounts.services.accounts import create_account
from hc.api.models import Check
from tests.browser import Tab
from tests.e2e.conftest import confirm, sign_in
from tests.factories import make_member

Visit = Callable[[User], Page]


@pytest.fixture
def bob(transactional_db: None) -> User:
    return create_account("bob@example.org")


@pytest.fixture
def visit(opened: Tab) -> Visit:
    """The page for somebody who is signed in, and has just proved who they are."""

    def as_user(user: User) -> Page:
        opened.page.context.clear_cookies()
        sign_in(opened.page.context, user)
        confirm(opened.page.context)
        return opened.page

    return as_user


def settings(project: Project, part: str = "") -> str:
    return f"/projects/{project.code}/settings/{part}"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def told(page: Page, text: str) -> None:
    expect(page.locator(".toast")).to_contain_text(text)


def test_an_owner_names_the_project(visit: Visit, alice: User, project: Project) -> None:
    page = visit(alice)
    page.goto(f"/projects/{project.code}/checks/")
    page.get_by_role("navigation", name="Project").get_by_text("Settings").click()
    page.get_by_label("Name").fill("Live")
    page.get_by_text("By ping key and slug").click()
    press(page, "Save")
    told(page, "Saved.")
    project.refresh_from_db()
    assert (project.name, project.show_slugs) == ("Live", True)


def test_a_member_makes_and_revokes_keys(visit: Visit, bob: User, project: Project) -> None:
    make_member(project, bob, Role.REGULAR)
    keys.create_api_key(project)
    page = visit(bob)
    page.goto(settings(project, "keys/"))
    page.get_by_label("What it is for").fill("Terraform")
    page.get_by_text("Read only", exact=True).last.click()
    page.get_by_label("It ends").select_option("90")
    press(page, "Make key")
    expect(page.locator("#new-key")).to_have_text(re.compile(r"^hcr_\w{28}$"))
    page.locator(".new-key").get_by_role("button").click()
    expect(page.locator(".new-key").get_by_role("button")).to_have_text(
        re.compile("Copied|Press Ctrl")
    )
    press(page, "Revoke Terraform")
    told(page, "The key was revoked")
    press(page, "Revoke the older key, read and write")
    told(page, "The key was revoked")
    press(page, "Make ping key")
    first = page.locator("#ping-key").text_content()
    page.locator("summary", has_text="Replace or revoke it").click()
    press(page, "Replace ping key")
    told(page, "new ping key")
    assert page.locator("#ping-key").text_content() != first
    page.locator("summary", has_text="Replace or revoke it").click()
    press(page, "Revoke ping key")
    expect(page.get_by_role("button", name="Make ping key")).to_be_visible()
    assert not ApiKey.objects.exists()


def test_a_manager_looks_after_the_team(
    visit: Visit, alice: User, project: Project, bob: User
) -> None:
    make_member(project, bob, Role.MANAGER)
    carol = create_account("carol@example.org")
    make_member(project, carol, Role.READONLY)
    page = visit(bob)
    page.goto(settings(project, "team/"))
    page.get_by_label("Role of carol@example.org").select_option("w")
    told(page, "carol@example.org: Member.")
    press(page, "Remove carol@example.org")
    told(page, "no longer in the project")
    page.get_by_label("E-mail address").fill("dora@example.org")
    page.get_by_text("Manager", exact=True).last.click()
    press(page, "Invite")
    told(page, "dora@example.org")
    assert Invitation.objects.get().role == "m"
    button = page.get_by_role("button", name="Copy the link for dora@example.org")
    assert "/invitations/" in (button.get_attribute("data-copy") or "")
    button.click()
    expect(button).to_have_text(re.compile("Copied|Press Ctrl"))
    page.get_by_role("button", name="the invitation of dora@example.org again").click()
    told(page, "dora@example.org")
    press(page, "Revoke the invitation of dora@example.org")
    told(page, "was revoked")
    assert not Invitation.objects.exists()
    assert [member.user for member in Member.objects.filter(project=project)] == [bob]


def test_a_reader_looks_and_leaves(
    visit: Visit, opened: Tab, bob: User, project: Project, check: Check
) -> None:
    make_member(project, bob, Role.READONLY)
    page = visit(bob)
    page.goto(settings(project))
    expect(
        page.get_by_role("navigation", name="Project settings").get_by_role("link")
    ).to_have_text(["General", "Team", "Leave or remove"])
    page.goto(f"/projects/{project.code}/checks/")
    page.get_by_role("link", name="Backup").first.click()
    expect(page.get_by_text("The ping address is hidden")).to_be_visible()
    assert "/cloaked/" in page.url
    page.goto(settings(project, "leave-or-remove/"))
    press(page, "Leave this project")
    told(page, "You have left Production.")
    assert not Member.objects.exists()


def test_a_project_is_handed_over(visit: Visit, alice: User, bob: User, project: Project) -> None:
    make_member(project, bob, Role.READONLY)
    page = visit(alice)
    page.goto(settings(project, "leave-or-remove/"))
    press(page, "Offer the project")
    told(page, "bob@example.org is asked")
    press(page, "Take the offer back")
    told(page, "You keep the project.")
    press(page, "Offer the project")
    page = visit(bob)
    page.goto(settings(project))
    press(page, "Decline")
    told(page, "You have declined.")
    page = visit(alice)
    page.goto(settings(project, "leave-or-remove/"))
    press(page, "Offer the project")
    page = visit(bob)
    page.goto(settings(project))
    press(page, "Take it over")
    told(page, "You own Production now.")
    project.refresh_from_db()
    assert project.owner == bob


def test_a_project_is_removed_and_brought_back(
    visit: Visit, opened: Tab, alice: User, project: Project
) -> None:
    page = visit(alice)
    page.goto(settings(project, "leave-or-remove/"))
    page.get_by_label("to go on").fill("no")
    press(page, "Remove project")
    expect(page.get_by_text("neither its name nor the word")).to_be_visible()
    opened.forgive("status of 422")
    for way_back in ("Undo", "Bring back Production"):
        page.goto(settings(project, "leave-or-remove/"))
        page.get_by_label("to go on").fill("Production")
        press(page, "Remove project")
        told(page, "Production was removed.")
        expect(page.locator(".projects")).not_to_contain_text("Production")
        press(page, way_back)
        told(page, "Production is back")
    project.refresh_from_db()
    assert project.removed is None


def test_the_activity_is_filtered(
    visit: Visit, alice: User, project: Project, check: Check
) -> None:
    keys.create_ping_key(project)
    page = visit(alice)
    page.goto(settings(project, "activity/"))
    expect(page.locator(".audit")).to_contain_text("made the check Backup")
    page.get_by_label("About").select_option("Keys")
    press(page, "Show")
    expect(page.locator(".audit-entry")).to_have_count(1)
    with page.expect_download() as csv:
        page.get_by_role("link", name="CSV").click()
    assert csv.value.suggested_filename.endswith(".csv")


def test_a_stranger_joins_by_a_link(
    visit: Visit, opened: Tab, alice: User, project: Project
) -> None:
    found = invitations.invite(project, "new@example.org", "w", alice, timezone.now())
    link = invitations.link(found, invitations.MAILED)
    page = opened.page
    page.goto(re.sub(r"^https?://[^/]+", "", link))
    press(page, "Make an account and join")
    page.wait_for_url(f"**/projects/{project.code}/checks/")
    assert Member.objects.get().user.email == "new@example.org"
    assert Profile.objects.get(user__email="new@example.org").tz == "Europe/Riga"
    assert AuditEntry.objects.filter(action="team.joined").exists()


def test_somebody_else_signs_out_and_declines(
    visit: Visit, opened: Tab, alice: User, bob: User, project: Project
) -> None:
    found = invitations.invite(project, "new@example.org", "w", alice, timezone.now())
    path = re.sub(r"^https?://[^/]+", "", invitations.link(found, invitations.MAILED))
    page = visit(bob)
    page.goto(path)
    press(page, "Sign out, and come back here")
    press(page, "Decline")
    expect(page.get_by_role("heading", name="Declined")).to_be_visible()
    assert not Invitation.objects.exists()
