"""Signing in with a second factor: password or link first, then a key, an app or a code."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from hc.accounts.models import AuditEntry, Profile, Project, RecoveryCode, User
from hc.accounts.services import login as login_service
from hc.accounts.services import recovery, webauthn
from hc.lib.sealing import seal
from tests.factories import PASSWORD
from tests.factors import code_at, give_codes, give_totp
from tests.softkey import SoftKey

LOGIN = "/accounts/login/"
KEY, TOTP, RECOVERY = (LOGIN + "two_factor/" + step for step in ("", "totp/", "recovery/"))


@pytest.fixture(autouse=True)
def _rp_id(settings: Settings) -> None:
    settings.RP_ID = "localhost"


def give_key(user: User, now: datetime, name: str = "Blue") -> SoftKey:
    key, ceremony = SoftKey(), webauthn.begin_registration(user)
    webauthn.register(user, name, key.create(ceremony.options), ceremony.state, now)
    return key


def by_password(client: Client, user: User, query: str = "") -> Any:
    data = {"action": "login", "email": user.email, "password": PASSWORD}
    return client.post(LOGIN + query, data)


def options_in(response: Any) -> str:
    return str(response.context["options"])


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


# --- Which step comes when --------------------------------------------------------------------


def test_a_password_alone_does_not_sign_in(client: Client, alice: User, now: datetime) -> None:
    give_totp(alice)
    assert by_password(client, alice)["Location"] == TOTP
    assert not signed_in(client)
    assert client.get("/")["Location"].startswith(LOGIN)


def test_neither_does_a_mailed_link(client: Client, alice: User, mails: list[EmailMessage]) -> None:
    give_totp(alice)
    client.post(LOGIN, {"identity": alice.email})
    link = next(word for word in str(mails[0].body).split() if "check_token" in word)
    path = link.removeprefix("http://testserver")
    assert client.post(path)["Location"] == TOTP
    assert not signed_in(client)
    assert client.post(path)["Location"] == LOGIN  # it is used up


def test_who_has_keys_begins_with_them_and_can_go_to_all_others(
    client: Client, alice: User, now: datetime
) -> None:
    give_key(alice, now)
    give_totp(alice)
    assert by_password(client, alice)["Location"] == KEY
    for page, others in ((KEY, (TOTP, RECOVERY)), (TOTP, (KEY, RECOVERY)), (RECOVERY, (KEY, TOTP))):
        text = client.get(page).content.decode()
        assert all(f'href="{other}"' in text for other in others)
        assert f'href="{page}"' not in text


def test_without_rp_id_keys_are_explained_and_the_app_is_offered(
    client: Client, alice: User, now: datetime, settings: Settings
) -> None:
    give_key(alice, now)
    give_totp(alice)
    settings.RP_ID = ""
    assert by_password(client, alice)["Location"] == TOTP
    page = client.get(KEY)
    assert page.status_code == 200
    assert "RP_ID" in page.content.decode()
    assert f'href="{TOTP}"' in page.content.decode()
    assert client.post(KEY, {"response": "{}"}).status_code == 422


def test_without_rp_id_and_any_other_factor_it_is_explained(
    client: Client, alice: User, now: datetime, settings: Settings
) -> None:
    give_key(alice, now)
    RecoveryCode.objects.all().delete()
    settings.RP_ID = ""
    page = client.get(by_password(client, alice)["Location"])
    assert "RP_ID" in page.content.decode()
    assert "administrator" in page.content.decode()


def test_the_way_goes_on_to_the_page_that_was_asked_for(
    client: Client, alice: User, project: Project, now: datetime
) -> None:
    totp, target = give_totp(alice), f"/projects/{project.code}/checks/?tag=a"
    with time_machine.travel(now, tick=False):
        query = f"?next=/projects/{project.code}/checks/%3Ftag%3Da"
        step = by_password(client, alice, query)["Location"]
        assert client.post(step, {"code": code_at(totp, now)})["Location"] == target
        assert signed_in(client)


def test_a_forged_next_is_ignored_after_the_second_step(
    client: Client, alice: User, project: Project, now: datetime
) -> None:
    totp = give_totp(alice)
    with time_machine.travel(now, tick=False):
        by_password(client, alice)
        response = client.post(TOTP + "?next=//evil.example/", {"code": code_at(totp, now)})
    assert response["Location"] == "/"


# --- What waits in the session ----------------------------------------------------------------


@pytest.mark.parametrize("page", [KEY, TOTP, RECOVERY])
def test_nobody_gets_to_the_second_step_without_the_first(
    client: Client, page: str, db: None
) -> None:
    assert client.get(page).status_code == 400
    assert client.post(page, {"code": "123456", "response": "{}"}).status_code == 400


@pytest.mark.parametrize("page", [KEY, TOTP, RECOVERY])
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"email": "new@example.org"}, 400),
        ({"is_active": False}, 400),
        ({"gone": True}, 400),
        ({"later": 300}, 200),
        ({"later": 301}, 302),
    ],
)
def test_what_may_have_happened_in_between(
    client: Client, alice: User, now: datetime, page: str, changes: dict[str, Any], status: int
) -> None:
    give_totp(alice)
    with time_machine.travel(now, tick=False):
        by_password(client, alice)
    columns = {name: value for name, value in changes.items() if name not in ("later", "gone")}
    later = changes.get("later", 1)
    User.objects.filter(pk=alice.pk).update(**({"first_name": "x"} | columns))
    if "gone" in changes:
        User.objects.get(pk=alice.pk).delete()
    with time_machine.travel(now + timedelta(seconds=later), tick=False):
        response = client.get(page)
    assert response.status_code == status
    if status == 302:
        assert response["Location"] == LOGIN
        assert client.get(page).status_code == 400


def test_who_is_signed_in_has_no_second_step(as_alice: Client, alice: User) -> None:
    assert as_alice.get(TOTP).status_code == 400


def test_a_link_for_somebody_else_ends_the_session_only_if_it_works(
    as_alice: Client, bob: User, now: datetime
) -> None:
    give_totp(bob)
    login_service.send_link(bob, now)
    as_alice.post(f"/accounts/check_token/{bob.username}/junk/")
    assert signed_in(as_alice)
    link = login_service.new_link(bob, datetime.now(now.tzinfo))
    assert as_alice.post(link.removeprefix("http://testserver"))["Location"] == TOTP
    assert not signed_in(as_alice)


def test_a_link_for_oneself_keeps_the_session(as_alice: Client, alice: User, now: datetime) -> None:
    give_totp(alice)
    link = login_service.new_link(alice, datetime.now(now.tzinfo))
    as_alice.post(link.removeprefix("http://testserver"))
    assert signed_in(as_alice)


# --- Each factor ------------------------------------------------------------------------------


def test_a_security_key_completes_the_sign_in(client: Client, alice: User, now: datetime) -> None:
    key = give_key(alice, now)
    by_password(client, alice)
    answer = key.get(options_in(client.get(KEY)))
    assert client.post(KEY, {"response": answer}).status_code == 302
    assert signed_in(client)


def test_a_key_without_a_pin_is_enough_after_the_first_factor(
    client: Client, alice: User, now: datetime
) -> None:
    key = give_key(alice, now)
    key.verifies = False
    by_password(client, alice)
    client.post(KEY, {"response": key.get(options_in(client.get(KEY)))})
    assert signed_in(client)


def test_the_key_of_somebody_else_does_not(
    client: Client, alice: User, bob: User, now: datetime
) -> None:
    give_key(alice, now)
    other = give_key(bob, now)
    by_password(client, alice)
    response = client.post(KEY, {"response": other.get(options_in(client.get(KEY)))})
    assert response.status_code == 422
    assert not signed_in(client)


def test_a_wrong_code_is_refused_and_the_right_one_accepted(
    client: Client, alice: User, now: datetime
) -> None:
    totp = give_totp(alice)
    with time_machine.travel(now, tick=False):
        by_password(client, alice)
        wrong = f"{(int(code_at(totp, now)) + 1) % 1_000_000:06}"
        page = client.post(TOTP, {"code": wrong})
        assert page.status_code == 422
        assert "The code is wrong" in page.content.decode()
        client.post(TOTP, {"code": code_at(totp, now)})
        assert signed_in(client)


def test_a_recovery_code_signs_in_once_and_is_mailed(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    give_totp(alice)
    code = give_codes(alice)[0]
    by_password(client, alice)
    client.post(RECOVERY, {"code": f" {code.upper()} "})
    assert signed_in(client)
    assert AuditEntry.objects.get(action="recovery.used").actor == alice
    subjects = [mail.subject for mail in mails]
    assert "A recovery code of your account was used" in subjects
    assert "9 codes left" in str(mails[-1].body) + str(mails[-2].body)
    second = Client()
    by_password(second, alice)
    assert second.post(RECOVERY, {"code": code}).status_code == 422
    assert not signed_in(second)


def test_what_is_left_of_the_codes_is_said(client: Client, alice: User, now: datetime) -> None:
    give_totp(alice)
    code, _, *others = give_codes(alice)
    for other in others:
        recovery.use(alice, other, now)
    by_password(client, alice)
    page = client.post(RECOVERY, {"code": code}, follow=True)
    assert "1 recovery code left" in page.content.decode()
    assert "Make new ones" in page.content.decode()


def test_a_secret_that_cannot_be_read_is_explained(
    client: Client, alice: User, settings: Settings
) -> None:
    Profile.objects.filter(user=alice).update(totp=seal("JBSWY3DPEHPK3PXP"))
    settings.SECRET_KEY = "another key, with which nothing here has been sealed so far, really"
    codes = give_codes(alice)
    assert by_password(client, alice)["Location"] == RECOVERY
    text = unescape(client.get(TOTP).content.decode())
    assert "SECRET_KEY" in text
    assert client.post(TOTP, {"code": "123456"}).status_code == 422
    client.post(RECOVERY, {"code": codes[3]})
    assert signed_in(client)


def test_tries_are_limited(client: Client, alice: User) -> None:
    give_totp(alice)
    by_password(client, alice)
    statuses = [client.post(TOTP, {"code": "x"}).status_code for _ in range(97)]
    assert statuses == [422] * 96 + [429]
    response = client.post(TOTP, {"code": "x"})
    assert int(response["Retry-After"]) > 0
    assert "Try again in" in response.content.decode()
