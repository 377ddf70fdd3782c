"""The pages of integrations, used in a real browser."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from hc.accounts.models import Project
from hc.api.models import Channel, Check, Notification
from tests.factories import make_check, make_group, make_webhook

SECOND = timedelta(seconds=1)


def open_list(page: Page, project: Project) -> None:
    page.goto(f"/projects/{project.code}/integrations/")


def open_menu(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"More for {name}").click()


def end_test(**columns: object) -> None:
    """What the alert loop would do with the message that waits."""
    now = timezone.now()
    Notification.objects.update(**{"due": None, "attempts": 1, "settled": now} | columns)


def test_integrations_are_added_edited_and_removed(page: Page, project: Project) -> None:
    open_list(page, project)
    page.get_by_role("link", name="Add Webhook").click()
    page.locator("[name=url_down]").fill("example.org/hook")
    page.get_by_role("button", name="Add webhook").click()
    expect(page.get_by_text("All checks of this project alert through it.")).to_be_visible()
    open_menu(page, "example.org")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Name", exact=True).fill("Ops")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Ops", exact=True)).to_be_visible()
    open_menu(page, "Ops")
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Nobody is told")).to_be_visible()
    assert not Channel.objects.filter(project=project).exists()


def test_a_group_is_made_of_what_there_is(page: Page, project: Project) -> None:
    make_webhook(project)
    open_list(page, project)
    page.get_by_role("link", name="Add Group").click()
    page.get_by_label("Name", exact=True).fill("Night shift")
    page.get_by_label("example.org").check()
    page.get_by_role("button", name="Add group").click()
    row = page.locator(".integration", has_text="Night shift").first
    expect(row).to_contain_text("example.org")


def test_the_outcome_of_a_test_appears_by_itself(page: Page, project: Project) -> None:
    make_webhook(project)
    open_list(page, project)
    row = page.locator(".integration").first
    test = row.get_by_role("button", name="Send a test message")
    test.click()
    expect(row).to_contain_text("Test message: waiting to be sent")
    end_test(state="failed", error="Received status code 404")
    expect(row).to_contain_text("Test message: Received status code 404")
    expect(test).to_be_focused()
    test.click()
    expect(row).to_contain_text("Test message: waiting to be sent")
    end_test(state="sent")
    expect(row).to_contain_text("Test message: delivered in")


def test_the_list_renews_itself(page: Page, project: Project) -> None:
    hook = make_webhook(project)
    open_list(page, project)
    row = page.locator(".integration").first
    expect(row).to_contain_text("Nothing sent yet")
    Channel.objects.filter(pk=hook.pk).update(last_notify=timezone.now(), last_error="Boom")
    expect(row).to_contain_text("Last message failed")
    expect(row).to_contain_text("Boom")


def test_an_integration_is_switched_off_and_on(page: Page, project: Project) -> None:
    hook = make_webhook(project)
    open_list(page, project)
    open_menu(page, "example.org")
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("nothing is sent to it.")).to_be_visible()
    open_menu(page, "example.org")
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("example.org is switched on.")).to_be_visible()
    hook.refresh_from_db()
    assert not hook.disabled


def test_an_integration_is_renamed(page: Page, project: Project) -> None:
    make_webhook(project)
    open_list(page, project)
    open_menu(page, "example.org")
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Name").fill("Incidents")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Incidents", exact=True)).to_be_visible()


def test_the_checks_of_an_integration_are_chosen(
    page: Page, project: Project, check: Check
) -> None:
    make_check(project, name="Mail queue")
    hook = make_webhook(project)
    open_list(page, project)
    page.get_by_role("link", name="2 of 2 checks").click()
    expect(page.get_by_text("2 of 2 chosen")).to_be_visible()
    page.get_by_role("button", name="None").click()
    expect(page.get_by_text("0 of 2 chosen")).to_be_visible()
    page.get_by_label("Backup").check()
    expect(page.get_by_text("1 of 2 chosen")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="1 of 2 checks")).to_be_visible()
    assert list(hook.checks.all()) == [check]


def test_the_messages_of_an_integration_renew_themselves(
    page: Page, project: Project, check: Check
) -> None:
    hook = make_webhook(project)
    make_group(project, hook)
    open_list(page, project)
    page.get_by_role("link", name="Messages through example.org").click()
    expect(page.get_by_text("Nothing has been sent yet.")).to_be_visible()
    row = Notification.objects.create(
        channel=hook, owner=check, check_status="down", state="queued", attempts=1, error="Boom"
    )
    line = page.locator(".delivery")
    expect(line).to_contain_text("Backup")
    Notification.objects.filter(pk=row.pk).update(due=timezone.now())
    expect(line).to_contain_text("Boom; try 2 at")
    Notification.objects.filter(pk=row.pk).update(
        state="sent", error="", settled=row.created + SECOND
    )
    expect(line).to_contain_text("Delivered in 1.0 s")
    line.get_by_role("link", name="Backup").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Backup")
