"""Signing in through an OpenID Connect provider."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from joserfc.jwk import RSAKey

from hc.accounts.models import AuditEntry, ExternalIdentity, Project, User
from hc.accounts.services.accounts import create_account
from hc.lib import oidc
from tests.factories import PASSWORD
from tests.provider import (
    CLIENT_ID,
    Provider,
    begin,
    come_back,
    key,
    sign_in,
    text,
    user_of,
)

CAROL = "carol@example.org"


# --- The way there -----------------------------------------------------------------------------


def test_without_a_provider_there_is_no_such_page(client: Client, db: None) -> None:
    assert client.get("/accounts/oidc/").status_code == 404
    assert client.get("/accounts/oidc/callback/").status_code == 404
    assert "oidc" not in text(client.get("/accounts/login/"))


def test_the_login_page_has_a_button(client: Client, provider: Provider) -> None:
    page = text(client.get("/accounts/login/?next=/projects/add/"))
    assert "Continue with Example ID" in page
    assert "/accounts/oidc/?next=%2Fprojects%2Fadd%2F" in page
    assert 'type="password"' in page


def test_the_browser_brings_state_nonce_and_a_challenge(client: Client, provider: Provider) -> None:
    sent = begin(client, provider)
    assert sent["client_id"] == CLIENT_ID
    assert sent["response_type"] == "code"
    assert sent["scope"] == "openid email profile"
    assert sent["redirect_uri"] == "http://testserver/accounts/oidc/callback/"
    assert sent["code_challenge_method"] == "S256"
    assert len({sent["state"], sent["nonce"], sent["code_challenge"]}) == 3
    assert begin(client, provider)["state"] != sent["state"]


def test_going_there_leaves_no_session_and_shows_no_secret(
    client: Client, provider: Provider
) -> None:
    begin(client, provider)
    (cookie,) = [c for name, c in client.cookies.items() if name.startswith("oidc-")]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/accounts/oidc/"
    assert provider.nonce not in cookie.value
    assert not Session.objects.exists()


# --- And back ----------------------------------------------------------------------------------


def test_a_new_person_gets_an_account(client: Client, provider: Provider) -> None:
    response = sign_in(client, provider)
    user = User.objects.get(email=CAROL)
    project = Project.objects.get(owner=user)
    assert response["Location"] == f"/projects/{project.code}/checks/"
    assert user_of(client) == user
    assert not user.has_usable_password()
    assert not user.is_superuser
    identity = ExternalIdentity.objects.get()
    assert (identity.user, identity.subject) == (user, "person-1")
    actions = AuditEntry.objects.filter(user=user).values_list("action", "actor_name", "via")
    assert {("account.created", "Carol@Example.org", "web")} <= set(actions)
    assert {("account.connected", "Carol@Example.org", "web")} <= set(actions)
    assert not [
        name for name in client.cookies if name.startswith("oidc-") and client.cookies[name].value
    ]


def test_they_land_where_they_wanted_to(client: Client, provider: Provider) -> None:
    assert sign_in(client, provider, "/projects/add/x")["Location"] != "/projects/add/x"
    client.logout()
    assert sign_in(client, provider, "/accounts/profile/notifications/")["Location"] == (
        "/accounts/profile/notifications/"
    )


def test_an_account_with_the_verified_address_is_theirs(
    client: Client, provider: Provider, mails: list[EmailMessage]
) -> None:
    carol = create_account(CAROL, password=PASSWORD)
    User.objects.filter(pk=carol.pk).update(last_login=timezone.now())
    sign_in(client, provider)
    assert user_of(client) == carol
    assert User.objects.count() == 1
    connected = "Your account was connected with Example ID"
    assert [mail.to for mail in mails if mail.subject == connected] == [[CAROL]]
    client.logout()
    sign_in(client, provider)
    assert [mail.subject for mail in mails].count(connected) == 1


def test_a_new_address_at_the_provider_keeps_the_account(
    client: Client, provider: Provider
) -> None:
    sign_in(client, provider)
    carol = user_of(client)
    client.logout()
    provider.person["email"] = "carol.new@example.org"
    sign_in(client, provider)
    assert user_of(client) == carol
    assert User.objects.count() == 1


def test_an_address_that_changed_hands_opens_no_account(client: Client, provider: Provider) -> None:
    sign_in(client, provider)
    client.logout()
    provider.person["sub"] = "somebody else"
    response = sign_in(client, provider)
    assert response.status_code == 403
    assert "belongs to somebody else" in text(response)
    assert user_of(client) is None


def test_an_address_of_somebody_else_here_opens_only_the_own_account(
    client: Client, provider: Provider, alice: User
) -> None:
    sign_in(client, provider)
    carol = user_of(client)
    client.logout()
    provider.person["email"] = alice.email
    sign_in(client, provider)
    assert user_of(client) == carol


def test_two_tabs_both_arrive(client: Client, provider: Provider) -> None:
    first = begin(client, provider)
    nonce, challenge = provider.nonce, provider.challenge
    second = begin(client, provider)
    assert come_back(client, second).status_code == 302
    client.cookies.pop("sessionid")
    provider.nonce, provider.challenge = nonce, challenge
    assert come_back(client, first).status_code == 302


def test_who_is_signed_in_goes_straight_on(as_alice: Client, provider: Provider) -> None:
    assert as_alice.get("/accounts/oidc/")["Location"].startswith("/projects/")


# --- What is not believed ----------------------------------------------------------------------

NOW = int(time.time())


@pytest.mark.parametrize(
    "token",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example.com"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": None},
        {"aud": [CLIENT_ID, "another"]},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"azp": "another"},
        {"exp": NOW - 3600},
        {"exp": None},
        {"iat": None},
        {"iat": NOW + 3600},
        {"nbf": NOW + 3600},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_a_token_that_is_not_for_this_sign_in(
    client: Client, provider: Provider, token: dict[str, Any]
) -> None:
    provider.token = token
    response = sign_in(client, provider)
    assert response.status_code == 400
    assert "could not be verified" in text(response)
    assert "/accounts/oidc/" in text(response)
    assert user_of(client) is None
    assert not User.objects.exists()


def test_several_audiences_are_fine_if_we_are_the_party(client: Client, provider: Provider) -> None:
    provider.token = {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}
    assert sign_in(client, provider).status_code == 302


def test_a_token_signed_by_somebody_else(client: Client, provider: Provider) -> None:
    provider.published = [RSAKey.generate_key(2048, {"kid": "first"})]
    assert sign_in(client, provider).status_code == 400


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
def test_a_token_without_a_signature_of_the_provider(
    client: Client, provider: Provider, algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forged(_: Provider) -> str:
        parts = [{"alg": algorithm, "kid": "first"}, {"sub": "person-1"}]
        return ".".join(urlsafe_b64encode(json.dumps(p).encode()).decode() for p in parts) + ".AAAA"

    monkeypatch.setattr(Provider, "id_token", forged)
    assert sign_in(client, provider).status_code == 400


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "." * 9, "x" * 100_000])
def test_a_token_that_is_none(
    client: Client, provider: Provider, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Provider, "id_token", lambda _: token)
    assert sign_in(client, provider).status_code == 400


def test_new_keys_of_the_provider_are_found(
    client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, provider)
    client.logout()
    provider.key = key("second")
    assert sign_in(client, provider).status_code == 400  # it was asked a moment ago
    monkeypatch.setattr(oidc, "NEW_KEYS_AFTER", -1)
    assert sign_in(client, provider).status_code == 302
    assert provider.asked.count("/keys") == 2


def test_keys_and_metadata_are_kept(client: Client, provider: Provider) -> None:
    for _ in range(3):
        sign_in(client, provider)
        client.logout()
    assert provider.asked.count("/keys") == 1
    assert provider.asked.count("/.well-known/openid-configuration") == 1


@pytest.mark.parametrize(
    "query",
    [
        {"state": "forged"},
        {"state": ""},
        {"state": "x" * 5000},
        {"state": "\0é;=,"},
        {"iss": "https://evil.example.com"},
        {"error": "server_error"},
        {"error": "<script>alert(1)</script>"},
    ],
    ids=str,
)
def test_an_answer_that_is_not_for_this_browser(
    client: Client, provider: Provider, query: dict[str, str]
) -> None:
    response = come_back(client, begin(client, provider), **query)
    assert response.status_code in (400, 403)
    assert "<script>alert" not in text(response)
    assert user_of(client) is None


def test_another_browser_cannot_finish(client: Client, provider: Provider) -> None:
    sent = begin(client, provider)
    assert come_back(Client(), sent).status_code == 400


def test_an_answer_is_taken_once(client: Client, provider: Provider) -> None:
    sent = begin(client, provider)
    come_back(client, sent)
    client.cookies.pop("sessionid")
    assert come_back(client, sent).status_code == 400


def test_an_answer_that_comes_too_late(client: Client, provider: Provider) -> None:
    sent = begin(client, provider)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)):
        assert "taken too long" in text(come_back(client, sent))


def test_a_wrong_code(client: Client, provider: Provider) -> None:
    sent = begin(client, provider)
    provider.challenge = "another"
    assert come_back(client, sent).status_code == 400


def test_somebody_who_changed_their_mind(client: Client, provider: Provider) -> None:
    response = come_back(client, begin(client, provider), error="access_denied")
    assert response.status_code == 403
    assert "cancelled" in text(response)
    assert "/accounts/login/" in text(response)


def test_the_secret_goes_where_the_provider_wants_it(client: Client, provider: Provider) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert sign_in(client, provider).status_code == 302
