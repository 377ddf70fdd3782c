"""The check page, its log, the panel for pings, and what is done to one check, by hand."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from hc.accounts.models import Profile, Project, Role, User
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
from hc.api.models import Check, Ping
from hc.core.state import Kind
from hc.pings.event import MailText, PingEvent
from hc.pings.writer import record
from tests.browser import OpenTab, Tab
from tests.e2e.conftest import sign_in
from tests.factories import make_cron_check, make_member, make_webhook

RIGA = ZoneInfo("Europe/Riga")
MAIL = (
    b"From: bot@example.org\nSubject: Done\nContent-Type: multipart/alternative; boundary=A\n\n"
    b"--A\nContent-Type: text/plain\n\nplain words\n"
    b"--A\nContent-Type: text/html\n\n<p>Hello <b>there</b></p>\n--A--\n"
)


def ping(check: Check, kind: Kind = Kind.SUCCESS, ago: float = 0, body: bytes = b"") -> None:
    at = timezone.now() - timedelta(seconds=ago)
    record([PingEvent(check.code, at, kind, method="POST", ua="curl/8", body=body)], at)


def open_check(page: Page, check: Check, rest: str = "details/") -> None:
    page.goto(f"/checks/{check.code}/{rest}")


def side(page: Page) -> Locator:
    return page.locator("dialog.side[open]")


def choose(page: Page, name: str) -> None:
    """An entry of the menu behind the three dots."""
    page.get_by_role("button", name="More").click()
    page.locator("#check-menu").get_by_text(name).click()


# --- The page ---------------------------------------------------------------------------------


def test_pinging_now(page: Page, check: Check) -> None:
    open_check(page, check)
    page.get_by_role("button", name="Ping now").click()
    expect(page.locator("#ping-now")).to_contain_text("Pinged")
    expect(page.locator(".status-pill")).to_contain_text("Up")
    expect(page.locator("#ping-1")).to_be_visible()


def test_spans_of_the_chart_and_its_table(page: Page, check: Check) -> None:
    for ago in (3000, 2000, 1000):
        ping(check, ago=ago)
    open_check(page, check)
    chart = page.locator("[data-chart]:visible")
    for label, words in (("24 h", "24 hours"), ("12 months", "12 months"), ("30 days", "30 days")):
        page.locator(".runs label", has_text=label).click()
        expect(chart).to_have_count(1)
        expect(chart.get_by_role("img")).to_have_accessible_name(re.compile(words))
    chart.get_by_text("As a table").click()
    expect(chart.get_by_role("cell", name="3 runs")).to_be_visible()
    ping(check)
    expect(chart.get_by_role("cell", name="4 runs")).to_be_visible()  # open, and renewed


def test_the_style_of_the_address(page: Page, check: Check, project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(ping_key="k" * 22)
    Check.objects.filter(pk=check.pk).update(slug="backup")
    open_check(page, check)
    page.get_by_role("button", name="Slug").click()
    expect(page.locator("#ping-url")).to_contain_text("/backup")
    page.get_by_role("button", name="UUID").click()
    expect(page.locator("#ping-url")).to_contain_text(str(check.code))


@pytest.mark.parametrize("label", ["curl", "Node", "Go", "PHP", "systemd"])
def test_more_snippets(page: Page, check: Check, label: str) -> None:
    open_check(page, check)
    page.locator(".snippet-tabs label", has_text=re.compile(f"^{label}$")).click()
    shown = page.locator(".snippet:visible")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text(str(check.code))


def test_the_zone_of_the_browser_is_offered(page: Page, project: Project) -> None:
    """The browser is in Riga; the person reads times in UTC."""
    Profile.objects.update(tz="UTC")
    check = make_cron_check(project, "15 1 * * *", name="Invoices")
    now = timezone.now()
    days = [(now - timedelta(days=n)).astimezone(RIGA) for n in range(6, 0, -1)]
    begins = [day.replace(hour=1, minute=15, second=3).astimezone(UTC) for day in days]
    record([PingEvent(check.code, at) for at in begins], now)
    open_check(page, check)
    expect(page.get_by_text("Does this job run by another clock?")).to_be_visible()
    page.get_by_role("button", name="Use Europe/Riga").click()
    expect(page.get_by_text("follows the clock of Europe/Riga now")).to_be_visible()
    check.refresh_from_db()
    assert check.tz == "Europe/Riga"


def test_taking_back_a_pause(page: Page, check: Check) -> None:
    ping(check)
    open_check(page, check)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".status-pill")).to_contain_text("Paused")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".status-pill")).to_contain_text("Up")


# --- The side panel ---------------------------------------------------------------------------


def test_editing_at_the_side(opened: Tab, page: Page, check: Check) -> None:
    open_check(page, check)
    page.get_by_role("link", name="Edit").first.click()
    panel = side(page)
    expect(panel.get_by_label("Name")).to_be_focused()
    panel.get_by_label("Grace time").fill("soon")
    panel.get_by_role("button", name="Save changes").click()
    expect(panel.get_by_text("Write it like")).to_be_visible()
    expect(panel.get_by_label("Grace time")).to_have_value("soon")
    opened.forgive("status of 422")
    panel.get_by_label("Grace time").fill("90 min")
    expect(panel.locator("#preview")).to_contain_text("1 hour 30 minutes")
    panel.get_by_role("button", name="Save changes").click()
    expect(panel).to_be_hidden()
    expect(page.locator("aside .facts")).to_contain_text("1 hour 30 minutes")


def test_what_was_typed_is_not_lost_by_accident(page: Page, check: Check) -> None:
    open_check(page, check)
    page.get_by_role("link", name="Edit").first.click()
    side(page).get_by_label("Name").fill("Half a na")
    answers: list[str] = []

    def stay(dialog: object) -> None:
        answers.append("asked")
        getattr(dialog, "dismiss")()  # noqa: B009 - playwright's type has no common base

    page.on("dialog", stay)
    page.get_by_role("button", name="Close").click()
    expect(side(page).get_by_label("Name")).to_have_value("Half a na")
    assert answers == ["asked"]


def test_the_panel_by_keyboard(page: Page, check: Check) -> None:
    open_check(page, check)
    page.locator("#edit").focus()
    page.keyboard.press("Enter")
    expect(side(page).get_by_label("Name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(side(page)).to_be_hidden()
    expect(page.locator("#edit")).to_be_focused()


def test_two_people_edit(opened: Tab, page: Page, check: Check) -> None:
    open_check(page, check)
    page.get_by_role("link", name="Edit").first.click()
    panel = side(page)
    panel.get_by_label("Name").fill("Mine")
    Check.objects.update(name="Theirs")
    panel.get_by_role("button", name="Save changes").click()
    expect(panel.get_by_text("Somebody else has set this to “Theirs”.")).to_be_visible()
    expect(panel.get_by_label("Name")).to_have_value("Mine")
    opened.forgive("status of 409")
    panel.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mine")


def test_rules_copy_move_and_clear(page: Page, check: Check, alice: User) -> None:
    create_project("Staging", alice)
    ping(check)
    open_check(page, check)
    choose(page, "Which pings count")
    side(page).get_by_label("the body of requests").check()
    side(page).get_by_label("Failure").fill("ERR")
    side(page).get_by_role("button", name="Save the rules").click()
    expect(page.locator("aside .facts")).to_contain_text("judged by keywords")
    choose(page, "Clear its log")
    side(page).get_by_role("button", name="Clear the log").click()
    expect(page.get_by_text("The log of Backup is empty.")).to_be_visible()
    expect(page.get_by_text("Nothing has happened yet.")).to_be_visible()
    choose(page, "Move to another project")
    side(page).get_by_label("To the project").select_option("Staging")
    side(page).get_by_role("button", name="Move the check").click()
    expect(page.get_by_text("Backup is in Staging now.")).to_be_visible()
    choose(page, "Copy this check")
    expect(page.get_by_role("heading", level=1)).to_have_text("Backup (copy)")


# --- Pings ------------------------------------------------------------------------------------


def test_a_ping_at_the_side(page: Page, check: Check) -> None:
    for n in range(3):
        ping(check, ago=30 - n, body=b'{"rows":%d}' % n)
    open_check(page, check)
    page.get_by_role("link", name="Success, ping 2").click()
    panel = side(page)
    expect(panel.get_by_role("heading", name="Ping #2")).to_be_visible()
    expect(page).to_have_url(re.compile("#ping-2$"))
    expect(panel.locator("[data-form=pretty]")).to_contain_text('"rows": 1')
    panel.locator("label", has_text="Raw").click()
    expect(panel.locator("#body-raw")).to_have_text('{"rows":1}')
    panel.get_by_label("Wrap lines").uncheck()
    assert panel.locator("#body-raw").evaluate("e => getComputedStyle(e).whiteSpace") == "pre"
    panel.get_by_role("button", name="Copy").click()
    page.wait_for_function("navigator.clipboard.readText().then(t => t === '{\"rows\":1}')")
    with page.expect_download() as download:
        panel.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == f"{check.code}-2.txt"
    panel.get_by_role("link", name="Next").click()
    expect(panel.get_by_role("heading", name="Ping #3")).to_be_visible()
    panel.get_by_role("heading", name="Ping #3").click()
    page.keyboard.press("ArrowLeft")
    expect(panel.get_by_role("heading", name="Ping #2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page).to_have_url(re.compile("details/$"))


def test_links_in_old_mails_open_their_ping(opened: Tab, page: Page, check: Check) -> None:
    ping(check, body=b"rows")
    open_check(page, check, "details/#ping-1")
    expect(side(page).get_by_role("heading", name="Ping #1")).to_be_visible()
    open_check(page, check, "log/#ping-1")
    expect(side(page).get_by_role("heading", name="Ping #1")).to_be_visible()
    open_check(page, check, "log/#ping-77")
    expect(side(page).get_by_text("This is not kept any more.")).to_be_visible()
    opened.forgive("status of 404")


def test_a_mail_in_its_frame(opened: Tab, page: Page, check: Check) -> None:
    now = timezone.now()
    record(
        [PingEvent(check.code, now, scheme="email", ua="bot", body=MAIL, mail=MailText("", ""))],
        now,
    )
    open_check(page, check, "pings/1/")
    frame = page.frame_locator("iframe")
    expect(frame.locator("b")).to_have_text("there")
    page.get_by_role("link", name="Load them").click()
    page.wait_for_timeout(300)
    expect(frame.locator("b")).to_have_text("there")
    page.locator("label", has_text="Text").click()
    expect(page.locator("[data-form=text]")).to_have_text("plain words")
    page.locator("label", has_text="Raw").click()
    expect(page.locator("#body-raw")).to_contain_text("multipart/alternative")
    opened.forgive("Blocked script execution")  # of tests/tools/validity/watch.js, in the frame


# --- The log ----------------------------------------------------------------------------------


def test_the_log_is_live_and_has_no_end(page: Page, check: Check) -> None:
    Profile.objects.update(ping_log_limit=500)
    now = timezone.now()
    record([PingEvent(check.code, now - timedelta(minutes=n)) for n in range(120, 0, -1)], now)
    open_check(page, check, "log/")
    events = page.locator(".event")
    expect(events).to_have_count(50)
    page.get_by_role("link", name="Show older events").click()
    expect(events).to_have_count(100)
    ping(check, Kind.FAIL, body=b"broken")
    expect(events.first).to_contain_text("Down")
    expect(page.locator("#ping-121")).to_contain_text("broken")
    expect(events).to_have_count(102)
    page.get_by_role("link", name="Show older events").click()
    expect(page.get_by_text("That is the beginning.")).to_be_visible()
    keys = events.evaluate_all("all => all.map((one) => one.id)")
    assert len(keys) == len(set(keys)) == Ping.objects.count() + 2


def test_filters_search_dates_and_zones(page: Page, check: Check, project: Project) -> None:
    make_webhook(project)
    Check.objects.update(created=timezone.now() - timedelta(days=9))
    ping(check, ago=3 * 86_400, body=b"the first")
    ping(check, Kind.FAIL, ago=60, body=b"disk full")
    open_check(page, check, "log/")
    page.get_by_label("Kinds of events").get_by_role("link", name="Failure").click()
    expect(page.locator(".event")).to_have_count(1)
    page.get_by_role("link", name="All", exact=True).click()
    page.get_by_label("Search the bodies of pings").fill("THE FIRST")
    page.keyboard.press("Enter")
    expect(page.locator(".event")).to_have_count(1)
    page.get_by_role("link", name="Show the newest").click()
    date = (timezone.now() - timedelta(days=2)).strftime("%Y-%m-%d")
    page.get_by_label("Up to this date").fill(date)
    page.get_by_role("button", name="Go").click()
    expect(page.locator("#ping-1")).to_be_visible()
    expect(page.locator("#ping-2")).to_have_count(0)
    page.get_by_role("link", name="UTC").click()
    expect(page).to_have_url(re.compile("zone=UTC"))


def test_the_log_by_keyboard(page: Page, check: Check) -> None:
    for ago in (30, 20):
        ping(check, ago=ago)
    open_check(page, check, "log/")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Success, ping 2")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Success, ping 1")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(side(page).get_by_role("heading", name="Ping #2")).to_be_visible()


# --- Others -----------------------------------------------------------------------------------


def test_a_reader_sees_all_and_changes_nothing(opened: Tab, check: Check, project: Project) -> None:
    reader = create_account("reader@example.org", password="x" * 12)
    make_member(project, reader, Role.READONLY)
    ping(check, body=b"rows")
    sign_in(opened.page.context, reader)
    page = opened.page
    open_check(page, check)
    expect(page.get_by_text("The ping address is hidden")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Pause|Ping now|More"))).to_have_count(0)
    page.get_by_role("link", name="Success, ping 1").click()
    expect(side(page).get_by_role("heading", name="Ping #1")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="All", exact=True).first.click()
    expect(page.get_by_role("heading", name="Event log")).to_be_visible()
    assert str(check.code) not in page.content()


def test_without_a_script(open_tab: OpenTab, check: Check, alice: User) -> None:
    ping(check, ago=10, body=b'{"a":1}')
    with open_tab(java_script_enabled=False) as plain:
        page = plain.page
        sign_in(page.context, alice)
        open_check(page, check)
        page.get_by_role("button", name="Ping now").click()
        expect(page.get_by_text("Pinged.")).to_be_visible()
        page.locator(".runs label", has_text="24 h").click()
        expect(page.locator("[data-chart]:visible")).to_have_count(1)
        page.get_by_role("link", name="Success, ping 1").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Ping #1")
        page.locator("label", has_text="Raw").click()
        expect(page.locator("#body-raw")).to_be_visible()
        page.get_by_role("link", name="Next").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Ping #2")
        page.get_by_role("link", name="Event log").click()
        page.get_by_role("link", name="Success").first.click()
        expect(page.locator(".event")).to_have_count(2)
        page.get_by_label("Search the bodies of pings").fill('"a"')
        page.keyboard.press("Enter")
        expect(page.locator(".event")).to_have_count(1)
        open_check(page, check)
        page.get_by_role("link", name="Edit").first.click()
        page.get_by_label("Name").fill("Plain")
        page.get_by_role("button", name="Save changes").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Plain")
        page.get_by_role("button", name="Pause").click()
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".status-pill")).to_contain_text("Up")
