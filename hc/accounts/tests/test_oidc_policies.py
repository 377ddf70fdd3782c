"""Whom an OpenID Connect provider lets in, and what happens when it is in trouble."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from hc.accounts.models import AuditEntry, Credential, User
from hc.accounts.services.accounts import create_account
from hc.lib import oidc
from tests.factories import PASSWORD
from tests.provider import (
    CLIENT_SECRET,
    Provider,
    begin,
    come_back,
    sign_in,
    text,
    user_of,
)

CAROL = "carol@example.org"


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
