from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from hc.accounts import audit
from hc.accounts.models import ApiKey, AuditEntry, Member, Profile, Project, Role, Scope, User
from hc.accounts.services import keys
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
from tests.factories import make_member
from tests.people import confirmed
from tests.queries import count_queries

URL = "/accounts/profile/"
KEYS = "/accounts/profile/keys/"
LOG = "/accounts/profile/activity/"


def test_the_page_shows_address_zone_and_projects(
    as_alice: Client, alice: User, bob: User, project: Project
) -> None:
    theirs = create_project("Theirs", bob)
    make_member(theirs, alice, Role.READONLY)
    page = as_alice.get(URL).content.decode()
    for words in (alice.email, "Production", "Owner", "Theirs", "Read-only", 'value="UTC"'):
        assert words in page
    assert f"/projects/{project.code}/settings/" in page


def test_visitors_sign_in_first() -> None:
    for url in (URL, KEYS, LOG, "/accounts/profile/appearance/"):
        assert Client().get(url)["Location"] == f"/accounts/login/?next={url}"


@pytest.mark.parametrize(
    ("tz", "stored"), [("Asia/Tokyo", "Asia/Tokyo"), ("Europe/Kiev", "Europe/Kyiv")]
)
def test_the_zone_is_chosen(as_alice: Client, alice: User, tz: str, stored: str) -> None:
    assert as_alice.post(URL, {"tz": tz})["Location"] == URL
    assert Profile.objects.get(user=alice).tz == stored
    entry = AuditEntry.objects.get(action="account.preferences")
    assert entry.details == {"tz": ["UTC", stored]}


@pytest.mark.parametrize("tz", ["", "Mars/Base", "x" * 200, "a\0b"])
def test_an_unknown_zone_is_refused_with_words(as_alice: Client, alice: User, tz: str) -> None:
    response = as_alice.post(URL, {"tz": tz})
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert Profile.objects.get(user=alice).tz == "UTC"


def test_members_leave(as_alice: Client, alice: User, bob: User) -> None:
    theirs = create_project("Theirs", bob)
    make_member(theirs, alice, Role.REGULAR)
    response = as_alice.post(URL, {"leave_project": "1", "code": str(theirs.code)})
    assert response["Location"] == URL
    assert not Member.objects.exists()


def test_owners_and_strangers_do_not_leave(as_alice: Client, project: Project, bob: User) -> None:
    foreign = create_project("Foreign", bob)
    for code in (str(project.code), str(foreign.code), str(uuid4()), "junk", ""):
        assert as_alice.post(URL, {"leave_project": "1", "code": code}).status_code == 400


def test_more_projects_take_no_more_queries(as_alice: Client, alice: User) -> None:
    create_project("A", alice)
    make_member(create_project("B", create_account("b@example.org")), alice, Role.REGULAR)
    first = count_queries(lambda: as_alice.get(URL))
    for number in range(10):
        owner = create_account(f"{number}@example.org")
        make_member(create_project(f"P{number}", owner), alice, Role.REGULAR)
    assert count_queries(lambda: as_alice.get(URL)) == first


# --- Keys -------------------------------------------------------------------------------------


def test_a_key_is_shown_once(client: Client, alice: User) -> None:
    response = confirmed(client, alice).post(KEYS, {"name": "Terraform", "lifetime": "30"})
    key = ApiKey.objects.get(user=alice)
    assert (key.name, key.scope) == ("Terraform", "account")
    assert key.expires is not None
    assert (key.expires - key.created).days in (29, 30)
    text = response.content.decode()
    start = text.index("hca_", text.index('id="new-key"'))
    assert keys.hashed(text[start : start + 32]).startswith(key.prefix)
    assert "no-store" in response["Cache-Control"]
    again = client.get(KEYS).content.decode()
    assert "Terraform" in again
    assert text[start : start + 32] not in again
    assert AuditEntry.objects.filter(action="key.created", user=alice).exists()


def test_a_key_is_revoked(client: Client, alice: User, bob: User) -> None:
    mine, _ = keys.create_key(alice, Scope.ACCOUNT, name="Mine")
    theirs, _ = keys.create_key(bob, Scope.ACCOUNT, name="Theirs")
    confirmed(client, alice)
    for code in (str(theirs.code), str(uuid4()), "junk"):
        assert client.post(KEYS, {"revoke": code})["Location"] == KEYS
    assert ApiKey.objects.count() == 2
    client.post(KEYS, {"revoke": str(mine.code)})
    assert list(ApiKey.objects.all()) == [theirs]


@pytest.mark.parametrize(
    "data", [{"name": ""}, {"name": "x" * 101}, {"name": "a", "lifetime": "7"}, {"name": " \n "}]
)
def test_a_bad_key_is_refused_with_words(client: Client, alice: User, data: dict[str, str]) -> None:
    response = confirmed(client, alice).post(KEYS, data)
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert not ApiKey.objects.exists()


def test_keys_have_a_limit(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MAX_KEYS", 1)
    confirmed(client, alice)
    assert client.post(KEYS, {"name": "a"}).status_code == 200
    assert client.post(KEYS, {"name": "b"}).status_code == 422
    assert ApiKey.objects.count() == 1


def test_keys_take_a_proof_of_who_one_is(as_alice: Client) -> None:
    as_alice.post(KEYS, {"name": "a"})
    assert not ApiKey.objects.exists()


# --- Activity ---------------------------------------------------------------------------------


def test_the_log_holds_what_concerns_the_account(
    client: Client, alice: User, bob: User, project: Project
) -> None:
    confirmed(client, alice).post(URL, {"tz": "Asia/Tokyo"})
    other = Client()
    other.force_login(bob)
    other.post(URL, {"tz": "Europe/Riga"})
    page = client.get(LOG).content.decode()
    assert "Asia/Tokyo" in page
    assert "Europe/Riga" not in page


def test_the_log_comes_in_pages(as_alice: Client, alice: User) -> None:
    for number in range(60):
        audit.record("account.preferences", audit.Target(f"number {number}"), user=alice)
    page = as_alice.get(LOG).content.decode()
    assert "number 59" in page
    assert "number 1<" not in page
    first = count_queries(lambda: as_alice.get(LOG))
    for number in range(60, 160):
        audit.record("account.preferences", audit.Target(f"number {number}"), user=alice)
    assert count_queries(lambda: as_alice.get(LOG)) == first


@pytest.mark.parametrize("before", ["junk", "-1", "9" * 40, "0"])
def test_an_odd_page_is_no_error(as_alice: Client, before: str) -> None:
    assert as_alice.get(LOG, {"before": before}).status_code in (200, 400)
