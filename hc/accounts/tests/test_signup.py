from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from pytest_django import Settings

from hc.accounts.models import Profile, Project, User
from hc.accounts.services import accounts
from hc.accounts.services.setup import ensure_admin, setup_link, setup_token
from hc.api.models import Channel, Check
from tests.factories import PASSWORD

URL = "/accounts/signup/"


def test_a_new_account_has_a_project_a_check_and_a_channel(db: None) -> None:
    user = accounts.create_account("Carol@Example.org", tz="Europe/Kiev")
    assert user.email == "carol@example.org"
    assert not user.has_usable_password()
    profile = Profile.objects.get(user=user)
    assert (profile.tz, profile.check_limit, profile.ping_log_limit) == ("Europe/Kyiv", 10_000, 100)
    project = Project.objects.get(owner=user)
    assert (project.name, project.badge_key) == ("", user.username)
    check = Check.objects.get(project=project)
    assert (check.name, check.slug) == ("My First Check", "my-first-check")
    channel = Channel.objects.get(project=project)
    assert (channel.kind, channel.email_verified) == ("email", True)
    assert list(channel.checks.all()) == [check]


def test_payments_make_small_limits(db: None, settings: Settings) -> None:
    settings.USE_PAYMENTS = True
    profile = Profile.of(accounts.create_account("c@example.org").pk)
    assert (profile.check_limit, profile.sms_limit, profile.call_limit) == (20, 0, 0)


def test_signing_up_makes_an_account_and_mails_a_link(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    assert client.get(URL).status_code == 200
    response = client.post(URL, {"identity": "New@Example.org", "tz": "Asia/Tokyo"})
    assert response["Location"] == "/accounts/login_link_sent/"
    user = User.objects.get(email="new@example.org")
    assert Profile.objects.get(user=user).tz == "Asia/Tokyo"
    assert mails[0].to == ["new@example.org"]


def test_signing_up_again_sends_a_link_and_changes_nothing(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    response = client.post(URL, {"identity": "ALICE@example.org", "tz": "Asia/Tokyo"})
    assert response["Location"] == "/accounts/login_link_sent/"
    assert User.objects.count() == 1
    assert Profile.objects.get(user=alice).tz == "UTC"
    assert len(mails) == 1


@pytest.mark.parametrize("identity", ["", "nonsense", "a" * 250 + "@example.org", "a@b\0c.org"])
def test_what_is_no_address_is_refused_with_words(
    client: Client, alice: User, identity: str
) -> None:
    response = client.post(URL, {"identity": identity})
    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()


@pytest.mark.parametrize("tz", ["", "Mars/Base", "x" * 90])
def test_an_unknown_zone_is_no_obstacle(client: Client, alice: User, tz: str) -> None:
    client.post(URL, {"identity": "new@example.org", "tz": tz})
    assert Profile.objects.get(user__email="new@example.org").tz == "UTC"


def test_registration_can_be_closed(client: Client, alice: User, settings: Settings) -> None:
    settings.REGISTRATION_OPEN = False
    assert client.get(URL).status_code == 403
    assert client.post(URL, {"identity": "new@example.org"}).status_code == 403
    assert "Create an account" not in client.get("/accounts/login/").content.decode()


def test_nobody_signs_up_before_the_first_account(client: Client, db: None) -> None:
    assert client.post(URL, {"identity": "new@example.org"}).status_code == 403


def test_signed_in_people_do_not_sign_up(as_alice: Client) -> None:
    assert as_alice.get(URL).status_code == 403


def test_sign_ups_are_limited(client: Client, alice: User) -> None:
    statuses = [client.post(URL, {"identity": f"a{n}@example.org"}).status_code for n in range(21)]
    assert statuses == [302] * 20 + [429]


@pytest.mark.django_db(transaction=True)
def test_one_address_gets_one_account_however_many_sign_up_at_once() -> None:
    def create(_: int) -> bool:
        try:
            accounts.create_account("race@example.org")
        except accounts.AddressTaken:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(create, range(12)))
    assert made.count(True) == 1
    assert User.objects.count() == Project.objects.count() == 1


# --- The first account ------------------------------------------------------------------------


def setup_url() -> str:
    link = setup_link()
    assert link is not None
    return link.removeprefix("http://testserver")


def test_the_set_up_link_makes_the_administrator(client: Client, db: None) -> None:
    url = setup_url()
    assert client.get(url).status_code == 200
    data = {"email": "Boss@Example.org", "password": PASSWORD, "tz": "Europe/Riga"}
    response = client.post(url, data)
    user = User.objects.get()
    assert (user.email, user.is_superuser, user.is_staff) == ("boss@example.org", True, True)
    assert user.check_password(PASSWORD)
    assert response["Location"] == f"/projects/{Project.objects.get().code}/checks/"
    assert client.session["_auth_user_id"] == str(user.pk)


def test_the_set_up_link_dies_with_the_first_account(client: Client, db: None) -> None:
    url = setup_url()
    accounts.create_account("boss@example.org")
    assert setup_link() is None
    assert client.get(url).status_code == 404
    assert client.post(url, {"email": "b@example.org", "password": PASSWORD}).status_code == 404


@pytest.mark.parametrize("token", ["x", setup_token()[:-1], setup_token() + "a"])
def test_a_guessed_set_up_link_leads_nowhere(client: Client, db: None, token: str) -> None:
    assert client.get(f"/setup/{token}/").status_code == 404


@pytest.mark.parametrize(
    ("email", "password", "complaint"),
    [
        ("nonsense", PASSWORD, "valid email"),
        ("b@example.org", "short", "too short"),
        ("b@example.org", "password123", "too common"),
    ],
)
def test_a_bad_first_account_is_refused_with_words(
    client: Client, db: None, email: str, password: str, complaint: str
) -> None:
    response = client.post(setup_url(), {"email": email, "password": password})
    assert complaint in response.content.decode()
    assert not User.objects.exists()


def test_the_administrator_may_come_from_the_environment(db: None, settings: Settings) -> None:
    assert not ensure_admin()
    settings.ADMIN_EMAIL, settings.ADMIN_PASSWORD = "Boss@example.org", PASSWORD
    assert ensure_admin()
    assert not ensure_admin()
    user = User.objects.get(email="boss@example.org")
    assert user.is_superuser
    assert user.check_password(PASSWORD)
