from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from pytest_django import Settings

from hc.accounts.models import AuditEntry, Profile, Project, User
from hc.accounts.services import accounts
from hc.accounts.services.setup import ensure_admin, setup_link, setup_token
from hc.api.models import Channel, Check
from tests.factories import PASSWORD
from tests.people import link_in

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


def test_operators_choose_the_limits_of_new_accounts(db: None, settings: Settings) -> None:
    settings.DEFAULT_CHECK_LIMIT, settings.DEFAULT_PING_LOG_LIMIT = 20, 1000
    settings.DEFAULT_SMS_LIMIT, settings.DEFAULT_CALL_LIMIT = 5, 3
    profile = Profile.of(accounts.create_account("c@example.org").pk)
    assert (profile.check_limit, profile.ping_log_limit) == (20, 1000)
    assert (profile.sms_limit, profile.call_limit) == (5, 3)


def test_signing_up_makes_an_account_and_mails_a_link(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    assert client.get(URL).status_code == 200
    response = client.post(URL, {"identity": "New@Example.org", "tz": "Asia/Tokyo"})
    assert response["Location"] == "/accounts/login_link_sent/"
    assert mails[0].to == ["new@example.org"]
    assert mails[0].subject == "Welcome to Mychecks"
    user = User.objects.get(email="new@example.org")
    assert Profile.objects.get(user=user).tz == "Asia/Tokyo"
    entry = AuditEntry.objects.get(action="account.created", user=user)
    assert (entry.via, entry.address) == ("web", "127.0.0.1")


def test_the_first_integration_waits_until_the_address_is_confirmed(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    client.post(URL, {"identity": "new@example.org"})
    link = link_in(mails[0])
    channel = Channel.objects.get(project__owner__email="new@example.org")
    assert not channel.email_verified
    client.post(link)
    channel.refresh_from_db()
    assert channel.email_verified
    assert "_auth_user_id" in client.session


def test_a_channel_that_was_changed_is_not_confirmed_with_the_account(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    client.post(URL, {"identity": "new@example.org"})
    link = link_in(mails[0])
    Channel.objects.filter(email_verified=False).update(value='{"value": "other@example.org"}')
    client.post(link)
    assert not Channel.objects.get(project__owner__email="new@example.org").email_verified


def test_asking_twice_makes_one_account_and_two_links(
    client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    client.post(URL, {"identity": "new@example.org"})
    client.post(URL, {"identity": "NEW@example.org"})
    assert [mail.subject[:7] for mail in mails] == ["Welcome", "Sign in"]
    assert User.objects.filter(email="new@example.org").count() == 1


def test_only_some_domains_may_sign_up(
    client: Client, alice: User, mails: list[EmailMessage], settings: Settings
) -> None:
    settings.SIGNUP_DOMAINS = ["example.com"]
    for known_or_not in ("alice@example.org", "bob@example.org", "a@sub.example.com"):
        page = client.post(URL, {"identity": known_or_not}).content.decode()
        assert "Only addresses of example.com may sign up here." in page
    client.post(URL, {"identity": "a@Example.com"})
    assert [mail.to for mail in mails] == [["a@example.com"]]


def test_where_only_administrators_make_projects_new_accounts_have_none(
    client: Client, alice: User, mails: list[EmailMessage], settings: Settings
) -> None:
    settings.PROJECT_CREATION = "staff"
    client.post(URL, {"identity": "new@example.org"})
    client.post(link_in(mails[0]))
    assert not Project.objects.filter(owner__email="new@example.org").exists()
    assert "New project" not in client.get("/").content.decode()
    assert client.get("/projects/add/").status_code == 403
    assert client.post("/projects/add/", {"name": "Mine"}).status_code == 403
    User.objects.filter(email="new@example.org").update(is_staff=True)
    assert client.post("/projects/add/", {"name": "Mine"}).status_code == 302


def test_a_token_for_forms_on_other_pages(client: Client, alice: User) -> None:
    response = client.get("/accounts/signup/csrf/")
    assert len(response.content) == 64
    strict = Client(enforce_csrf_checks=True)
    token = strict.get("/accounts/signup/csrf/").content.decode()
    data = {"identity": "new@example.org", "csrfmiddlewaretoken": token}
    assert strict.post(URL, data).status_code == 302
    client.force_login(alice)
    assert client.get("/accounts/signup/csrf/").status_code == 403


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
def test_an_unknown_zone_is_no_obstacle(
    client: Client, alice: User, mails: list[EmailMessage], tz: str
) -> None:
    client.post(URL, {"identity": "new@example.org", "tz": tz})
    assert len(mails) == 1
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


@pytest.mark.django_db(transaction=True)
def test_of_two_set_ups_at_once_one_makes_the_account() -> None:
    url = setup_url()

    def post(number: int) -> int:
        try:
            data = {"email": f"boss{number}@example.org", "password": PASSWORD}
            return Client().post(url, data).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(post, range(6)))
    assert sorted(statuses) == [302] + [404] * 5
    assert User.objects.count() == Project.objects.count() == 1


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
