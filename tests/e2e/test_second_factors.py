"""Security keys, apps and recovery codes in a real browser, with a virtual authenticator."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from hc.accounts.models import Credential, Profile, User
from tests.browser import OpenTab, Tab
from tests.e2e.conftest import sign_in
from tests.factories import PASSWORD
from tests.factors import code_at, give_totp

SECURITY = "/accounts/profile/security/"


@pytest.fixture(autouse=True)
def _rp_id(settings: Settings) -> None:
    settings.RP_ID = "localhost"


class Keys:
    """The virtual authenticator of one tab, by Chromium's protocol."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        self._name = ""
        self.plug_in()

    def plug_in(self) -> None:
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        added = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._name = added["authenticatorId"]

    def lose(self) -> None:
        self._session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self._name})


@pytest.fixture
def keys(page: Page) -> Keys:
    return Keys(page)


def confirm_by_password(page: Page) -> None:
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def add_key(page: Page, name: str) -> None:
    page.goto(SECURITY)
    page.get_by_role("link", name="Add a key").click()
    page.wait_for_url("**/accounts/two_factor/webauthn/")
    if page.get_by_label("Your password").is_visible():
        confirm_by_password(page)
    page.get_by_label("Name of the key").fill(name)
    page.get_by_role("button", name="Add the key").click()


def sign_out(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")


def without_offers(page: Page) -> None:
    """The virtual authenticator takes at once what the address field offers; people choose."""
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false;")


def first_factor(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail address").first.fill("alice@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_key_is_added_and_asked_for(page: Page, keys: Keys) -> None:
    without_offers(page)
    add_key(page, "Blue key ring")
    expect(page.get_by_text("They are shown this once.")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Blue key ring", exact=True)).to_be_visible()
    expect(page.get_by_text("10 left")).to_be_visible()
    sign_out(page)
    first_factor(page)
    expect(page.get_by_role("heading", name="Use your security key")).to_be_visible()
    page.get_by_role("button", name="Use the key").click()
    page.wait_for_url("**/projects/**")


def test_a_passkey_signs_in_by_itself(page: Page, keys: Keys) -> None:
    add_key(page, "This laptop")
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("passkey", exact=True)).to_be_visible()
    page.context.clear_cookies()
    without_offers(page)
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/projects/**")
    page.goto(SECURITY)
    expect(page.get_by_text("with a passkey").first).to_be_visible()


def test_a_passkey_is_offered_in_the_address_field(page: Page, keys: Keys) -> None:
    add_key(page, "This laptop")
    page.get_by_role("link", name="I have kept them").click()
    page.context.clear_cookies()
    page.goto("/accounts/login/")  # the virtual authenticator takes what is offered
    page.wait_for_url("**/projects/**")


def test_keys_are_renamed_and_removed(page: Page, keys: Keys) -> None:
    add_key(page, "Blue")
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("button", name="Rename Blue").click()
    page.get_by_label("Name of the key").fill("Kitchen drawer")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(page.get_by_text("Kitchen drawer", exact=True)).to_be_visible()
    page.get_by_role("link", name="Remove Kitchen drawer").click()
    expect(page.get_by_text("your last second factor")).to_be_visible()
    page.get_by_role("button", name="Remove the key").click()
    expect(page.get_by_text("It is off.")).to_be_visible()
    assert not Credential.objects.exists()


def test_the_same_key_is_not_added_twice(page: Page, keys: Keys) -> None:
    add_key(page, "Blue")
    page.get_by_role("link", name="I have kept them").click()
    add_key(page, "Blue again")
    expect(page.get_by_text("This key has been added already.")).to_be_visible()
    assert Credential.objects.count() == 1


def test_a_lost_key_is_replaced_by_a_recovery_code(page: Page, keys: Keys) -> None:
    without_offers(page)  # else it is used once more before it is lost
    add_key(page, "Lost at sea")
    code = page.locator("#recovery-codes span").first.inner_text().strip()
    page.get_by_role("link", name="I have kept them").click()
    sign_out(page)
    keys.lose()
    first_factor(page)
    page.get_by_role("link", name="Lost it?").click()
    page.get_by_label("Recovery code").fill(code)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/projects/**")
    expect(page.get_by_text("9 recovery codes left")).to_be_visible()
    page.goto(SECURITY)
    page.get_by_role("link", name="Remove Lost at sea").click()
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()


def test_an_app_is_set_up(page: Page) -> None:
    page.goto("/accounts/two_factor/totp/")
    confirm_by_password(page)
    secret = page.locator("#totp-secret").inner_text().replace(" ", "")
    page.get_by_label("Six digits").fill(code_at(pyotp.TOTP(secret), timezone.now()))
    page.get_by_role("button", name="Set up the app").click()
    expect(page.get_by_text("They are shown this once.")).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("button", name="Download").click()
    text = started.value.path().read_text()
    assert len(text.split()) == 10
    page.reload()
    expect(page.get_by_text("Make new recovery codes?")).to_be_visible()


def test_an_app_is_asked_for(opened: Tab, alice: User) -> None:
    page, totp = opened.page, give_totp(alice)
    first_factor(page)
    page.get_by_label("Six digits").fill(code_at(totp, timezone.now() - timedelta(seconds=90)))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("The code is wrong")).to_be_visible()
    opened.forgive("status of 422")
    page.get_by_label("Six digits").fill(code_at(totp, timezone.now()))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/projects/**")
    assert Profile.objects.get(user=alice).totp_step


def test_other_browsers_are_signed_out(page: Page, open_tab: OpenTab, alice: User) -> None:
    page.goto(SECURITY)
    with open_tab() as other:
        sign_in(other.page.context, alice)
        other.page.goto(SECURITY)
        page.reload()
        page.get_by_role("button", name="Sign out all others").click()
        expect(page.get_by_text("Signed out in 1 other place")).to_be_visible()
        other.page.reload()
        expect(other.page.get_by_role("heading", name="Sign in")).to_be_visible()
