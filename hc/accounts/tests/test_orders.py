"""Strangers learn nothing about an address: what happens is the same for all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hc.accounts.models import LoginToken, User
from hc.accounts.services import login, orders
from hc.accounts.services.orders import Order
from hc.alerts import post
from hc.alerts.dispatcher import Space
from hc.api.models import Limit, QueuedMail, TokenBucket
from tests.factories import PASSWORD
from tests.people import at_once

LINK, SIGNUP = "/accounts/login/", "/accounts/signup/"


def statements(data: dict[str, str], url: str = LINK) -> tuple[list[str], Any]:
    client = Client()
    with CaptureQueriesContext(connection) as captured:
        response = client.post(url, data)
    kinds = [query["sql"].split(maxsplit=3)[:3] for query in captured]
    return [" ".join(kind) for kind in kinds], response


@pytest.mark.parametrize("url", [LINK, SIGNUP])
def test_a_request_for_a_mail_does_the_same_for_every_address(alice: User, url: str) -> None:
    statements({"identity": "warm@example.org"}, url)
    known, seen = statements({"identity": alice.email}, url)
    unknown, same = statements({"identity": "nobody@example.org"}, url)
    assert known == unknown
    assert (seen.status_code, seen["Location"]) == (same.status_code, same["Location"])
    assert seen.content == same.content
    assert seen.headers.keys() == same.headers.keys()
    assert seen.cookies.output() == same.cookies.output()
    assert not LoginToken.objects.exists()


def test_a_password_is_judged_with_the_same_queries_for_every_address(alice: User) -> None:
    def data(email: str) -> dict[str, str]:
        return {"action": "login", "email": email, "password": "wrong"}

    statements(data("warm@example.org"))
    known, seen = statements(data(alice.email))
    unknown, same = statements(data("alicf@example.org"))
    assert known == unknown
    assert seen.status_code == same.status_code
    assert seen.headers.keys() == same.headers.keys()


def claim(now: datetime) -> list[QueuedMail]:
    return [one.row for one in post.claim(Space(limit=50), now)]


def test_the_alert_loop_writes_the_mail_and_says_nothing_to_strangers(
    client: Client, alice: User, now: datetime
) -> None:
    for email in (alice.email, "nobody@example.org"):
        orders.place(email, Order(next_url="/accounts/profile/"), now)
    (row,) = claim(now)
    assert (row.to, row.subject) == (alice.email, "Sign in to Mychecks")
    assert "?next=/accounts/profile/" in row.text
    settled = QueuedMail.objects.get(to="nobody@example.org")
    assert (settled.state, settled.due, settled.headers) == ("sent", None, {})


def test_a_mail_that_is_tried_again_holds_the_same_link(alice: User, now: datetime) -> None:
    orders.place(alice.email, Order(), now)
    (first,) = claim(now)
    (second,) = claim(now + timedelta(minutes=1))
    assert first.text == second.text
    assert LoginToken.objects.count() == 1


def test_an_order_that_fails_holds_up_nobody(
    alice: User, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    orders.place("bad@example.org", Order(), now)
    QueuedMail.objects.update(headers={"order": {"nonsense": 1}})
    orders.place(alice.email, Order(), now)
    assert [row.to for row in claim(now)] == [alice.email]
    assert "mail not written" in caplog.text
    assert QueuedMail.objects.get(to="bad@example.org").due is not None


def test_a_link_counts_from_its_request(alice: User, now: datetime) -> None:
    orders.place(alice.email, Order(), now)
    claim(now + timedelta(minutes=30))
    assert LoginToken.objects.get().expires == now + timedelta(hours=1)


# --- Limits -----------------------------------------------------------------------------------


def test_strangers_do_not_lock_the_owner_out(alice: User, now: datetime) -> None:
    for number in range(250):
        wait = login.wait_before_password(alice.email, f"net-{number}", now)
    assert wait > timedelta(0)
    assert not login.wait_before_password(alice.email, "home", now, "known")
    for number in range(15):
        wait = login.wait_before_link(alice.email, f"net-{number}", now)
    assert wait > timedelta(0)
    assert not login.wait_before_link(alice.email, "home", now, "known")


def test_a_browser_of_the_owner_is_let_in_while_strangers_try(client: Client, alice: User) -> None:
    def attempt(client: Client, address: str, password: str) -> int:
        data = {"action": "login", "email": alice.email, "password": password}
        headers = {"X-Forwarded-For": address}
        return client.post(LINK, data, headers=headers).status_code

    assert attempt(client, "203.0.113.1", PASSWORD) == 302
    client.post("/accounts/logout/")
    for number in range(200):
        attempt(Client(), f"198.51.100.{number}", "guess")
    assert attempt(Client(), "203.0.113.2", PASSWORD) == 429
    assert attempt(client, "203.0.113.1", PASSWORD) == 302


# --- All at once ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_fifty_uses_of_a_link_at_once_one_signs_in(alice: User) -> None:
    link = login.new_link(alice, timezone.now())
    username, token = link.rstrip("/").split("/")[-2:]
    used = at_once(lambda _: login.use_link(username, token, timezone.now()), 50)
    assert [user for user in used if user] == [alice]


LIMITS: list[tuple[Callable[[datetime], timedelta], Limit]] = [
    (lambda now: login.wait_before_link("a@example.org", "net", now), login.PER_ADDRESS),
    (lambda now: login.wait_before_password("a@example.org", "net", now), login.PASSWORD_PER_PAIR),
    (lambda now: login.mailbox_wait("a@example.org", now), login.PER_ADDRESS),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("take", "limit"), LIMITS)
def test_two_hundred_attempts_at_once_never_exceed_a_limit(
    take: Callable[[datetime], timedelta], limit: Limit, now: datetime
) -> None:
    waits = at_once(lambda _: take(now), 200)
    assert waits.count(timedelta(0)) == limit.capacity
    assert TokenBucket.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_requests_through_the_page_never_exceed_the_limit(alice: User) -> None:
    statuses = at_once(lambda _: Client().post(LINK, {"identity": alice.email}).status_code, 40)
    assert statuses.count(302) == login.PER_ADDRESS.capacity


@pytest.mark.django_db(transaction=True)
def test_an_order_is_carried_out_once_however_many_processes_send(alice: User) -> None:
    now = timezone.now()
    orders.place("new@example.org", Order(wants_account=True), now)
    rows = at_once(lambda _: claim(now), 6, threads=6)
    assert sum(map(len, rows)) == 1
    assert User.objects.filter(email="new@example.org").count() == 1
    assert LoginToken.objects.count() == 1
