from __future__ import annotations

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from hc.accounts.models import AuditEntry, User
from hc.accounts.services import login
from tests.factories import PASSWORD
from tests.people import confirmed, link_in

URL = "/accounts/set_password/"
NEW = "another good one"


def test_a_password_is_set_as_it_was_typed(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    response = confirmed(client, alice).post(URL, {"password": f"  {NEW} "})
    assert response["Location"] == "/accounts/profile/"
    alice.refresh_from_db()
    assert alice.check_password(f"  {NEW} ")
    assert not alice.check_password(NEW)
    assert "Your password was set" in client.get("/accounts/profile/").content.decode()
    assert (mails[0].to, mails[0].subject) == ([alice.email], "Your password was set")
    assert NEW not in str(mails[0].body)
    entry = AuditEntry.objects.get(action="account.password_set")
    assert (entry.user, entry.actor) == (alice, alice)
    assert NEW not in str(entry.details)


def test_it_ends_other_sessions_and_mailed_links(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    other, stranger = Client(), Client()
    other.force_login(alice)
    client.post("/accounts/login/", {"identity": alice.email})
    link = link_in(mails[0])
    confirmed(client, alice).post(URL, {"password": NEW})
    assert client.get("/accounts/profile/").status_code == 200
    assert other.get("/accounts/profile/").status_code == 302
    stranger.post(link)
    assert "_auth_user_id" not in stranger.session


@pytest.mark.parametrize(
    ("password", "complaint"),
    [
        ("", "required"),
        ("short", "too short"),
        ("       ", "too short"),
        ("password123", "too common"),
        ("alice@example.org", "too similar"),
        ("nul\0 in a password", "Null characters"),
    ],
)
def test_a_bad_password_is_refused_with_words(
    client: Client, alice: User, password: str, complaint: str
) -> None:
    response = confirmed(client, alice).post(URL, {"password": password})
    assert response.status_code == 422
    assert complaint in response.content.decode()
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_who_has_not_proved_themselves_is_asked_first(as_alice: Client, alice: User) -> None:
    page = as_alice.post(URL, {"password": NEW}).content.decode()
    assert NEW not in page
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert Client().get(URL)["Location"] == f"/accounts/login/?next={URL}"


def test_links_of_others_stay(client: Client, alice: User, bob: User) -> None:
    login.send_link(bob, timezone.now())
    confirmed(client, alice).post(URL, {"password": NEW})
    assert bob.login_tokens.count() == 1
