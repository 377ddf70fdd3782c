"""Proving once more who one is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from hc.accounts.models import Credential, Profile, User
from hc.accounts.services import sudo as service
from hc.accounts.services import webauthn
from hc.accounts.services.second_factor import Refused
from hc.accounts.services.tries import TooMany
from tests.factories import PASSWORD, close_connection
from tests.factors import code_at, give_codes, give_totp
from tests.softkey import SoftKey

GUARDED = "/accounts/two_factor/totp/remove/"


@pytest.fixture(autouse=True)
def _time(now: datetime) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(now, tick=False) as clock:
        yield clock


@pytest.fixture
def clock(_time: time_machine.Traveller) -> time_machine.Traveller:
    return _time


def answer(client: Client, way: str, value: str, url: str = GUARDED, **more: str) -> Any:
    return client.post(url, {"sudo_way": way, "sudo_value": value, "sudo_intent": "get"} | more)


def is_asked(client: Client) -> bool:
    return "Is it you?" in client.get(GUARDED).content.decode()


def mailed_code(mails: list[EmailMessage]) -> str:
    found = re.search(r"\b[0-9]{6}\b", str(mails[-1].subject))
    assert found
    assert found[0] in str(mails[-1].body)
    return found[0]


# --- With a password --------------------------------------------------------------------------


def test_the_password_is_asked_for_and_opens_the_page_for_half_an_hour(
    as_alice: Client, clock: time_machine.Traveller
) -> None:
    assert is_asked(as_alice)
    response = answer(as_alice, "password", PASSWORD, GUARDED + "?a=b")
    assert response["Location"] == GUARDED + "?a=b"
    assert not is_asked(as_alice)
    clock.shift(timedelta(minutes=29))
    assert not is_asked(as_alice)
    clock.shift(timedelta(minutes=1))
    assert is_asked(as_alice)


def test_it_holds_for_one_session_only(as_alice: Client, alice: User) -> None:
    answer(as_alice, "password", PASSWORD)
    other = Client()
    other.force_login(alice)
    assert is_asked(other)


def test_it_does_not_outlast_the_person(as_alice: Client, bob: User) -> None:
    answer(as_alice, "password", PASSWORD)
    as_alice.force_login(bob)
    assert is_asked(as_alice)


def test_only_wrong_passwords_count(as_alice: Client, clock: time_machine.Traveller) -> None:
    for _ in range(15):
        assert answer(as_alice, "password", PASSWORD).status_code == 302
        clock.shift(timedelta(minutes=31))
    for _ in range(30):
        is_asked(as_alice)
    clock.shift(timedelta(days=1))
    assert [answer(as_alice, "password", "guess").status_code for _ in range(10)] == [422] * 10
    page = answer(as_alice, "password", PASSWORD)
    assert page.status_code == 429
    assert 0 < int(page["Retry-After"]) <= 2.4 * 3600
    assert "Try again in 3 hours" in page.content.decode()


def test_what_was_sent_is_done_after_the_answer(as_alice: Client, alice: User) -> None:
    """Here: the removal of the app, asked for by a POST before anybody was confirmed."""
    totp = give_totp(alice)
    page = as_alice.post(GUARDED, {"extra": '<b>"x"</b>', "list": ["1", "2"]})
    assert Profile.objects.get(user=alice).totp
    text = page.content.decode()
    assert 'name="extra" value="&lt;b&gt;&quot;x&quot;&lt;/b&gt;"' in text
    assert text.count('name="list"') == 2
    assert 'name="sudo_intent" value="post"' in text
    code = code_at(totp, datetime.now(tz=None).astimezone())
    response = answer(as_alice, "totp", code, sudo_intent="post", extra="x")
    assert response["Location"] == "/accounts/profile/security/"
    assert Profile.objects.get(user=alice).totp is None


def test_a_wrong_answer_keeps_what_was_sent(as_alice: Client) -> None:
    page = answer(as_alice, "password", "wrong", sudo_intent="post", extra="kept")
    assert page.status_code == 422
    assert 'name="extra" value="kept"' in page.content.decode()


def test_passwords_that_were_sent_are_not_written_into_the_page(as_alice: Client) -> None:
    page = as_alice.post(GUARDED, {"new_password": "very secret"}).content.decode()
    assert "very secret" not in page
    assert 'name="sudo_intent" value="get"' in page


# --- By mail ----------------------------------------------------------------------------------


@pytest.fixture
def carol(alice: User, as_alice: Client) -> Client:
    """Somebody without a password."""
    alice.set_unusable_password()
    alice.save()
    as_alice.force_login(alice)
    return as_alice


def send(client: Client, **more: str) -> Any:
    return answer(client, "send", "", **more)


def test_who_has_nothing_else_gets_a_code(carol: Client, mails: list[EmailMessage]) -> None:
    assert "Mail me a code" in carol.get(GUARDED).content.decode()
    assert len(mails) == 0  # to look at the page sends nothing
    send(carol)
    assert answer(carol, "mail", mailed_code(mails)).status_code == 302
    assert not is_asked(carol)


def test_who_forgot_the_password_gets_a_code_too(
    as_alice: Client, mails: list[EmailMessage]
) -> None:
    send(as_alice)
    assert answer(as_alice, "mail", mailed_code(mails)).status_code == 302


def test_asking_again_sends_no_other_code_unless_one_wants_it(
    carol: Client, mails: list[EmailMessage]
) -> None:
    send(carol)
    send(carol)
    assert len(mails) == 1
    first = mailed_code(mails)
    send(carol, sudo_again="1")
    assert len(mails) == 2
    second = mailed_code(mails)
    if first != second:
        assert answer(carol, "mail", first).status_code == 422
    assert answer(carol, "mail", second).status_code == 302


def test_a_code_dies_after_fifteen_minutes(
    carol: Client, mails: list[EmailMessage], clock: time_machine.Traveller
) -> None:
    send(carol)
    clock.shift(timedelta(minutes=15))
    page = answer(carol, "mail", mailed_code(mails))
    assert page.status_code == 422
    assert "works no more" in page.content.decode()


def test_a_code_dies_after_five_wrong_tries(carol: Client, mails: list[EmailMessage]) -> None:
    send(carol)
    code = mailed_code(mails)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        assert answer(carol, "mail", wrong).status_code == 422
    assert "works no more" in answer(carol, "mail", code).content.decode()
    assert is_asked(carol)


def test_a_code_is_for_one_session_and_one_person(
    carol: Client, alice: User, mails: list[EmailMessage]
) -> None:
    send(carol)
    other = Client()
    other.force_login(alice)
    assert answer(other, "mail", mailed_code(mails)).status_code == 422


def test_the_session_holds_no_code(carol: Client, mails: list[EmailMessage]) -> None:
    send(carol)
    assert mailed_code(mails) not in str(dict(carol.session))


def test_mails_are_limited(carol: Client, mails: list[EmailMessage]) -> None:
    statuses = [send(carol, sudo_again="1").status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    assert len(mails) == 20


def test_without_a_mail_server_the_page_says_what_to_do(carol: Client, settings: Settings) -> None:
    settings.EMAIL_HOST = ""
    text = carol.get(GUARDED).content.decode()
    assert "sends no mail" in text
    assert "Ask the administrator" in text
    assert send(carol).status_code == 422


def test_without_a_mail_server_a_password_does(as_alice: Client, settings: Settings) -> None:
    settings.EMAIL_HOST = ""
    assert "mailed to you" not in as_alice.get(GUARDED).content.decode()
    assert answer(as_alice, "password", PASSWORD).status_code == 302


# --- With a second factor ---------------------------------------------------------------------


def test_a_second_factor_is_required_if_there_is_one(
    as_alice: Client, alice: User, mails: list[EmailMessage], now: datetime
) -> None:
    totp = give_totp(alice)
    assert answer(as_alice, "password", PASSWORD).status_code == 422
    assert send(as_alice).status_code == 422
    assert len(mails) == 0
    assert answer(as_alice, "totp", code_at(totp, now)).status_code == 302
    assert not is_asked(as_alice)


def test_a_security_key_does(
    as_alice: Client, alice: User, settings: Settings, now: datetime
) -> None:
    settings.RP_ID = "localhost"
    key, ceremony = SoftKey(), webauthn.begin_registration(alice)
    webauthn.register(alice, "Blue", key.create(ceremony.options), ceremony.state, now)
    options = str(as_alice.get(GUARDED).context["options"])
    signed = key.get(options)
    assert answer(as_alice, "key", "{}").status_code == 400
    assert answer(as_alice, "key", signed).status_code == 400  # the challenge is used up
    options = str(as_alice.get(GUARDED).context["options"])
    assert answer(as_alice, "key", key.get(options)).status_code == 302
    assert Credential.objects.get().last_used == now


def test_a_recovery_code_does_for_a_lost_key(as_alice: Client, alice: User) -> None:
    give_totp(alice)
    assert answer(as_alice, "recovery", give_codes(alice)[0]).status_code == 302


def test_a_factor_that_cannot_be_used_is_explained(
    as_alice: Client, alice: User, settings: Settings, now: datetime
) -> None:
    Credential.objects.create(user=alice, name="Old", data=b"")
    text = as_alice.get(GUARDED).content.decode()
    assert "RP_ID" in text
    assert "administrator" in text
    assert answer(as_alice, "password", PASSWORD).status_code == 422


@pytest.mark.parametrize("way", ["", "nothing", "key", "mail", "totp", "recovery"])
def test_ways_that_are_not_open_are_refused(as_alice: Client, way: str) -> None:
    assert answer(as_alice, way, "x").status_code == 422
    assert is_asked(as_alice)


@pytest.mark.django_db(transaction=True)
def test_fifty_guesses_at_once_get_five_tries(alice: User, now: datetime) -> None:
    code = service.send_code(alice, now)

    def guess(_: int) -> str:
        try:
            service.check_code(alice, code, "no code", now)
        except (Refused, TooMany) as e:
            return str(e)
        finally:
            close_connection()
        return "right"

    with ThreadPoolExecutor(10) as pool:
        told = list(pool.map(guess, range(50)))
    assert told.count("The code is wrong.") == 5
    assert "right" not in told
