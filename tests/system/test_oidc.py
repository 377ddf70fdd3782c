"""Signing in through a real OpenID Connect provider, in a real browser."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import tab
from tests.receivers import free_port
from tests.system.service import Service, wait_for

PEOPLE = [
    {"sub": "1", "email": "Anna@example.org", "email_verified": True, "groups": ["ops", "admins"]},
    {"sub": "2", "email": "ben@example.org", "email_verified": True, "groups": ["ops"]},
    {"sub": "3", "email": "carl@example.org", "email_verified": False, "groups": ["ops"]},
    {"sub": "4", "email": "dora@example.org", "email_verified": True, "groups": ["sales"]},
]


@contextmanager
def provider(folder: Path, port: int) -> Iterator[None]:
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-n", "true"]
    command += ["-p", str(port)]
    for person in PEOPLE:
        command += ["--user-claims", json.dumps(person)]
    with (folder / "provider.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(lambda: _answers(port), 30, "starting the provider")
        yield
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def there_and_back(page: Page, url: str, sub: str) -> None:
    """Press the button, and choose somebody at the provider."""
    page.goto(f"{url}/accounts/login/?next=/accounts/profile/notifications/")
    page.get_by_role("link", name="Continue with Example ID").click()
    page.get_by_role("button", name=sub, exact=True).click()


@pytest.mark.parametrize("service", ["sqlite"], indirect=True)
def test_round_trips(service: Service, tmp_path: Path, browser: Browser) -> None:
    port = free_port()
    service.environment |= {
        "OIDC_ISSUER": f"http://127.0.0.1:{port}",
        "OIDC_CLIENT_ID": "checks",
        "OIDC_CLIENT_SECRET": "a secret: with signs+and/more",
        "OIDC_NAME": "Example ID",
        "OIDC_SCOPES": "openid,email,profile",
        "OIDC_ALLOWED_GROUPS": "ops",
        "OIDC_SUPERUSER_GROUP": "admins",
        "OIDC_ONLY": "True",
    }
    service.start()
    with tab(browser) as opened:
        opened.page.goto(f"{service.url}/accounts/oidc/")
        expect(opened.page.get_by_text("does not answer at the moment")).to_be_visible()
    with provider(tmp_path, port):
        with tab(browser) as opened:
            page = opened.page
            there_and_back(page, service.url, "1")
            expect(page).to_have_url(f"{service.url}/accounts/profile/notifications/")
            page.get_by_role("button", name="Account").click()
            expect(page.locator(".menu-title").first).to_have_text("anna@example.org")
            expect(page.get_by_role("link", name="Administration")).to_be_visible()
            page.get_by_role("button", name="Sign out").click()
            expect(page).to_have_url(f"{service.url}/accounts/login/")

            there_and_back(page, service.url, "2")
            page.get_by_role("button", name="Account").click()
            expect(page.get_by_role("link", name="Administration")).to_have_count(0)
            # The provider's own pages miss a style sheet and an icon.
            assert [c for c in opened.complaints if "load resource" not in c] == []

        with tab(browser) as opened:
            page = opened.page
            there_and_back(page, service.url, "3")
            expect(page.get_by_text("has not verified your e-mail address")).to_be_visible()
            page.get_by_role("link", name="Try again").click()
            page.get_by_role("button", name="4", exact=True).click()
            expect(page.get_by_text("none of the groups")).to_be_visible()
            page.get_by_role("link", name="Try again").click()
            page.get_by_role("button", name="Deny").click()
            expect(page.get_by_text("was cancelled")).to_be_visible()

    emails = service.shell(
        "from hc.accounts.models import User;"
        "print(*User.objects.order_by('email').values_list('email', flat=True))"
    )
    assert emails.split()[-2:] == ["anna@example.org", "ben@example.org"]
