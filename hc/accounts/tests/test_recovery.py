"""Recovery codes."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from hc.accounts.models import AuditEntry, RecoveryCode, User
from hc.accounts.services import recovery
from hc.accounts.services import totp as totp_service
from hc.accounts.services.second_factor import Refused
from hc.accounts.services.tries import TooMany
from tests.factories import close_connection
from tests.factors import confirmed, give_codes, give_totp

URL = "/accounts/two_factor/recovery/"
SECURITY = "/accounts/profile/security/"


def accepted(user: User, code: str, now: datetime) -> bool:
    try:
        recovery.use(user, code, now)
    except (Refused, TooMany):
        return False
    return True


def codes_on(page: str) -> list[str]:
    return re.findall(r"\b[0-9a-z]{4}(?:-[0-9a-z]{4}){3}\b", page)


def test_new_codes_are_shown_once_and_the_former_ones_end(
    as_alice: Client, alice: User, mails: list[EmailMessage], now: datetime
) -> None:
    give_totp(alice)
    old = give_codes(alice)[0]
    assert "10 that are left" in confirmed(as_alice).get(URL).content.decode()
    shown = codes_on(as_alice.post(URL, follow=True).content.decode())
    assert len(set(shown)) == 10
    assert codes_on(as_alice.get(URL).content.decode()) == []
    assert not accepted(alice, old, now)
    assert accepted(alice, shown[0], now)
    assert mails[-1].subject == "A recovery code of your account was used"
    assert [e.action for e in AuditEntry.objects.order_by("pk")][-2:] == [
        "recovery.made",
        "recovery.used",
    ]


def test_only_hashes_are_stored(alice: User) -> None:
    codes = give_codes(alice)
    digests = "".join(RecoveryCode.objects.values_list("digest", flat=True))
    assert not any(code.replace("-", "") in digests for code in codes)


@pytest.mark.parametrize("change", [str.upper, lambda c: c.replace("-", ""), lambda c: f"  {c}\n"])
def test_however_it_is_typed(alice: User, now: datetime, change: object) -> None:
    code = give_codes(alice)[0]
    assert accepted(alice, change(code), now)  # type: ignore[operator]  # a table of functions


def test_the_code_of_somebody_else_does_not_count(alice: User, bob: User, now: datetime) -> None:
    assert not accepted(bob, give_codes(alice)[0], now)


def test_the_security_page_says_how_many_are_left(
    as_alice: Client, alice: User, now: datetime
) -> None:
    give_totp(alice)
    codes = give_codes(alice)
    assert "10 left" in as_alice.get(SECURITY).content.decode()
    for code in codes[:7]:
        assert accepted(alice, code, now)
    text = as_alice.get(SECURITY).content.decode()
    assert "3 left" in text
    assert "make new ones soon" in text


def test_they_go_with_the_last_factor(alice: User, now: datetime) -> None:
    give_totp(alice)
    give_codes(alice)
    totp_service.remove(alice, now)
    assert not RecoveryCode.objects.filter(user=alice).exists()


def test_without_a_factor_there_are_none(as_alice: Client) -> None:
    assert confirmed(as_alice).get(URL)["Location"] == SECURITY
    as_alice.post(URL)
    assert not RecoveryCode.objects.exists()


def test_guessing_is_limited_and_right_codes_are_free(alice: User, now: datetime) -> None:
    codes = give_codes(alice)
    assert all(accepted(alice, code, now) for code in codes[:9])
    for _ in range(20):
        with pytest.raises(Refused):
            recovery.use(alice, "guess", now)
    with pytest.raises(TooMany):
        recovery.use(alice, codes[9], now)


@pytest.mark.django_db(transaction=True)
def test_of_fifty_uses_at_once_one_succeeds(alice: User, now: datetime) -> None:
    code = give_codes(alice)[0]

    def use(_: int) -> bool:
        try:
            return accepted(alice, code, now)
        finally:
            close_connection()

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(use, range(50))) == 1
