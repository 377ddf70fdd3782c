"""Authenticator apps: set-up, and that each code counts once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pyotp
import pytest
import time_machine
from django.core.mail import EmailMessage
from django.test import Client

from hc.accounts.models import AuditEntry, Profile, RecoveryCode, User
from hc.accounts.services import totp as service
from hc.accounts.services.second_factor import Refused
from hc.accounts.services.tries import TooMany
from hc.lib.sealing import MARK, unseal
from tests.factories import close_connection
from tests.factors import code_at, confirmed, give_totp

URL = "/accounts/two_factor/totp/"
STEP = timedelta(seconds=30)


def secret_on(page: str) -> str:
    found = re.search(r'id="totp-secret">([A-Z2-7 ]+)<', page)
    assert found
    return found[1].replace(" ", "")


def accepted(user: User, code: str, now: datetime) -> bool:
    try:
        service.use(user, code, now)
    except (Refused, TooMany):
        return False
    return True


# --- Set-up -----------------------------------------------------------------------------------


def test_an_app_is_set_up_with_its_first_code(
    as_alice: Client, alice: User, now: datetime, mails: list[EmailMessage]
) -> None:
    with time_machine.travel(now, tick=False):
        page = confirmed(as_alice).get(URL).content.decode()
        totp = pyotp.TOTP(secret_on(page))
        assert "<svg" in page
        assert "style=" not in page
        response = as_alice.post(URL, {"code": code_at(totp, now)})
    assert response["Location"] == "/accounts/two_factor/recovery/"
    stored = Profile.objects.get(user=alice).totp or ""
    assert stored.startswith(MARK)
    assert unseal(stored) == totp.secret
    assert RecoveryCode.objects.filter(user=alice).count() == 10
    assert mails[0].subject == "An authenticator app was added to your account"
    assert AuditEntry.objects.get(action="totp.added").user == alice


def test_a_wrong_code_keeps_the_secret_that_the_app_has(as_alice: Client, alice: User) -> None:
    secret = secret_on(confirmed(as_alice).get(URL).content.decode())
    page = as_alice.post(URL, {"code": "nonsense"})
    assert page.status_code == 422
    assert secret_on(page.content.decode()) == secret
    assert not Profile.objects.get(user=alice).totp


def test_there_is_one_app_in_an_account(as_alice: Client, alice: User) -> None:
    totp = give_totp(alice)
    assert confirmed(as_alice).get(URL)["Location"] == "/accounts/profile/security/"
    as_alice.post(URL, {"code": "123456"})
    assert unseal(Profile.objects.get(user=alice).totp or "") == totp.secret


def test_removal_is_asked_about_and_mailed(
    as_alice: Client, alice: User, mails: list[EmailMessage]
) -> None:
    give_totp(alice)
    page = confirmed(as_alice).get(f"{URL}remove/").content.decode()
    assert "your last second factor" in page
    as_alice.post(f"{URL}remove/")
    assert Profile.objects.get(user=alice).totp is None
    assert "was removed" in mails[0].subject
    assert AuditEntry.objects.filter(action="totp.removed", user=alice).exists()
    as_alice.post(f"{URL}remove/")  # again: nothing happens
    assert len(mails) == 1


# --- Codes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_clocks_may_differ_by_a_step(
    alice: User, now: datetime, steps: int, is_right: bool
) -> None:
    totp = give_totp(alice)
    assert accepted(alice, code_at(totp, now + steps * STEP), now) is is_right


def test_a_code_counts_once_and_so_do_those_before_it(alice: User, now: datetime) -> None:
    totp = give_totp(alice)
    earlier, present, later = (code_at(totp, now + step * STEP) for step in (-1, 0, 1))
    assert accepted(alice, present, now)
    assert not accepted(alice, present, now)
    assert not accepted(alice, earlier, now)
    assert accepted(alice, later, now)


@pytest.mark.parametrize(
    "digits",
    [
        "０１２３４５６７８９",  # full-width
        "٠١٢٣٤٥٦٧٨٩",  # Arabic-Indic
        "०१२३४५६७८९",  # Devanagari
    ],
)
def test_a_used_code_does_not_come_back_in_other_digits(
    alice: User, now: datetime, digits: str
) -> None:
    totp = give_totp(alice)
    code = code_at(totp, now)
    translated = code.translate(str.maketrans("0123456789", digits))
    assert not accepted(alice, translated, now)
    assert accepted(alice, code, now)
    assert not accepted(alice, translated, now)


@pytest.mark.parametrize("code", ["", " ", "12345", "1234567", "abcdef", "12\n3456", "123456\0"])
def test_what_is_no_code(alice: User, now: datetime, code: str) -> None:
    give_totp(alice)
    assert not accepted(alice, code, now)


def test_blanks_in_a_code_are_left_out(alice: User, now: datetime) -> None:
    code = code_at(give_totp(alice), now)
    assert accepted(alice, f"{code[:3]} {code[3:]}", now)


def test_a_secret_of_an_older_version_is_sealed_when_it_is_used(alice: User, now: datetime) -> None:
    totp = pyotp.TOTP("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    Profile.objects.filter(user=alice).update(totp=totp.secret)
    assert accepted(alice, code_at(totp, now), now)
    stored = Profile.objects.get(user=alice).totp or ""
    assert stored.startswith(MARK)
    assert unseal(stored) == totp.secret
    assert accepted(alice, code_at(totp, now + STEP), now + STEP)


@pytest.mark.django_db(transaction=True)
def test_of_fifty_uses_at_once_one_succeeds(alice: User, now: datetime) -> None:
    code = code_at(give_totp(alice), now)

    def use(_: int) -> bool:
        try:
            return accepted(alice, code, now)
        finally:
            close_connection()

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(use, range(50))) == 1
