"""axe finds nothing on any page, in both themes, on a desk and on a phone."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django import Settings

from hc.accounts.models import (
    Credential,
    EmailChange,
    Profile,
    Project,
    Role,
    Scope,
    User,
)
from hc.accounts.services import email_change, invitations, keys, projects, transfer
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
from hc.accounts.services.sessions import Origin, begin
from hc.accounts.services.setup import setup_token
from hc.api.models import Channel, Check, Notification
from hc.api.services import checks
from hc.core.state import Kind
from hc.lib.signing import unsubscribe_token
from hc.pings.event import PingEvent
from hc.pings.writer import record
from tests.browser import Tab
from tests.e2e.conftest import confirm, sign_in
from tests.factories import (
    PASSWORD,
    make_check,
    make_cron_check,
    make_email,
    make_group,
    make_member,
    make_webhook,
)
from tests.factors import give_codes, give_totp

MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest, page: Page) -> str:
    Profile.objects.update(theme="" if request.param == "light" else "dark")
    return str(request.param)


@pytest.fixture
def busy(project: Project) -> Check:
    """A project with a check in every state; the one that is down has a log."""
    hook = make_webhook(project)
    make_group(project, hook, make_email(project))
    now = timezone.now()

    def ping(check: Check, kind: Kind, ago: timedelta, body: bytes = b"") -> None:
        event = PingEvent(check.code, now - ago, kind, method="POST", ua="curl/8", body=body)
        record([event], now - ago)

    down = make_cron_check(
        project,
        "15 1 * * 1-5",
        "Asia/Tokyo",
        name="Invoices",
        tags="billing prod",
        desc="See wiki.",
    )
    for n in range(6, 0, -1):
        ping(down, Kind.START, n * 10 * MINUTE)
        ping(down, Kind.SUCCESS if n > 1 else Kind.FAIL, n * 10 * MINUTE - MINUTE, b"rows: 214")
    ping(down, Kind.LOG, MINUTE)
    ping(make_check(project, name="Fine", tags="prod"), Kind.SUCCESS, MINUTE)
    ping(make_check(project, name="Late"), Kind.SUCCESS, timedelta(days=1, minutes=9))
    ping(make_check(project, name="Running"), Kind.START, MINUTE)
    paused = make_check(project, name="Paused")
    ping(paused, Kind.SUCCESS, MINUTE)
    checks.pause(paused.code, now)
    make_check(project)
    first = Notification.objects.order_by("pk").first()
    assert first
    Notification.objects.filter(pk=first.pk).update(
        state="queued", attempts=2, error="Connection failed", due=now
    )
    return down


def violations(page: Page) -> list[str]:
    found: Any = Axe().run(page).response["violations"]
    return [f"{v['id']}: {n['target']} {n['failureSummary']}" for v in found for n in v["nodes"]]


def assert_sound(page: Page, path: str) -> None:
    page.goto(path)
    assert violations(page) == []
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) <= 0, "the page scrolls sideways"
    assert page.locator("h1").count() == 1


PAGES = [
    "/",
    "/projects/add/",
    "/accounts/profile/notifications/",
    "/projects/{project}/checks/",
    "/projects/{project}/checks/?status=paused&tag=nope",
    "/projects/{project}/checks/add/",
    "/checks/{check}/details/",
    "/checks/{check}/edit/",
    "/checks/{check}/remove/",
    "/checks/{check}/log/",
    "/checks/{check}/log/?kind=fail&text=rows",
    "/checks/{check}/pings/12/",
    "/checks/{check}/transfer/",
    "/checks/{check}/clear_events/",
    "/checks/{check}/filtering_rules/",
    "/projects/{project}/integrations/",
    "/projects/{project}/badges/",
    "/projects/{project}/badges/?target=tag&tag=prod&fmt=json",
    "/docs/python/",
    "/projects/{project}/add_email/",
    "/projects/{project}/add_webhook/",
    "/projects/{project}/add_group/",
    "/integrations/{channel}/deliveries/",
    "/integrations/{channel}/checks/",
    "/integrations/{channel}/name/",
    "/integrations/{channel}/remove/",
]


@pytest.mark.parametrize("path", PAGES)
def test_pages_for_members(page: Page, theme: str, busy: Check, path: str) -> None:
    channel = Channel.objects.filter(project=busy.project, kind="webhook").get()
    codes = {"project": busy.project.code, "check": busy.code, "channel": channel.code}
    assert_sound(page, path.format(**codes))


def test_a_page_that_does_not_exist(opened: Tab, page: Page, theme: str) -> None:
    assert_sound(page, "/nothing/")
    opened.forgive("status of 404")


def test_a_form_with_errors(page: Page, theme: str, project: Project, opened: Tab) -> None:
    page.goto(f"/projects/{project.code}/checks/add/")
    page.get_by_label("Grace time").fill("soon")
    page.get_by_role("button", name="Add check").click()
    page.get_by_text("Write it like").wait_for()
    assert violations(page) == []
    opened.forgive("status of 422")


@pytest.mark.parametrize("menu", ["Account", "More", "Invoices"])
def test_open_menus(page: Page, theme: str, busy: Check, menu: str) -> None:
    page.goto(f"/checks/{busy.code}/details/")
    name = "Production" if menu == "Invoices" else menu
    page.get_by_role("button", name=name).click()
    page.locator("[popover]:popover-open").wait_for()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/accounts/login_link_sent/",
        "/accounts/signup/",
        "/accounts/check_token/x/y/",
        "/integrations/{code}/unsub/{token}/",
        "/docs/api/",
        "/docs/introduction/",
        "/docs/configuring_prometheus/",
        "/docs/self_hosted_configuration/",
        "/docs/cron/",
        "/docs/search/?q=overlapping",
        "/tv/",
    ],
)
def test_pages_for_visitors(opened: Tab, project: Project, scheme: Any, path: str) -> None:
    channel = make_email(project)
    opened.page.emulate_media(color_scheme=scheme)
    token = unsubscribe_token(channel.code)
    assert_sound(opened.page, path.format(code=channel.code, token=token))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_set_up_page(opened: Tab, transactional_db: None, scheme: Any) -> None:
    opened.page.emulate_media(color_scheme=scheme)
    assert_sound(opened.page, f"/setup/{setup_token()}/")
    assert_sound(opened.page, "/accounts/login/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_forms_of_the_api_page(opened: Tab, transactional_db: None, scheme: Any) -> None:
    opened.page.emulate_media(color_scheme=scheme)
    opened.page.goto("/docs/api/")
    opened.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert violations(opened.page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_wall_board(opened: Tab, busy: Check, scheme: Any) -> None:
    opened.page.emulate_media(color_scheme=scheme)
    _, key = keys.create_key(busy.project, Scope.READONLY)
    opened.page.goto(f"/tv/#{key}=Shop&hcw_x=Other")
    opened.page.locator(".tv-down").first.wait_for()
    assert violations(opened.page) == []


@pytest.fixture
def guarded(page: Page, settings: Settings) -> User:
    """Alice with two keys, an app, recovery codes and two sessions."""
    settings.RP_ID = "localhost"
    alice, now = User.objects.get(), timezone.now()
    give_totp(alice)
    give_codes(alice)
    Credential.objects.create(user=alice, name="Blue key ring", data=b"", is_passkey=True)
    Credential.objects.create(user=alice, name="A" * 100, data=b"", last_used=now)
    sign_in(page.context.browser.new_context(), alice)  # type: ignore[union-attr]  # launched by us
    for session in Session.objects.all():
        origin = Origin("password", "2001:db8::5", "Firefox/140.0 on Windows")
        begin(alice, session.session_key, origin, now)
    return alice


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/profile/security/",
        "/accounts/two_factor/webauthn/",
        "/accounts/two_factor/totp/",
        "/accounts/two_factor/totp/remove/",
        "/accounts/two_factor/recovery/",
    ],
)
@pytest.mark.parametrize("is_confirmed", [True, False])
def test_pages_of_second_factors(
    page: Page, theme: str, guarded: User, path: str, is_confirmed: bool
) -> None:
    if path.endswith("totp/") and is_confirmed:
        Profile.objects.update(totp=None)
    if is_confirmed:
        confirm(page.context)
    assert_sound(page, path)


def test_recovery_codes_as_they_are_shown(page: Page, theme: str, guarded: User) -> None:
    confirm(page.context)
    page.goto("/accounts/two_factor/recovery/")
    page.get_by_role("button", name="Make ten new codes").click()
    page.get_by_text("They are shown this once.").wait_for()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("step", ["", "totp/", "recovery/"])
def test_the_second_step(opened: Tab, page: Page, guarded: User, scheme: Any, step: str) -> None:
    page.context.clear_cookies()
    page.emulate_media(color_scheme=scheme)
    page.goto("/accounts/login/")
    page.get_by_label("E-mail address").first.fill(guarded.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/two_factor/**")
    assert_sound(page, f"/accounts/login/two_factor/{step}")


@pytest.fixture
def team(project: Project) -> Project:
    """A project with keys, members, invitations, an offer to somebody, and another removed."""
    owner, now = project.owner, timezone.now()
    for email, role in (("bob@example.org", Role.MANAGER), ("carol@example.org", Role.READONLY)):
        make_member(project, create_account(email), role)
    keys.create_key(project, Scope.READONLY, name="Wall", expires=now - MINUTE)
    keys.create_api_key(project)
    keys.create_ping_key(project)
    invitations.invite(project, "dora@example.org", "w", owner, now)
    invitations.invite(project, "old@example.org", "r", owner, now - timedelta(days=9))
    projects.remove(create_project("Staging", owner), now)
    return project


@pytest.mark.parametrize("part", ["", "keys/", "team/", "activity/", "leave-or-remove/", None])
def test_the_settings_of_a_project(page: Page, theme: str, team: Project, part: str | None) -> None:
    assert_sound(page, "/" if part is None else f"/projects/{team.code}/settings/{part}")


def test_what_somebody_who_is_asked_to_take_over_sees(
    opened: Tab, page: Page, theme: str, team: Project
) -> None:
    carol = User.objects.get(email="carol@example.org")
    transfer.start(team, carol.pk, team.owner, timezone.now())
    sign_in(opened.page.context, carol)
    for part in ("", "team/", "leave-or-remove/"):
        assert_sound(page, f"/projects/{team.code}/settings/{part}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", [invitations.MAILED, invitations.COPIED, "wrong"])
def test_invitations(opened: Tab, team: Project, scheme: Any, kind: str) -> None:
    opened.page.emulate_media(color_scheme=scheme)
    found = team.invitations.get(email="dora@example.org")
    path = urlsplit(invitations.link(found, kind)).path
    assert_sound(opened.page, path)
    opened.forgive("status of 410")


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/profile/",
        "/accounts/profile/appearance/",
        "/accounts/profile/keys/",
        "/accounts/profile/activity/",
        "/accounts/set_password/",
        "/accounts/change_email/",
        "/accounts/close/",
    ],
)
def test_the_pages_of_an_account(page: Page, theme: str, team: Project, path: str) -> None:
    owner, now = team.owner, timezone.now()
    keys.create_key(owner, Scope.ACCOUNT, name="Terraform", expires=now - MINUTE)
    theirs = create_project("Theirs", User.objects.get(email="bob@example.org"))
    make_member(theirs, owner, Role.REGULAR)
    email_change.request(owner, "alice@new.example", now)
    Profile.objects.filter(user=owner).update(close_requested=now)
    confirm(page.context)
    assert_sound(page, path)


def test_the_links_of_a_change_of_address(page: Page, theme: str, project: Project) -> None:
    owner, now = project.owner, timezone.now()
    email_change.request(owner, "alice@new.example", now)
    EmailChange.objects.update(digest=hashlib.sha256(b"one").hexdigest())
    assert_sound(page, "/accounts/change_email/one/")
    undo = hashlib.sha256(b"two").hexdigest()
    EmailChange.objects.update(confirmed=now, undo_digest=undo)
    assert_sound(page, "/accounts/change_email/undo/two/")
