"""The main job, end to end: a person signs up, a cron job pings, people are told.

Real processes, a real browser, a real SMTP server and a real HTTP receiver.
"""

from __future__ import annotations

import email
import email.policy
import re
import subprocess
import threading
import time
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import tab
from tests.receivers import Mailbox, Received, Receiver
from tests.system.service import Service, wait_for

ADDRESS, PASSWORD = "ops@example.org", "correct horse battery"
SOON = 3.0


@dataclass
class Outside:
    """What the world outside has received."""

    mailbox: Mailbox
    receiver: Receiver

    def subjects(self) -> list[str]:
        return [self.mail(i)["Subject"] for i in range(len(self.mailbox.messages))]

    def mails(self) -> set[tuple[str, str]]:
        """Identifiers and subjects of the mails; one sent twice counts once, as for its reader."""
        both = [self.mail(i) for i in range(len(self.mailbox.messages))]
        return {(one["Message-ID"], one["Subject"]) for one in both}

    def mail(self, number: int) -> email.message.EmailMessage:
        return email.message_from_bytes(
            self.mailbox.messages[number][2], policy=email.policy.default
        )

    def text(self, number: int) -> str:
        part = self.mail(number).get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    def calls(self, **wanted: str) -> list[Received]:
        """The webhook's calls that say all of this."""
        return [
            call
            for call in self.receiver.requests
            if all(call.json().get(k) == v for k, v in wanted.items())
        ]


@pytest.fixture
def outside(mailbox: Mailbox, receiver: Receiver) -> Outside:
    return Outside(mailbox, receiver)


# --- What a person does in the browser --------------------------------------------------------


def sign_up(page: Page, service: Service) -> None:
    page.goto(service.setup_link())
    page.get_by_label("E-mail address").fill(ADDRESS)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("heading", name="Checks").wait_for()


def add_project(page: Page, service: Service) -> None:
    page.goto(f"{service.url}/projects/add/")
    page.get_by_label("Name").fill("Production")
    page.get_by_role("button", name="Create project").click()
    page.get_by_text("No checks yet").wait_for()


def add_integrations(page: Page, receiver: Receiver) -> None:
    page.get_by_role("link", name="Integrations").click()
    page.get_by_role("link", name="Add Email").click()
    page.get_by_label("E-mail address").fill(ADDRESS)
    page.get_by_role("button", name="Add email").click()
    page.get_by_role("link", name="Add Webhook").click()
    body = '{"check": $NAME_JSON, "status": "$STATUS", "down": "$DOWNTIME"}'
    for direction in ("down", "up"):
        page.locator(f"[name=method_{direction}]").select_option("POST")
        page.locator(f"[name=url_{direction}]").fill(f"{receiver.url}/hook")
        page.locator(f"[name=body_{direction}]").fill(body)
    page.get_by_role("button", name="Add webhook").click()
    page.get_by_text("127.0.0.1").first.wait_for()


def add_check(page: Page, name: str) -> str:
    """Add a check with the shortest grace time; its ping address, as the page shows it."""
    page.get_by_role("link", name=re.compile("^Checks")).first.click()
    page.get_by_role("link", name="Add check").first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Grace time").fill("60s")
    page.get_by_role("button", name="Add check").click()
    page.get_by_role("heading", name=name).wait_for()
    return page.locator("#ping-url").inner_text()


def shell(script: str) -> None:
    """A job, as cron would run it."""
    subprocess.run(["sh", "-ec", script], check=True, timeout=30)


# --- The stories ------------------------------------------------------------------------------


def test_the_main_job(browser: Browser, service: Service, outside: Outside) -> None:
    service.start()
    with tab(browser) as opened:
        page = opened.page
        sign_up(page, service)
        add_project(page, service)
        add_integrations(page, outside.receiver)
        slow_url = add_check(page, "Slow job")
        shell(f"curl -fsS -o /dev/null {slow_url}/start")
        overruns_at = time.time() + 60
        url = add_check(page, "Backup")
        a_job_runs(page, url)
        a_job_fails(url, outside)
        a_job_recovers(url, outside)
        a_job_overruns(outside, overruns_at)
        assert opened.complaints == []
    assert service.stop() < 10


def a_job_runs(page: Page, url: str) -> None:
    shell(f"curl -fsS {url}/start; true; curl -fsS -d 'all well' {url}/$?")
    # The open page shows it by itself.
    page.locator(".status-pill", has_text="Up").wait_for()
    page.get_by_text("all well").wait_for()


def a_job_fails(url: str, outside: Outside) -> None:
    shell(f"curl -fsS -d 'disk full' {url}/fail")
    failed_at = time.time()
    wait_for(lambda: outside.calls(check="Backup", status="down"), SOON, "the webhook")
    wait_for(lambda: "DOWN | Backup" in outside.subjects(), SOON, "the mail")
    (call,) = outside.calls(check="Backup", status="down")
    assert call.at - failed_at < SOON
    assert call.headers["Idempotency-Key"]
    text = outside.text(0)
    assert "The job sent a failure signal." in text
    assert "disk full" in text


def a_job_recovers(url: str, outside: Outside) -> None:
    time.sleep(1.1)  # an outage of a second at least, so that its length can be told
    shell(f"curl -fsS {url}")
    wait_for(lambda: outside.calls(check="Backup", status="up"), SOON, "the webhook")
    wait_for(lambda: "UP | Backup" in outside.subjects(), SOON, "the mail")
    (call,) = outside.calls(check="Backup", status="up")
    assert int(call.json()["down"]) >= 1
    assert re.search(r"up again after \d+ seconds?", outside.text(1))


def a_job_overruns(outside: Outside, deadline: float) -> None:
    wait_for(lambda: outside.calls(check="Slow job"), deadline - time.time() + 5, "the overrun")
    (call,) = outside.calls(check="Slow job", status="down")
    assert 0 <= call.at - deadline <= 2
    wait_for(lambda: "DOWN | Slow job" in outside.subjects(), SOON, "the mail")


def test_a_killed_sender_loses_nothing(
    browser: Browser, service: Service, outside: Outside
) -> None:
    service.start()
    with tab(browser) as opened:
        sign_up(opened.page, service)
        add_project(opened.page, service)
        add_integrations(opened.page, outside.receiver)
        url = add_check(opened.page, "Backup")

    reached, hang = threading.Event(), threading.Event()

    def behave(_: Received) -> tuple[int, dict[str, str]]:
        if not reached.is_set():
            reached.set()
            hang.wait(60)  # until the test is over: the first attempt never gets an answer
        return 200, {}

    outside.receiver.behave = behave
    shell(f"curl -fsS {url}/fail")
    assert reached.wait(SOON)
    service.kill("sendalerts")
    service.wait_for_end()
    second_start = service.start()
    wait_for(lambda: len(outside.calls(check="Backup")) == 2, 30, "the message after the restart")
    first, again = outside.calls(check="Backup")
    assert first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"]
    wait_for(lambda: "DOWN | Backup" in outside.subjects(), SOON, "the mail")
    time.sleep(3)
    hang.set()
    assert len(outside.calls(check="Backup")) == 2
    # Killed after the mail server took the mail, and before that was noted, it is sent again.
    assert [subject for _, subject in outside.mails()] == ["DOWN | Backup"]
    assert second_start < 5


def restarted(service: Service) -> float:
    """Seconds until it answers again."""
    assert service.stop() < 10
    return service.start()


def loading(service: Service) -> float:
    """Seconds until a process of the application has loaded, and does nothing."""
    began = time.monotonic()
    service.shell("import hc.urls")
    return time.monotonic() - began


def test_the_second_start_is_quick_and_the_account_is_there(
    browser: Browser, service: Service
) -> None:
    service.environment |= {"ADMIN_EMAIL": ADDRESS, "ADMIN_PASSWORD": PASSWORD}
    service.start()
    # The best of three: the machine may do other things at the same time, or be a slow one.
    took = min(restarted(service) for _ in range(3))
    alone = min(loading(service) for _ in range(3))
    assert took < max(3, 2.5 * alone)
    assert "/setup/" not in service.log
    with tab(browser) as opened:
        page = opened.page
        page.goto(f"{service.url}/accounts/login/")
        form = page.locator("form", has=page.get_by_label("Password"))
        form.get_by_label("E-mail address").fill(ADDRESS)
        form.get_by_label("Password").fill(PASSWORD)
        form.get_by_role("button", name="Sign in").click()
        page.get_by_text("My First Check").wait_for()
        assert opened.complaints == []
