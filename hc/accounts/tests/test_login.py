from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from hc.accounts.models import LoginToken, Project, User
from hc.accounts.services import login as service
from hc.accounts.services.projects import create_project
from tests.factories import PASSWORD

URL = "/accounts/login/"
SENT = "/accounts/login_link_sent/"


def by_password(client: Client, email: str, password: str, **kwargs: str) -> Any:
    data = {"action": "login", "email": email, "password": password}
    return client.post(URL, data, headers=kwargs or None)


def link_in(mail: EmailMessage) -> str:
    found = re.search(r"http://testserver(/accounts/check_token/\S+)", str(mail.body))
    assert found
    return found[1]


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


# --- By password ------------------------------------------------------------------------------


def test_the_right_password_signs_in(client: Client, alice: User) -> None:
    response = by_password(client, " ALICE@example.org ", PASSWORD)
    project = Project.objects.get(owner=alice)
    assert response["Location"] == f"/projects/{project.code}/checks/"
    assert signed_in(client)


def test_who_owns_several_projects_lands_on_the_overview(client: Client, alice: User) -> None:
    create_project("Second", alice)
    assert by_password(client, alice.email, PASSWORD)["Location"] == "/"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("alice@example.org", "wrong"),
        ("nobody@example.org", PASSWORD),
        ("not an address", PASSWORD),
        ('"a@b"@example.org', PASSWORD),
        ("alice@example.org", ""),
        ("", PASSWORD),
        ("a" * 300 + "@example.org", PASSWORD),
        ("alice@example.org\0", PASSWORD),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(
    client: Client, alice: User, email: str, password: str
) -> None:
    response = by_password(client, email, password)
    assert response.status_code == 200
    text = response.content.decode()
    assert "The address or the password is wrong." in text
    assert text.count('role="alert"') == 1
    assert not signed_in(client)


def test_accounts_without_a_password_or_switched_off_cannot_sign_in(
    client: Client, alice: User, bob: User
) -> None:
    alice.set_unusable_password()
    alice.save()
    User.objects.filter(pk=bob.pk).update(is_active=False)
    for email in (alice.email, bob.email):
        by_password(client, email, PASSWORD)
        assert not signed_in(client)


def test_an_account_that_is_switched_off_loses_its_sessions(as_alice: Client, alice: User) -> None:
    assert as_alice.get("/").status_code == 200
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert as_alice.get("/").status_code == 302


def test_guessing_is_stopped_for_the_guesser_alone(
    client: Client, alice: User, settings: Settings
) -> None:
    guesser = {"X-Forwarded-For": "203.0.113.7"}
    for _ in range(20):
        assert by_password(client, alice.email, "guess", **guesser).status_code == 200
    response = by_password(client, alice.email, PASSWORD, **guesser)
    assert response.status_code == 429
    assert not signed_in(client)
    by_password(client, alice.email, PASSWORD, **{"X-Forwarded-For": "203.0.113.8"})
    assert signed_in(client)


def test_passwords_are_kept_as_typed(client: Client, alice: User) -> None:
    alice.set_password("  spaces around  ")
    alice.save()
    by_password(client, alice.email, "  spaces around  ")
    assert signed_in(client)


# --- By a mailed link -------------------------------------------------------------------------


def ask(client: Client, email: str, url: str = URL) -> Any:
    return client.post(url, {"identity": email})


def test_a_link_is_mailed_and_signs_in_the_browser_that_asked(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    response = ask(client, "Alice@example.org")
    assert response["Location"] == SENT
    assert mails[0].to == ["alice@example.org"]
    client.get(link_in(mails[0]))
    assert signed_in(client)


def test_unknown_addresses_get_the_same_answer_and_no_mail(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    with time_machine.travel("2026-06-15T12:00Z", tick=False):
        known, unknown = ask(client, alice.email), ask(client, "nobody@example.org")
    assert known["Location"] == unknown.url == SENT
    assert known.cookies.output() == unknown.cookies.output()
    assert len(mails) == 1


def test_the_cookie_of_the_browser_that_asked(client: Client, alice: User) -> None:
    ask(client, alice.email)
    cookie = client.cookies["auto-login"]
    assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == (300, True, "Lax")


def test_in_another_browser_a_button_must_be_pressed(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    ask(client, alice.email)
    scanner = Client()
    for request in (scanner.get, scanner.head):
        assert request(link_in(mails[0])).status_code == 200
        assert not signed_in(scanner)
    scanner.post(link_in(mails[0]))
    assert signed_in(scanner)


def test_a_link_works_once_and_within_an_hour(
    client: Client, alice: User, mails: list[EmailMessage], now: datetime
) -> None:
    with time_machine.travel(now, tick=False):
        ask(client, alice.email)
        ask(client, alice.email)
    first, second = map(link_in, list(mails))
    with time_machine.travel(now + timedelta(minutes=59), tick=False):
        client.post(first)
        assert signed_in(client)
        client.logout()
        response = client.post(first)
        assert response["Location"] == URL
        assert not signed_in(client)
        assert "used or expired" in client.get(URL).content.decode()
        assert "used or expired" not in client.get(URL).content.decode()
    with time_machine.travel(now + timedelta(minutes=61), tick=False):
        client.post(second)
        assert not signed_in(client)


def test_a_later_link_does_not_kill_an_earlier_one(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    ask(client, alice.email)
    ask(client, alice.email)
    client.post(link_in(mails[0]))
    assert signed_in(client)


def test_only_a_hash_of_the_token_is_stored(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    ask(client, alice.email)
    token = link_in(mails[0]).split("/")[-2]
    assert token not in LoginToken.objects.get().digest


@pytest.mark.parametrize(
    "path", ["/accounts/check_token/nobody/junk/", "/accounts/check_token/x/y/"]
)
def test_a_junk_link_does_not_sign_anybody_out(as_alice: Client, path: str) -> None:
    as_alice.post(path)
    assert signed_in(as_alice)


def test_a_link_of_an_account_that_was_switched_off_is_bad(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    ask(client, alice.email)
    link = link_in(mails[0])
    User.objects.update(is_active=False)
    client.post(link)
    assert not signed_in(client)


def test_mails_to_one_address_are_limited(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    for number in range(11):
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        last = client.post(URL, {"identity": f"al.ice+{number}@example.org"}, headers=headers)
    assert last.status_code == 429
    assert "tried too often" in last.content.decode()


def test_mails_from_one_client_are_limited(client: Client, db: None) -> None:
    statuses = [client.post(URL, {"identity": f"a{n}@example.org"}).status_code for n in range(21)]
    assert statuses == [302] * 20 + [429]


def test_without_a_mail_server_no_link_is_offered(
    client: Client, alice: User, settings: Settings
) -> None:
    assert "Mail me a link" in client.get(URL).content.decode()
    settings.EMAIL_HOST = ""
    assert "Mail me a link" not in client.get(URL).content.decode()


# --- Where people land ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "next_url",
    [
        "http://evil.example/",
        "//evil.example/",
        "http:/projects/{code}/checks/",
        "javascript:alert(1)",
        "/accounts/logout/",
        "/\\evil.example",
        "/projects/{code}/checks/\n",
        "/nothing/",
        "/ping/x",
    ],
)
def test_nobody_is_sent_elsewhere(
    client: Client, alice: User, project: Project, next_url: str
) -> None:
    client.force_login(alice)
    response = client.get(URL, {"next": next_url.format(code=project.code)})
    assert response["Location"] == "/"


def test_pages_of_this_site_are_returned_to_with_their_query(
    client: Client, alice: User, project: Project, mails: list[EmailMessage]
) -> None:
    target = f"/projects/{project.code}/checks/?tag=a&status=down"
    client.post(
        f"{URL}?next={target.replace('?', '%3F').replace('&', '%26')}", {"identity": alice.email}
    )
    response = client.get(link_in(mails[0]))
    assert response["Location"] == target


def test_signed_in_people_are_sent_on(as_alice: Client, alice: User) -> None:
    project = Project.objects.get(owner=alice)
    assert as_alice.get(URL)["Location"] == f"/projects/{project.code}/checks/"


# --- Signing out ------------------------------------------------------------------------------


def test_signing_out_takes_a_post(as_alice: Client) -> None:
    assert as_alice.get("/accounts/logout/").status_code == 405
    assert as_alice.post("/accounts/logout/")["Location"] == URL
    assert not signed_in(as_alice)


def test_forms_need_their_token(alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    response = strict.post(URL, {"email": alice.email}, headers={"Origin": "https://evil.example"})
    assert response.status_code == 403
    assert "https://evil.example" in response.content.decode()
    assert "http://testserver" in response.content.decode()


def test_used_links_are_forgotten_in_time(alice: User, now: datetime) -> None:
    service.send_link(alice, now)
    service.send_link(alice, now + timedelta(days=2))
    assert LoginToken.objects.count() == 1
