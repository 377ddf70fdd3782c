"""The list of integrations, the messages through each, and what may be done to them."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from hc.accounts.models import Project, Role, User
from hc.accounts.services.projects import create_project
from hc.alerts import testing
from hc.api.models import Channel, Check, Notification
from hc.api.services import channels
from hc.integrations.email.config import EmailConfig
from tests.factories import make_check, make_email, make_group, make_member, make_webhook

SECOND = timedelta(seconds=1)
HTMX = {"HX-Request": "true"}


def list_of(project: Project) -> str:
    return f"/projects/{project.code}/integrations/"


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def hook(project: Project) -> Channel:
    return make_webhook(project, "https://hooks.example.org/x")


# --- The list ---------------------------------------------------------------------------------


def test_an_empty_list_says_what_that_means(as_alice: Client, project: Project) -> None:
    assert "Nobody is told" in page(as_alice, list_of(project))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, "Nothing sent yet"),
        ({"last_notify": timezone.now(), "last_notify_duration": SECOND}, "ago in 1.0 s"),
        ({"last_notify": timezone.now(), "last_error": "boom"}, "ago: boom"),
        ({"disabled": True, "last_error": "gone"}, "Switched off: gone"),
        ({"value": "{"}, "cannot be read"),
        ({"kind": "hipchat"}, "not offered any more"),
    ],
)
def test_the_list_says_how_each_channel_is(
    as_alice: Client, project: Project, hook: Channel, columns: dict[str, object], words: str
) -> None:
    Channel.objects.filter(pk=hook.pk).update(**columns)
    assert words in page(as_alice, list_of(project))


def test_a_mailbox_waits_for_its_confirmation(as_alice: Client, project: Project) -> None:
    channels.create(project, "email", EmailConfig(value="new@example.org"))
    assert "Waiting to be confirmed" in page(as_alice, list_of(project))


def test_groups_come_first_and_name_their_members(
    as_alice: Client, project: Project, hook: Channel
) -> None:
    make_group(project, hook, make_email(project))
    html = page(as_alice, list_of(project))
    assert "hooks.example.org, ops@example.org" in html
    assert html.index("<strong>Ops") < html.index("<strong>hooks.example.org")


def test_a_group_that_tells_nobody_says_so(
    as_alice: Client, project: Project, hook: Channel
) -> None:
    make_group(project, hook)
    channels.disable(hook.code)
    html = page(as_alice, list_of(project))
    assert "hooks.example.org (switched off)" in html
    assert "None of its members is switched on" in html


def test_the_list_counts_checks(as_alice: Client, project: Project, hook: Channel) -> None:
    make_check(project)
    hook.checks.clear()
    assert "0 of 1 check<" in page(as_alice, list_of(project))


def test_the_list_renews_itself_when_something_changed(
    as_alice: Client, project: Project, hook: Channel
) -> None:
    url = f"{list_of(project)}status/"
    tag = as_alice.get(url)["ETag"]
    assert as_alice.get(url, headers={"If-None-Match": tag}).status_code == 304
    Channel.objects.filter(pk=hook.pk).update(last_error="boom")
    assert as_alice.get(url, headers={"If-None-Match": tag}).status_code == 200
    assert Client().get(url).status_code == 403


def test_queries_do_not_grow_with_channels(as_alice: Client, project: Project) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(as_alice, list_of(project))
        return len(queries)

    def fill() -> None:
        hook = make_webhook(project)
        make_group(project, hook)
        testing.send_test(hook, timezone.now())

    fill()
    before = cost()
    for _ in range(5):
        fill()
    assert cost() == before


# --- Who may do what --------------------------------------------------------------------------

POSTS = [f"integrations/{{code}}/{action}/" for action in ("test", "enable", "disable", "name")]
PAGES = ["integrations/{code}/name/", "integrations/{code}/checks/"]


@pytest.mark.parametrize("path", POSTS)
def test_only_members_who_may_write_act(
    client: Client, project: Project, hook: Channel, bob: User, path: str
) -> None:
    url = "/" + path.format(code=hook.code)
    assert client.post(url).status_code == 302
    client.force_login(bob)
    assert client.post(url).status_code == 404
    make_member(project, bob, Role.READONLY)
    assert client.post(url).status_code == 403
    assert not Notification.objects.exists()


@pytest.mark.parametrize("path", PAGES)
def test_pages_to_change_things_need_the_right_to(
    client: Client, project: Project, hook: Channel, bob: User, path: str
) -> None:
    client.force_login(bob)
    make_member(project, bob, Role.READONLY)
    assert client.get("/" + path.format(code=hook.code)).status_code == 403


def test_read_only_members_see_everything(
    client: Client, project: Project, hook: Channel, bob: User
) -> None:
    client.force_login(bob)
    make_member(project, bob, Role.READONLY)
    html = page(client, list_of(project))
    assert "hooks.example.org" in html
    for word in ("Switch off", "Rename", "Add an integration", ">Test<", "Choose checks"):
        assert word not in html
    assert page(client, f"/integrations/{hook.code}/deliveries/")
    assert client.post(list_of(project), {"channel": str(hook.code)}).status_code == 403


@pytest.mark.parametrize("action", ["test", "enable", "disable"])
def test_actions_are_posted(as_alice: Client, hook: Channel, action: str) -> None:
    assert as_alice.get(f"/integrations/{hook.code}/{action}/").status_code == 405


# --- Test messages ----------------------------------------------------------------------------


def test_a_test_message_is_queued_and_followed(as_alice: Client, hook: Channel) -> None:
    html = as_alice.post(f"/integrations/{hook.code}/test/", headers=HTMX).content.decode()
    assert "waiting to be sent" in html
    url = f"/integrations/{hook.code}/test_status/"
    assert f'hx-get="{url}"' in html
    created = Notification.objects.get().created
    Notification.objects.update(
        state="sent", due=None, attempts=1, settled=created + timedelta(seconds=0.5)
    )
    html = page(as_alice, url)
    assert "Test message: delivered in 0.50 s" in html
    assert "hx-get" not in html
    assert Client().get(url).status_code == 403


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"state": "sending", "attempts": 1}, "being sent"),
        ({"state": "failed", "attempts": 3, "error": "boom"}, "boom (3 tries)"),
        ({"state": "queued", "attempts": 1, "error": "boom"}, "boom; try 2 at"),
    ],
)
def test_the_outcome_of_a_test_is_told(
    as_alice: Client, project: Project, hook: Channel, columns: dict[str, object], words: str
) -> None:
    testing.send_test(hook, timezone.now())
    Notification.objects.update(**columns)
    assert words in page(as_alice, list_of(project))


def test_an_old_test_is_not_shown(as_alice: Client, project: Project, hook: Channel) -> None:
    testing.send_test(hook, timezone.now() - timedelta(minutes=11))
    assert "Test message" not in page(as_alice, list_of(project))


def test_testing_works_without_a_script(as_alice: Client, project: Project, hook: Channel) -> None:
    response = as_alice.post(f"/integrations/{hook.code}/test/")
    assert response["Location"] == list_of(project)
    assert "on its way" in page(as_alice, list_of(project))


def test_too_many_tests_are_refused(as_alice: Client, hook: Channel) -> None:
    url = f"/integrations/{hook.code}/test/"
    for _ in range(10):
        as_alice.post(url, headers=HTMX)
    assert "Wait a minute" in as_alice.post(url, headers=HTMX).content.decode()
    assert "Wait a minute" in as_alice.post(url, follow=True).content.decode()
    assert Notification.objects.count() == 1


# --- Switching --------------------------------------------------------------------------------


def test_a_channel_is_switched_off_and_on(as_alice: Client, hook: Channel) -> None:
    as_alice.post(f"/integrations/{hook.code}/disable/")
    hook.refresh_from_db()
    assert hook.disabled
    as_alice.post(f"/integrations/{hook.code}/enable/")
    hook.refresh_from_db()
    assert not hook.disabled


def test_a_mailbox_that_stopped_our_mails_is_asked_anew(as_alice: Client, project: Project) -> None:
    mail = make_email(project)
    channels.disable(mail.code)
    response = as_alice.post(f"/integrations/{mail.code}/enable/")
    assert response["Location"] == f"/integrations/{mail.code}/edit/"
    mail.refresh_from_db()
    assert mail.disabled
    as_alice.post(response["Location"], {"address": "ops@example.org", "down": "on", "up": "on"})
    mail.refresh_from_db()
    assert (mail.disabled, mail.email_verified) == (False, False)


# --- Renaming ---------------------------------------------------------------------------------


def test_a_channel_is_renamed(as_alice: Client, project: Project, hook: Channel) -> None:
    url = f"/integrations/{hook.code}/name/"
    assert "Rename hooks.example.org" in page(as_alice, url)
    assert as_alice.post(url, {"name": "  Night\tshift "})["Location"] == list_of(project)
    assert "<strong>Night shift</strong>" in page(as_alice, list_of(project))
    as_alice.post(url, {"name": ""})
    assert "<strong>hooks.example.org</strong>" in page(as_alice, list_of(project))


def test_a_name_that_is_too_long_is_refused_with_words(as_alice: Client, hook: Channel) -> None:
    response = as_alice.post(f"/integrations/{hook.code}/name/", {"name": "x" * 101})
    assert response.status_code == 422
    assert "at most 100 characters" in response.content.decode()
    hook.refresh_from_db()
    assert hook.name == ""


# --- Choosing checks --------------------------------------------------------------------------


def test_the_checks_of_a_channel_are_chosen(
    as_alice: Client, project: Project, check: Check, hook: Channel
) -> None:
    other = make_check(project, name="Mail queue")
    html = page(as_alice, f"/integrations/{hook.code}/checks/")
    assert f'name="check-{check.code}" checked' in html
    form = {"channel": str(hook.code), f"check-{other.code}": "on"}
    assert as_alice.post(list_of(project), form).status_code == 302
    assert list(hook.checks.all()) == [other]
    assert "1 check alerts through hooks.example.org." in page(as_alice, list_of(project))
    as_alice.post(list_of(project), {"channel": str(hook.code)})
    assert not hook.checks.exists()


def test_a_project_without_checks_has_nothing_to_choose(as_alice: Client, hook: Channel) -> None:
    assert "No checks yet" in page(as_alice, f"/integrations/{hook.code}/checks/")


def test_what_belongs_to_others_is_refused(
    as_alice: Client, project: Project, check: Check, hook: Channel, bob: User
) -> None:
    foreign = make_check(create_project("Bob's", bob))
    url = list_of(project)
    for form, status in (
        ({"channel": str(hook.code), f"check-{foreign.code}": "on"}, 403),
        ({"channel": str(uuid4())}, 403),
        ({"channel": "x"}, 400),
        ({}, 400),
        ({"channel": str(hook.code), "check-x": "on"}, 400),
    ):
        assert as_alice.post(url, form).status_code == status
    assert list(hook.checks.all()) == [check]


def test_what_is_switched_off_on_the_server_cannot_be_edited(
    as_alice: Client, project: Project, hook: Channel, settings: Settings
) -> None:
    settings.INTEGRATIONS = {"WEBHOOKS_ENABLED": False}
    html = page(as_alice, list_of(project))
    assert "hooks.example.org" in html
    assert f"/integrations/{hook.code}/edit/" not in html
    assert f"/integrations/{hook.code}/test/" not in html


# --- Health, and what others do meanwhile -----------------------------------------------------


def test_a_failing_channel_says_when_it_worked_last(
    as_alice: Client, project: Project, hook: Channel
) -> None:
    Channel.objects.filter(pk=hook.pk).update(last_error="HTTP 500", last_notify=timezone.now())
    assert "Nothing has arrived yet" in page(as_alice, list_of(project))
    check = make_check(project)
    at = timezone.now() - timedelta(hours=3)
    Notification.objects.create(
        channel=hook, owner=check, check_status="down", state="sent", created=at
    )
    assert "3 h</time> ago" in page(as_alice, list_of(project)).partition("Delivered last")[2]


def test_what_others_assigned_meanwhile_stays(
    as_alice: Client, project: Project, hook: Channel
) -> None:
    seen = [make_check(project, name=name) for name in ("a", "b")]
    hook.checks.set(seen)
    html = page(as_alice, f"/integrations/{hook.code}/checks/")
    was = html.partition('name="was" value="')[2].partition('"')[0]
    assert set(was.split()) == {str(check.code) for check in seen}
    later = make_check(project, name="c")
    hook.checks.add(later)
    form = {"channel": str(hook.code), "was": was, f"check-{seen[0].code}": "on"}
    as_alice.post(list_of(project), form)
    assert set(hook.checks.all()) == {seen[0], later}


def test_many_checks_can_be_filtered(as_alice: Client, project: Project, hook: Channel) -> None:
    for n in range(11):
        make_check(project, name=f"Job {n}")
    assert 'data-filters="#choices"' in page(as_alice, f"/integrations/{hook.code}/checks/")
