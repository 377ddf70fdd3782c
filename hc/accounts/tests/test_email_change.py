from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from hc.accounts.models import AuditEntry, EmailChange, User
from hc.accounts.services import email_change
from hc.accounts.services.accounts import create_account
from tests.factories import PASSWORD
from tests.people import at_once, confirmed, link_in

URL = "/accounts/change_email/"
NEW = "alice@new.example"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def ask(client: Client, user: User, new: str = NEW) -> int:
    return confirmed(client, user).post(URL, {"email": new}).status_code


def change(client: Client, user: User, mails: list[EmailMessage], new: str = NEW) -> str:
    """Change the address; the path of the link that takes it back."""
    ask(client, user, new)
    client.post(link_in(mails[-1], URL))
    user.refresh_from_db()
    assert user.email == new
    return link_in(mails[-1], URL)


def test_the_new_address_is_confirmed_by_the_owner(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    assert ask(client, alice, "Alice@NEW.example ") == 302
    assert mails[0].to == [NEW]
    assert "alice@example.org" in str(mails[0].body)
    link = link_in(mails[0], URL)
    assert "Use this address?" in client.get(link).content.decode()
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"
    assert client.post(link)["Location"] == "/accounts/profile/"
    alice.refresh_from_db()
    assert alice.email == NEW
    assert NEW in client.get("/accounts/profile/").content.decode()
    assert mails[1].to == ["alice@example.org"]
    assert "not you" in str(mails[1].body).lower()
    entry = AuditEntry.objects.get(action="account.email_changed")
    assert entry.details == {"email": ["alice@example.org", NEW]}


def test_other_sessions_and_links_end(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    other, third = Client(), Client()
    other.force_login(alice)
    client.post("/accounts/login/", {"identity": alice.email})
    link = link_in(mails[0])
    change(client, alice, mails)
    assert other.get("/accounts/profile/").status_code == 302
    third.post(link)
    assert "_auth_user_id" not in third.session


def test_a_stranger_who_gets_the_mail_changes_nothing(
    client: Client, alice: User, bob: User, mails: list[EmailMessage]
) -> None:
    ask(client, alice)
    link = link_in(mails[0], URL)
    for visitor in (Client(), Client()):
        assert visitor.post(link)["Location"] == f"/accounts/login/?next={link}"
        visitor.force_login(bob)
        assert visitor.get(link).status_code == visitor.post(link).status_code == 403
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"


def test_who_is_signed_out_signs_in_and_comes_back(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    ask(client, alice)
    link = link_in(mails[0], URL)
    fresh = Client()
    data = {"action": "login", "email": alice.email, "password": PASSWORD}
    assert fresh.post(f"/accounts/login/?next={link}", data)["Location"] == link
    assert fresh.post(link).status_code == 302
    alice.refresh_from_db()
    assert alice.email == NEW


def test_a_link_works_once_and_for_a_quarter_of_an_hour(
    client: Client, alice: User, mails: list[EmailMessage], now: datetime
) -> None:
    with time_machine.travel(now, tick=False):
        ask(client, alice)
        link = link_in(mails[0], URL)
    with time_machine.travel(now + 16 * MINUTE, tick=False):
        assert client.post(link).status_code == 410
    with time_machine.travel(now + 14 * MINUTE, tick=False):
        assert client.post(link).status_code == 302
        assert client.post(link).status_code == 410
        assert client.post(f"{URL}junk/").status_code == 410


def test_an_older_link_is_overtaken_by_a_change(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    ask(client, alice, "first@new.example")
    first = link_in(mails[0], URL)
    change(client, alice, mails)
    assert client.post(first).status_code == 410


def test_an_address_that_was_taken_meanwhile(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    ask(client, alice)
    create_account(NEW)
    response = client.post(link_in(mails[0], URL))
    assert response.status_code == 410
    assert "another account" in response.content.decode()
    assert EmailChange.objects.get().confirmed is None


@pytest.mark.parametrize(
    ("new", "complaint"),
    [
        ("", "required"),
        ("nonsense", "valid email"),
        ("alice@example.org", "already"),
        ("bob@example.org", "another account"),
        ("a" * 250 + "@example.org", "at most 254"),
        ('"a@b"@example.org', ""),
    ],
)
def test_a_bad_address_is_refused_with_words(
    client: Client, alice: User, bob: User, mails: list[EmailMessage], new: str, complaint: str
) -> None:
    response = confirmed(client, alice).post(URL, {"email": new})
    assert response.status_code in (302, 422)
    if complaint:
        assert response.status_code == 422
        assert complaint in response.content.decode()
        assert not mails


def test_mails_are_limited_per_sender_and_per_mailbox(
    client: Client, alice: User, bob: User
) -> None:
    statuses = [ask(client, alice, f"{n}@new.example") for n in range(6)]
    assert statuses == [302] * 5 + [429]
    response = client.post(URL, {"email": "7@new.example"})
    assert int(response["Retry-After"]) > 60
    people = [create_account(f"{n}@people.example") for n in range(3)]
    statuses = [
        ask(Client(), person, f"vic.tim+{n}@example.org") for person in people for n in range(4)
    ]
    assert statuses == [302] * 10 + [429] * 2


def test_who_has_not_proved_themselves_is_asked_first(
    as_alice: Client, mails: list[EmailMessage]
) -> None:
    as_alice.post(URL, {"email": NEW})
    assert not EmailChange.objects.exists()


def test_without_a_mail_server_the_page_says_what_to_do(
    client: Client, alice: User, settings: Settings
) -> None:
    settings.EMAIL_HOST = ""
    page = confirmed(client, alice).get(URL).content.decode()
    assert "An administrator can change your address" in page
    client.post(URL, {"email": NEW})
    assert not EmailChange.objects.exists()


# --- Taking it back ---------------------------------------------------------------------------


def test_the_former_address_takes_the_account_back(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    undo = change(client, alice, mails)
    owner = Client()
    assert "Take the change back?" in owner.get(undo).content.decode()
    alice.refresh_from_db()
    assert alice.email == NEW
    assert "Your address is back" in owner.post(undo).content.decode()
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"
    assert not alice.has_usable_password()
    assert client.get("/accounts/profile/").status_code == 302
    assert owner.post(undo).status_code == 410
    assert mails[-1].to == ["alice@example.org"]
    assert AuditEntry.objects.filter(action="account.email_change_undone", user=alice).exists()


def test_for_three_days(
    client: Client, alice: User, mails: list[EmailMessage], now: datetime
) -> None:
    with time_machine.travel(now, tick=False):
        undo = change(client, alice, mails)
    with time_machine.travel(now + 73 * HOUR, tick=False):
        assert Client().post(undo).status_code == 410
    with time_machine.travel(now + 71 * HOUR, tick=False):
        assert Client().post(undo).status_code == 200


def test_a_thief_cannot_hide_behind_a_second_change(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    first = change(client, alice, mails)
    second = change(client, alice, mails, "thief@new.example")
    ask(client, alice, "thief3@new.example")
    third = link_in(mails[-1], URL)
    Client().post(first)
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"
    assert Client().post(second).status_code == 410
    client.force_login(alice)
    assert client.post(third).status_code == 410


def test_nobody_else_gets_the_former_address_meanwhile(
    client: Client, alice: User, bob: User, mails: list[EmailMessage], now: datetime
) -> None:
    with time_machine.travel(now, tick=False):
        change(client, alice, mails)
        assert ask(client, bob, "alice@example.org") == 422
        Client().post("/accounts/signup/", {"identity": "alice@example.org"})
        assert mails[-1].subject == "This address is not free yet"
        assert ask(client, alice, "alice@example.org") == 302
    with time_machine.travel(now + 73 * HOUR, tick=False):
        Client().post("/accounts/signup/", {"identity": "alice@example.org"})
        assert mails[-1].subject == "Welcome to Mychecks"


def test_an_address_that_was_given_away_cannot_be_restored(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    undo = change(client, alice, mails)
    create_account("alice@example.org")
    response = Client().post(undo)
    assert response.status_code == 410
    assert "Another account has this address by now" in response.content.decode()
    alice.refresh_from_db()
    assert alice.email == NEW


# --- All at once ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_fifty_confirmations_at_once_one_counts(alice: User) -> None:
    now = timezone.now()
    row = email_change.request(alice, NEW, now)
    row = EmailChange.objects.select_related("user").get(pk=row.pk)
    done = at_once(lambda _: email_change.confirm(row, now), 50)
    assert done.count(True) == 1
    row.refresh_from_db()
    undone = at_once(lambda _: email_change.undo(row, now), 50)
    assert undone.count(True) == 1
    assert AuditEntry.objects.filter(action="account.email_changed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_one_address_one_gets_it() -> None:
    now = timezone.now()
    rows = [email_change.request(create_account(f"{n}@example.org"), NEW, now) for n in range(6)]

    def confirm(number: int) -> bool:
        try:
            return email_change.confirm(rows[number], now)
        except email_change.Taken:
            return False

    assert at_once(confirm, 6).count(True) == 1
    assert User.objects.filter(email=NEW).count() == 1
