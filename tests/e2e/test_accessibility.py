"""axe finds nothing on any page, in both themes, on a desk and on a phone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page

from hc.accounts.models import Profile, Project
from hc.accounts.services.setup import setup_token
from hc.api.models import Channel, Check, Notification
from hc.api.services import checks
from hc.core.state import Kind
from hc.lib.signing import unsubscribe_token
from hc.pings.event import PingEvent
from hc.pings.writer import record
from tests.browser import Tab
from tests.factories import make_check, make_cron_check, make_email, make_group, make_webhook

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
    "/projects/{project}/integrations/",
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
    assert [c for c in opened.complaints if "404" not in c] == []
    opened.complaints.clear()


def test_a_form_with_errors(page: Page, theme: str, project: Project, opened: Tab) -> None:
    page.goto(f"/projects/{project.code}/checks/add/")
    page.get_by_label("Grace time").fill("soon")
    page.get_by_role("button", name="Add check").click()
    page.get_by_text("Write it like").wait_for()
    assert violations(page) == []
    opened.complaints.clear()  # the status 422


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
