"""Sign-in by a header of a trusted proxy (REMOTE_USER_HEADER)."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from hc.accounts.models import AuditEntry, Credential, Project, SignIn, User
from hc.accounts.services import login
from hc.accounts.services.accounts import create_account
from hc.accounts.services.keys import create_api_key
from hc.api.models import Check
from tests.factories import PASSWORD

HEADER = "HTTP_X_AUTHENTICATED_USER"
SETTINGS_PAGE = "/accounts/profile/notifications/"


@pytest.fixture(autouse=True)
def by_header(settings: Settings) -> None:
    settings.REMOTE_USER_HEADER = HEADER
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]


def as_(name: str) -> dict[str, Any]:
    return {HEADER: name}


def user_of(client: Client) -> User | None:
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk) if pk else None


def get(client: Client, name: str | None = None, path: str = SETTINGS_PAGE, **more: Any) -> Any:
    return client.get(path, **({} if name is None else as_(name)), **more)


# --- Who comes in ------------------------------------------------------------------------------


def test_the_person_who_is_named_is_signed_in(client: Client, alice: User) -> None:
    response = get(client, " Alice@Example.ORG ")
    assert response.status_code == 200
    assert user_of(client) == alice
    assert SignIn.objects.get().method == "header"


def test_a_stranger_gets_a_whole_account(client: Client, db: None) -> None:
    assert get(client, "carol@example.org").status_code == 200
    carol = User.objects.get(email="carol@example.org")
    assert user_of(client) == carol
    assert Project.objects.filter(owner=carol).count() == 1
    entry = AuditEntry.objects.get(action="account.created")
    assert (entry.actor_name, entry.address) == ("carol@example.org", "127.0.0.1")


def test_strangers_may_be_refused(client: Client, db: None, settings: Settings) -> None:
    settings.REMOTE_USER_AUTO_CREATE = False
    assert get(client, "carol@example.org").status_code == 302
    assert not User.objects.exists()
    page = get(client, "carol@example.org", "/accounts/login/").content.decode()
    assert "no account for carol@example.org" in page


@pytest.mark.parametrize(
    "name",
    [
        "carol",
        "carol@",
        "@example.org",
        "carol@example.org,alice@example.org",
        "carol@example.org alice@example.org",
        "carol@example.org\0",
        "<script>alert(1)</script>@example.org",
        "c" * 250 + "@example.org",
        "carol@" + "x." * 200 + "org",
        '"a@b"@example.org@',
        "caröl@exämple.örg\u202e",
    ],
)
def test_what_is_no_address_lets_nobody_in(client: Client, db: None, name: str) -> None:
    assert get(client, name).status_code == 302
    assert not User.objects.exists()
    assert not Session.objects.exists()
    page = get(client, name, "/accounts/login/").content.decode()
    assert "not an e-mail address" in page
    assert "<script>" not in page


def test_an_account_that_is_switched_off_stays_off(client: Client, alice: User) -> None:
    get(client, alice.email)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert get(client, alice.email).status_code == 302
    assert "switched off" in get(client, alice.email, "/accounts/login/").content.decode()


def test_no_second_factor_is_asked_for(client: Client, alice: User) -> None:
    Credential.objects.create(user=alice, name="Key", data=b"")
    assert get(client, alice.email).status_code == 200


# --- Only from proxies, only on pages ----------------------------------------------------------


@pytest.mark.parametrize("peer", ["203.0.113.7", "::ffff:203.0.113.7", "2001:db8::1", "", "junk"])
def test_others_than_proxies_are_not_believed(client: Client, alice: User, peer: str) -> None:
    response = get(client, alice.email, REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR="127.0.0.1")
    assert response.status_code == 302
    assert user_of(client) is None


def test_a_session_that_came_by_a_proxy_ends_elsewhere(client: Client, alice: User) -> None:
    get(client, alice.email)
    assert get(client, alice.email, REMOTE_ADDR="203.0.113.7").status_code == 302
    assert user_of(client) is None


def test_machines_are_left_alone(client: Client, check: Check) -> None:
    key = create_api_key(check.project)
    paths = [
        f"/ping/{check.code}",
        "/api/v3/checks/",
        "/api/v3/status/",
        "/badge/x/y.svg",
        "/b/2/x.svg",
        "/-/live",
        f"/projects/{check.project.code}/metrics/{key}",
        "/static/img/favicon.svg",
    ]
    for path in paths:
        response = get(client, "carol@example.org", path, HTTP_X_API_KEY=key)
        assert response.status_code in (200, 403, 404), path
        assert not response.cookies, path
        assert "Cookie" not in response.get("Vary", ""), path
    assert not User.objects.filter(email="carol@example.org").exists()
    assert not Session.objects.exists()


# --- Sessions ----------------------------------------------------------------------------------


def test_the_same_person_keeps_the_session(client: Client, alice: User) -> None:
    get(client, alice.email)
    key = client.session.session_key
    get(client, alice.email)
    assert client.session.session_key == key
    assert Session.objects.count() == 1


def test_the_session_of_somebody_else_is_replaced(client: Client, alice: User, bob: User) -> None:
    client.force_login(alice)
    old = client.session.session_key
    assert bob.email in get(client, bob.email).content.decode()
    assert user_of(client) == bob
    assert not Session.objects.filter(session_key=old).exists()


def test_without_the_header_the_person_is_signed_out(client: Client, alice: User) -> None:
    get(client, alice.email)
    assert get(client).status_code == 302
    assert user_of(client) is None
    assert get(client, "").status_code == 302


def test_a_session_that_came_otherwise_stays(client: Client, alice: User) -> None:
    """The way in for operators whose proxy is out of order."""
    client.force_login(alice)
    assert get(client).status_code == 200


def test_clients_without_cookies_do_not_fill_the_table(alice: User) -> None:
    for _ in range(70):
        assert get(Client(), alice.email).status_code == 200
    assert Session.objects.count() == 60


def test_a_form_that_was_open_for_long_is_taken(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    get(client, alice.email)
    token = client.cookies["csrftoken"].value
    Session.objects.all().delete()
    data = {"reports": "weekly", "nag_period": "0", "csrfmiddlewaretoken": token}
    response = client.post(SETTINGS_PAGE, data, **as_(alice.email))
    assert response.status_code in (200, 302)
    alice.profile.refresh_from_db()
    assert alice.profile.reports == "weekly"
    assert not Session.objects.exists()


# --- The other ways in are shut ----------------------------------------------------------------


def test_the_login_page_explains(client: Client, alice: User) -> None:
    page = get(client, path="/accounts/login/").content.decode()
    assert "by the proxy" in page
    assert "<form" not in page
    assert get(client, alice.email, "/accounts/login/").status_code == 302


@pytest.mark.parametrize(
    "data",
    [
        {"action": "login", "email": "alice@example.org", "password": PASSWORD},
        {"identity": "alice@example.org"},
    ],
)
def test_passwords_and_links_are_refused(client: Client, alice: User, data: dict[str, str]) -> None:
    response = client.post("/accounts/login/", data)
    assert response.status_code == 403
    assert "elsewhere" in response.content.decode()
    assert user_of(client) is None


@pytest.mark.parametrize("path", ["signup/", "change_email/", "set_password/"])
def test_pages_without_use_are_shut(client: Client, alice: User, path: str) -> None:
    for method in (client.get, client.post):
        assert method(f"/accounts/{path}", **as_(alice.email)).status_code == 403


def test_the_link_of_an_operator_works(client: Client, alice: User) -> None:
    link = login.new_link(alice, timezone.now())
    client.post(link.removeprefix("http://testserver"))
    assert user_of(client) == alice


def test_without_the_setting_the_header_is_nothing(
    client: Client, alice: User, settings: Settings
) -> None:
    settings.REMOTE_USER_HEADER = ""
    assert get(client, alice.email).status_code == 302


def test_the_name_that_only_a_server_can_give(
    client: Client, alice: User, settings: Settings
) -> None:
    settings.REMOTE_USER_HEADER = "REMOTE_USER"
    assert client.get(SETTINGS_PAGE, HTTP_REMOTE_USER=alice.email).status_code == 302
    assert client.get(SETTINGS_PAGE, REMOTE_USER=alice.email).status_code == 200


def test_two_at_once_make_one_account(db: None) -> None:
    create_account("carol@example.org")
    assert get(Client(), "carol@example.org").status_code == 200
    assert User.objects.count() == 1
