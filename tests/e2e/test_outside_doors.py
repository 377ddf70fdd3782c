"""Sign-in from elsewhere, limits, and administrators in the place of somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from hc.accounts.models import Profile, User
from hc.accounts.services.accounts import create_account
from hc.accounts.views import oidc
from hc.api.models import TokenBucket
from tests.browser import Tab
from tests.factories import PASSWORD
from tests.provider import CLIENT_ID, CLIENT_SECRET, Provider, running


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    with running() as started:
        settings.OIDC_ISSUER = started.issuer
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
        settings.OIDC_NAME = "Example ID"
        yield started


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest, opened: Tab) -> str:
    opened.page.emulate_media(color_scheme=request.param)
    return str(request.param)


def assert_sound(page: Page) -> None:
    found: Any = Axe().run(page).response["violations"]
    assert [f"{v['id']}: {n['target']}" for v in found for n in v["nodes"]] == []
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) <= 0, "the page scrolls sideways"
    assert page.locator("h1").count() == 1


def test_the_login_page_with_a_provider(
    opened: Tab, alice: User, provider: Provider, scheme: str, settings: Settings
) -> None:
    opened.page.goto("/accounts/login/")
    expect(opened.page.get_by_role("link", name="Continue with Example ID")).to_be_visible()
    assert_sound(opened.page)
    settings.OIDC_ONLY = True
    opened.page.reload()
    expect(opened.page.get_by_label("Password")).to_have_count(0)
    assert_sound(opened.page)


def test_a_provider_that_is_away(opened: Tab, alice: User, provider: Provider, scheme: str) -> None:
    provider.is_away = True
    opened.page.goto("/accounts/login/")
    opened.page.get_by_role("link", name="Continue with Example ID").click()
    expect(opened.page.get_by_text("does not answer")).to_be_visible()
    assert_sound(opened.page)
    opened.page.get_by_role("link", name="Sign in another way").click()
    expect(opened.page.get_by_label("Password")).to_be_visible()
    opened.forgive("status of 503")


def test_the_pages_behind_a_proxy(
    opened: Tab, alice: User, scheme: str, settings: Settings
) -> None:
    settings.REMOTE_USER_HEADER = "HTTP_X_AUTHENTICATED_USER"
    page = opened.page
    page.goto("/accounts/login/")
    expect(page.get_by_text("did not say who you are")).to_be_visible()
    assert_sound(page)
    page.goto("/accounts/signup/")
    expect(page.get_by_role("heading", name="Sign-in happens elsewhere")).to_be_visible()
    assert_sound(page)
    page.context.set_extra_http_headers({"X-Authenticated-User": alice.email})
    page.goto("/accounts/profile/")
    expect(page.get_by_role("link", name="Change the address")).to_have_count(0)
    page.get_by_role("button", name="Account").click()
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)
    opened.forgive("status of 403")


def test_too_many_tries(opened: Tab, alice: User, provider: Provider, scheme: str) -> None:
    name = "oidc-127.0.0.1"
    TokenBucket.objects.create(value=name, tokens=0, updated=timezone.now() + timedelta(minutes=5))
    assert oidc.PER_CLIENT.capacity > 1
    opened.page.goto("/accounts/oidc/callback/")
    expect(opened.page.get_by_text("Try again in")).to_be_visible()
    assert_sound(opened.page)
    opened.forgive("status of 429")


def test_acting_as_somebody_and_coming_back(page: Page, alice: User, width: int) -> None:
    anna = create_account("anna@example.org", password=PASSWORD)
    Profile.objects.update(theme="dark" if width < 500 else "")
    page.goto("/admin/accounts/user/")
    row = page.locator("tr", has_text="anna@example.org")
    row.get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option(label="Log in as the selected person")
    page.locator("button[name=index]").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_text(f"You act as {anna.email}.")).to_be_visible()
    expect(page.get_by_text(alice.email)).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name="Back to my account").click()
    expect(page).to_have_title("Site administration | Mychecks administration")
    page.goto("/accounts/profile/")
    expect(page.locator("#account-menu .menu-title")).to_have_text(alice.email)
