"""Signing in through an OpenID Connect provider."""

from __future__ import annotations

import json
import logging
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from joserfc.jwk import RSAKey
from pytest_django import Settings

from hc.accounts.models import AuditEntry, Credential, ExternalIdentity, Project, User
from hc.accounts.services.accounts import create_account
from hc.lib import oidc
from tests.factories import PASSWORD
from tests.provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    Provider,
    begin,
    come_back,
    key,
    running,
    sign_in,
)

CAROL = "carol@example.org"


@pytest.fixture
def provider(db: None, settings: Settings) -> Iterator[Provider]:
    with running() as started:
        settings.OIDC_ISSUER = started.issuer
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
        settings.OIDC_NAME = "Example ID"
        yield started


def user_of(client: Client) -> User | None:
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk) if pk else None


def text(response: Any) -> str:
    return str(response.content.decode())


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


# --- Who may come in ---------------------------------------------------------------------------


@pytest.mark.parametrize("verified", [False, None, "false", 1, "True"])
def test_an_address_that_is_not_verified(client: Client, provider: Provider, verified: Any) -> None:
    provider.person["email_verified"] = verified
    response = sign_in(client, provider)
    assert response.status_code == 403
    assert "not verified" in text(response)
    assert not User.objects.exists()


def test_an_operator_may_trust_all_addresses(
    client: Client, provider: Provider, settings: Settings
) -> None:
    settings.OIDC_TRUST_EMAIL = True
    del provider.person["email_verified"]
    assert sign_in(client, provider).status_code == 302


@pytest.mark.parametrize("email", [None, "", "carol", 7, ["a@example.org"], "a" * 300 + "@b.org"])
def test_no_address_at_all(client: Client, provider: Provider, email: Any) -> None:
    provider.person["email"] = email
    assert sign_in(client, provider).status_code == 403
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("email", "status"),
    [
        ("carol@example.org", 302),
        ("carol@EXAMPLE.org", 302),
        ("carol@sub.example.org", 403),
        ("carol@example.org.evil.com", 403),
        ("carol@badexample.org", 403),
    ],
)
def test_allowed_domains(
    client: Client, provider: Provider, settings: Settings, email: str, status: int
) -> None:
    settings.OIDC_ALLOWED_DOMAINS = ["example.org"]
    provider.person["email"] = email
    assert sign_in(client, provider).status_code == status


@pytest.mark.parametrize(
    ("groups", "status"),
    [(["monitoring"], 302), ("monitoring", 302), (["other"], 403), ("mon", 403), ({}, 403)],
)
def test_allowed_groups(
    client: Client, provider: Provider, settings: Settings, groups: Any, status: int
) -> None:
    settings.OIDC_ALLOWED_GROUPS = ["monitoring", "ops"]
    provider.person["groups"] = groups
    assert sign_in(client, provider).status_code == status


def test_groups_may_lie_deep_or_under_a_strange_name(
    client: Client, provider: Provider, settings: Settings
) -> None:
    settings.OIDC_ALLOWED_GROUPS = ["ops"]
    deep: dict[str, Any] = {"realm_access": {"roles": ["ops"]}}
    strange: dict[str, Any] = {"https://example.org/groups": ["ops"]}
    for name, claims in (
        ("realm_access.roles", deep),
        ("https://example.org/groups", strange),
    ):
        settings.OIDC_GROUPS_CLAIM = name
        provider.token = claims
        assert sign_in(client, provider).status_code == 302
        client.logout()


def test_what_the_token_lacks_is_asked_for(client: Client, provider: Provider) -> None:
    provider.userinfo = dict(provider.person)
    provider.token = {"email": None, "email_verified": None}
    assert sign_in(client, provider).status_code == 302
    assert user_of(client) == User.objects.get(email=CAROL)


def test_what_is_said_of_somebody_else_does_not_count(client: Client, provider: Provider) -> None:
    provider.userinfo = provider.person | {"sub": "another"}
    provider.token = {"email": None, "email_verified": None}
    assert sign_in(client, provider).status_code == 403


def test_rights_come_and_go_with_the_group(
    client: Client, provider: Provider, settings: Settings
) -> None:
    settings.OIDC_SUPERUSER_GROUP = "admins"
    rights = []
    for groups in (["admins"], ["admins"], [], ["admins"]):
        provider.person["groups"] = groups
        sign_in(client, provider)
        user = User.objects.get(email=CAROL)
        rights.append((user.is_superuser, user.is_staff))
        client.logout()
    assert rights == [(True, True), (True, True), (False, False), (True, True)]
    noted = AuditEntry.objects.filter(action__startswith="account.rights").order_by("pk")
    assert [entry.action.rpartition("_")[2] for entry in noted] == ["given", "taken", "given"]


def test_without_a_group_rights_are_left_alone(client: Client, provider: Provider) -> None:
    create_account(CAROL, admin=True)
    sign_in(client, provider)
    assert User.objects.get(email=CAROL).is_superuser


def test_no_accounts_for_strangers(client: Client, provider: Provider, settings: Settings) -> None:
    settings.OIDC_AUTO_CREATE = False
    assert sign_in(client, provider).status_code == 403
    create_account(CAROL)
    assert sign_in(client, provider).status_code == 302


def test_an_account_that_is_switched_off(client: Client, provider: Provider) -> None:
    carol = create_account(CAROL)
    User.objects.filter(pk=carol.pk).update(is_active=False)
    assert "switched off" in text(sign_in(client, provider))
    User.objects.filter(pk=carol.pk).update(is_active=True)
    assert sign_in(client, provider).status_code == 302
    User.objects.filter(pk=carol.pk).update(is_active=False)
    client.logout()
    assert sign_in(client, provider).status_code == 403


# --- Second factors, and the other ways in -----------------------------------------------------


def test_the_second_factor_is_left_to_the_provider_unless_wanted(
    client: Client, provider: Provider, settings: Settings
) -> None:
    carol = create_account(CAROL)
    Credential.objects.create(user=carol, name="Key", data=b"")
    sign_in(client, provider)
    assert user_of(client) == carol
    client.logout()
    settings.OIDC_LOCAL_SECOND_FACTOR = True
    response = sign_in(client, provider)
    assert "two_factor" in response["Location"]
    assert user_of(client) is None


def test_the_provider_as_the_only_way(
    client: Client, provider: Provider, settings: Settings, alice: User
) -> None:
    settings.OIDC_ONLY = True
    page = text(client.get("/accounts/login/"))
    assert "Continue with Example ID" in page
    assert 'type="password"' not in page
    assert "signup" not in page
    data = {"action": "login", "email": alice.email, "password": PASSWORD}
    assert client.post("/accounts/login/", data).status_code == 403
    assert client.post("/accounts/login/", {"identity": alice.email}).status_code == 403
    assert client.get("/accounts/signup/").status_code == 403
    assert user_of(client) is None
    assert sign_in(client, provider).status_code == 302


# --- A provider in trouble ---------------------------------------------------------------------


def broken(provider: Provider, trouble: str) -> None:
    if trouble == "away":
        provider.is_away = True
    elif trouble == "another issuer":
        provider.metadata = {"issuer": "https://evil.example.com"}
    elif trouble == "no endpoint":
        provider.metadata = {"authorization_endpoint": "javascript:alert(1)"}
    else:
        provider.answer = {"no JSON": b"<html>", "a list": b"[]", "endless": b" " * 600_000}[
            trouble
        ]


@pytest.mark.parametrize(
    "trouble", ["away", "another issuer", "no endpoint", "no JSON", "a list", "endless"]
)
def test_a_provider_in_trouble(client: Client, provider: Provider, trouble: str) -> None:
    broken(provider, trouble)
    response = client.get("/accounts/oidc/")
    assert response.status_code == 503
    assert response["Retry-After"]
    assert "does not answer" in text(response)
    assert "/accounts/login/" in text(response)


@pytest.mark.parametrize("trouble", ["away", "no JSON", "a list", "endless"])
def test_a_provider_that_breaks_on_the_way(
    client: Client, provider: Provider, trouble: str
) -> None:
    sent = begin(client, provider)
    broken(provider, trouble)
    assert come_back(client, sent).status_code in (400, 503)
    assert user_of(client) is None


def test_a_provider_that_is_slow(
    client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "SECONDS", 0.2)
    provider.slow = 0.5
    assert client.get("/accounts/oidc/").status_code == 503


def test_the_page_offers_no_other_way_if_there_is_none(
    client: Client, provider: Provider, settings: Settings
) -> None:
    settings.OIDC_ONLY = True
    provider.is_away = True
    assert "another way" not in text(client.get("/accounts/oidc/"))


def test_no_secret_is_logged(
    client: Client, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "hc")
    provider.token = {"nonce": "another"}
    sign_in(client, provider)
    said = caplog.text + "".join(str(vars(r)) for r in caplog.records if r.name.startswith("hc"))
    assert CLIENT_SECRET not in said
    assert provider.nonce not in said
