"""Where people are signed in, and how that ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hc.accounts.agents import browser_of
from hc.accounts.models import AuditEntry, SignIn, User
from hc.accounts.services import sessions
from hc.housekeeping import retention
from tests.factories import PASSWORD
from tests.factors import code_at, confirmed, give_totp

LOGIN = "/accounts/login/"
SECURITY = "/accounts/profile/security/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)


def sign_in(client: Client, user: User, **headers: str) -> Any:
    data = {"action": "login", "email": user.email, "password": PASSWORD}
    return client.post(LOGIN, data, headers=headers or {"User-Agent": FIREFOX})


def is_in(client: Client) -> bool:
    return client.get("/").status_code == 200


# --- The list ---------------------------------------------------------------------------------


def test_signing_in_is_noted_with_device_address_and_method(client: Client, alice: User) -> None:
    sign_in(client, alice, **{"User-Agent": FIREFOX, "X-Forwarded-For": "203.0.113.9"})
    row = SignIn.objects.get()
    assert (row.user, row.method, row.address) == (alice, "password", "203.0.113.9")
    text = client.get(SECURITY).content.decode()
    assert "Firefox on Windows" in text
    assert "203.0.113.9" in text
    assert "this browser" in text
    assert "with the password" in text


def test_signing_out_ends_the_entry(client: Client, alice: User) -> None:
    sign_in(client, alice)
    client.post("/accounts/logout/")
    assert not SignIn.objects.exists()


def test_sessions_that_are_gone_are_not_listed(client: Client, alice: User) -> None:
    other = Client()
    sign_in(other, alice, **{"User-Agent": PHONE})
    sign_in(client, alice)
    assert "Safari on iPhone" in client.get(SECURITY).content.decode()
    other.session.delete()
    assert "Safari on iPhone" not in client.get(SECURITY).content.decode()


def test_a_session_of_an_older_version_is_listed_at_its_next_visit(as_alice: Client) -> None:
    SignIn.objects.all().delete()
    session = as_alice.session
    del session["seen"]
    session.save()
    as_alice.get("/")
    assert SignIn.objects.get().session_key == session.session_key


def test_last_seen_is_written_at_most_once_an_hour(
    client: Client, alice: User, now: datetime
) -> None:
    with time_machine.travel(now, tick=False) as clock:
        sign_in(client, alice)
        clock.shift(timedelta(minutes=59))
        client.get("/")
        assert SignIn.objects.get().last_seen == now
        clock.shift(timedelta(minutes=1))
        client.get("/", headers={"Sec-Fetch-Mode": "cors"})  # a poll
        assert SignIn.objects.get().last_seen == now
        client.get("/")
        assert SignIn.objects.get().last_seen == now + timedelta(hours=1)


def test_a_used_session_goes_on_for_longer_than_two_weeks(
    client: Client, alice: User, now: datetime
) -> None:
    with time_machine.travel(now, tick=False) as clock:
        sign_in(client, alice)
        for _ in range(3):
            clock.shift(timedelta(days=10))
            assert is_in(client)
        clock.shift(timedelta(days=15))
        assert not is_in(client)


def test_pages_ask_no_more_when_nothing_is_to_be_noted(
    as_alice: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(3):  # the session, the person, their projects
        as_alice.get("/accounts/login/")


def test_the_list_takes_the_same_queries_however_long_it_is(client: Client, alice: User) -> None:
    sign_in(client, alice)
    client.get(SECURITY)
    few = queries_of(client)
    for _ in range(5):
        sign_in(Client(), alice)
    assert queries_of(client) == few


def queries_of(client: Client) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(SECURITY).status_code == 200
        return len(asked)


# --- Ending them ------------------------------------------------------------------------------


def test_one_browser_is_signed_out_from_another(client: Client, alice: User) -> None:
    other = Client()
    sign_in(other, alice)
    row = SignIn.objects.get()
    sign_in(client, alice)
    client.post(f"{SECURITY}sessions/{row.code}/end/")
    assert not is_in(other)
    assert is_in(client)
    entry = AuditEntry.objects.get(action="session.ended")
    assert (entry.target, entry.user) == ("Firefox on Windows", alice)


def test_nobody_ends_the_sessions_of_others(as_alice: Client, bob: User) -> None:
    other = Client()
    sign_in(other, bob)
    code = SignIn.objects.get(user=bob).code
    assert as_alice.post(f"{SECURITY}sessions/{code}/end/").status_code == 404
    as_alice.post(f"{SECURITY}sessions/end_others/")
    assert is_in(other)


def test_all_others_are_signed_out(client: Client, alice: User) -> None:
    others = [Client() for _ in range(3)]
    for other in others:
        sign_in(other, alice)
    sign_in(client, alice)
    page = client.post(f"{SECURITY}sessions/end_others/", follow=True)
    assert "Signed out in 3 other places" in page.content.decode()
    assert not any(map(is_in, others))
    assert is_in(client)


def test_ending_takes_a_post(as_alice: Client) -> None:
    assert as_alice.get(f"{SECURITY}sessions/end_others/").status_code == 405


def test_a_new_second_factor_ends_the_other_sessions(
    client: Client, alice: User, now: datetime
) -> None:
    with time_machine.travel(now, tick=False):
        other = Client()
        sign_in(other, alice)
        sign_in(client, alice)
        totp = give_totp(alice)
        confirmed(client).post("/accounts/two_factor/totp/remove/")
        assert not is_in(other)
        assert is_in(client)
        assert code_at(totp, now)


def test_a_new_password_keeps_this_browser_in_the_list(client: Client, alice: User) -> None:
    other = Client()
    sign_in(other, alice)
    sign_in(client, alice)
    data = {"password": "another battery staple"}
    confirmed(client).post("/accounts/set_password/", data)
    assert is_in(client)
    assert not is_in(other)
    assert SignIn.objects.get().session_key == client.session.session_key


def test_accounts_that_are_switched_off_are_out_at_once(client: Client, alice: User) -> None:
    sign_in(client, alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert not is_in(client)


def test_housekeeping_forgets_entries_without_a_session(
    client: Client, alice: User, now: datetime
) -> None:
    with time_machine.travel(now, tick=False):
        sign_in(Client(), alice)
        sign_in(client, alice)
    kept = client.session.session_key
    Session.objects.exclude(session_key=kept).delete()
    list(retention.sessions(now + timedelta(minutes=30)))
    assert SignIn.objects.count() == 2  # it may be about to be stored
    list(retention.sessions(now + timedelta(hours=2)))
    assert SignIn.objects.get().session_key == kept


def test_who_was_signed_in_before_is_replaced(client: Client, alice: User, bob: User) -> None:
    sign_in(client, alice)
    client.get("/")
    client.post("/accounts/logout/")
    sign_in(client, bob)
    assert [row.user for row in sessions.of(bob, datetime.now().astimezone())] == [bob]
    assert not sessions.of(alice, datetime.now().astimezone()).exists()


# --- Mails about new browsers -----------------------------------------------------------------


def test_a_new_browser_is_told_of_by_mail(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    sign_in(client, alice)
    assert len(mails) == 0  # the very first sign-in
    client.post("/accounts/logout/")
    sign_in(client, alice)
    assert len(mails) == 0  # the same browser
    sign_in(Client(), alice, **{"User-Agent": PHONE, "X-Forwarded-For": "203.0.113.9"})
    assert [mail.subject for mail in mails] == ["New sign-in to your account"]
    assert "Safari on iPhone" in str(mails[0].body)
    assert "203.0.113.9" in str(mails[0].body)


def test_a_browser_knows_several_people(
    client: Client, alice: User, bob: User, mails: list[EmailMessage]
) -> None:
    for _ in range(2):
        for user in (alice, bob):
            sign_in(client, user)
            client.post("/accounts/logout/")
    assert len(mails) == 0


@pytest.mark.parametrize("cookie", ["", "x", "." * 5000, "0" * 48, "é" * 48, "\0"])
def test_forged_cookies_make_no_browser_known(
    client: Client, alice: User, mails: list[EmailMessage], cookie: str
) -> None:
    sign_in(Client(), alice)
    client.cookies["device"] = cookie
    sign_in(client, alice)
    assert len(mails) == 1


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x",
        "nobodys0session0of0thirtytwo0key",
        r'"\000\000\000\000\000\000\000\000"',
        "é" * 9,
        "x" * 5000,
    ],
)
def test_a_cookie_without_a_session_opens_nothing(client: Client, db: None, key: str) -> None:
    response = client.get("/accounts/profile/", headers={"Cookie": f"sessionid={key}"})
    assert response.status_code == 302


def test_a_session_ends_with_its_time(as_alice: Client) -> None:
    assert as_alice.get("/accounts/profile/").status_code == 200
    Session.objects.update(expire_date=timezone.now())
    assert as_alice.get("/accounts/profile/").status_code == 302


def test_the_cookie_is_for_us_alone(client: Client, alice: User) -> None:
    sign_in(client, alice)
    cookie = client.cookies["device"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 31_536_000)
    assert alice.email not in cookie.value


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Windows"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Macintosh) Chrome/140.0.0.0 Safari/537.36 Edg/140.0", "Edge on Mac"),
        ("curl/8.5.0", "curl"),
        ("Something on Android", "A browser on Android"),
        ("", "Unknown browser"),
    ],
)
def test_what_browsers_are_called(agent: str, name: str) -> None:
    assert browser_of(agent) == name
