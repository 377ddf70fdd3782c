"""Security keys and passkeys, with a key made of software."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from pytest_django import Settings

from hc.accounts.models import AuditEntry, Credential, Profile, RecoveryCode, User
from hc.accounts.services import webauthn as service
from hc.accounts.services.second_factor import Refused
from tests.factories import close_connection
from tests.factors import confirmed
from tests.softkey import SoftKey

ADD = "/accounts/two_factor/webauthn/"
PASSKEY = "/accounts/login/passkey/"
SECURITY = "/accounts/profile/security/"


@pytest.fixture(autouse=True)
def _rp_id(settings: Settings) -> None:
    settings.RP_ID = "localhost"


def options_on(client: Client, url: str = ADD) -> str:
    return str(client.get(url).context["options"])


def add(client: Client, name: str = "Blue") -> SoftKey:
    key = SoftKey()
    answer = key.create(options_on(confirmed(client)))
    assert client.post(ADD, {"name": name, "response": answer}).status_code == 302
    return key


def given_to(user: User, now: datetime) -> SoftKey:
    key, ceremony = SoftKey(), service.begin_registration(user)
    service.register(user, "Blue", key.create(ceremony.options), ceremony.state, now)
    return key


def by_passkey(client: Client, key: SoftKey, **changes: Any) -> Any:
    return client.post(
        PASSKEY, {"response": key.get(client.get(PASSKEY).content.decode(), **changes)}
    )


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


# --- Adding -----------------------------------------------------------------------------------


def test_the_first_key_brings_recovery_codes(
    as_alice: Client, alice: User, mails: list[EmailMessage]
) -> None:
    key = add(as_alice, "  Blue\nkey  ring ")
    row = Credential.objects.get(user=alice)
    assert (row.name, row.is_passkey, row.transports) == ("Blue key ring", True, ["internal"])
    assert bytes.fromhex(Profile.objects.get(user=alice).webauthn_handle or "") == key.handle
    assert RecoveryCode.objects.filter(user=alice).count() == 10
    assert (
        "<strong>They are shown this once.</strong>"
        in as_alice.get("/accounts/two_factor/recovery/").content.decode()
    )
    assert mails[0].subject == "A security key was added to your account"
    assert "Blue key ring" in str(mails[0].body)
    assert AuditEntry.objects.get(action="key.added").target == "Blue key ring"


def test_an_account_has_several_keys_and_one_handle(as_alice: Client, alice: User) -> None:
    first = add(as_alice)
    second = add(as_alice, "Red")
    assert first.handle == second.handle
    assert Credential.objects.filter(user=alice).count() == 2
    wanted = json.loads(options_on(as_alice))["publicKey"]
    assert len(wanted["excludeCredentials"]) == 2
    assert wanted["authenticatorSelection"]["userVerification"] == "preferred"
    assert wanted["authenticatorSelection"]["residentKey"] == "preferred"


def test_no_key_is_added_twice_not_even_by_another_account(
    as_alice: Client, bob: User, now: datetime
) -> None:
    key = add(as_alice)
    page = as_alice.post(ADD, {"name": "Again", "response": key.create(options_on(as_alice))})
    assert page.status_code == 422
    assert "added already" in page.content.decode()
    ceremony = service.begin_registration(bob)
    with pytest.raises(Refused):
        service.register(bob, "Mine", key.create(ceremony.options), ceremony.state, now)
    assert Credential.objects.count() == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_a_key_needs_a_name(as_alice: Client, name: str) -> None:
    answer = SoftKey().create(options_on(confirmed(as_alice)))
    assert as_alice.post(ADD, {"name": name, "response": answer}).status_code == 422
    assert not Credential.objects.exists()


@pytest.mark.parametrize(
    "key",
    [
        SoftKey(origin="https://evil.example"),
        SoftKey(origin="http://localhost.evil.example"),
        SoftKey(rp_id="evil.example"),
    ],
)
def test_keys_of_other_sites_are_refused(as_alice: Client, key: SoftKey) -> None:
    answer = key.create(options_on(confirmed(as_alice)))
    assert as_alice.post(ADD, {"name": "Blue", "response": answer}).status_code == 400
    assert not Credential.objects.exists()


def test_without_rp_id_there_are_no_keys(as_alice: Client, settings: Settings) -> None:
    settings.RP_ID = ""
    assert confirmed(as_alice).get(ADD).status_code == 404
    assert as_alice.get(PASSKEY).status_code == 404
    assert "Not available here" in as_alice.get(SECURITY).content.decode()


# --- Challenges -------------------------------------------------------------------------------


def test_a_challenge_is_answered_once(as_alice: Client) -> None:
    answer = SoftKey().create(options_on(confirmed(as_alice)))
    as_alice.post(ADD, {"name": "", "response": answer})  # no name: a try all the same
    first = as_alice.post(ADD, {"name": "Blue", "response": "{}"})
    assert first.status_code == 400
    assert as_alice.post(ADD, {"name": "Blue", "response": answer}).status_code == 400
    assert not Credential.objects.exists()


def test_a_challenge_lives_for_five_minutes(as_alice: Client, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        as_alice.force_login(User.objects.get())
        answer = SoftKey().create(options_on(confirmed(as_alice)))
    with time_machine.travel(now + timedelta(minutes=5, seconds=1), tick=False):
        page = as_alice.post(ADD, {"name": "Blue", "response": answer})
    assert page.status_code == 422
    assert "took too long" in page.content.decode()


def test_a_challenge_is_for_one_purpose(client: Client, as_alice: Client, alice: User) -> None:
    key = add(as_alice)
    stranger = Client()
    for_second_step = service.begin_authentication(alice).options
    stranger.get(PASSKEY)
    response = stranger.post(PASSKEY, {"response": key.get(for_second_step)})
    assert response.status_code == 400
    assert not signed_in(stranger)


def test_a_passkey_challenge_is_answered_once_by_fifty_at_once(
    transactional_db: None, alice: User, now: datetime
) -> None:
    key, client = given_to(alice, now), Client()
    answer = key.get(client.get(PASSKEY).content.decode())
    cookie = client.cookies["passkey"].value

    def use(_: int) -> bool:
        other = Client()
        other.cookies["passkey"] = cookie
        try:
            return other.post(PASSKEY, {"response": answer}).status_code == 302
        finally:
            close_connection()

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(use, range(50))) == 1


# --- Signing in with a passkey ----------------------------------------------------------------


def test_a_passkey_signs_in_without_address_and_password(
    client: Client, alice: User, now: datetime
) -> None:
    key = given_to(alice, now)
    assert client.get(PASSKEY).content.count(b"allowCredentials") == 0
    assert by_passkey(client, key).status_code == 302
    assert client.session["_auth_user_id"] == str(alice.pk)
    assert Credential.objects.get().last_used is not None


def test_visitors_of_the_sign_in_page_get_no_session(client: Client, alice: User) -> None:
    client.get("/accounts/login/")
    client.get(PASSKEY)
    assert "sessionid" not in client.cookies
    assert client.cookies["passkey"]["httponly"]


def test_a_passkey_has_to_ask_for_a_pin_or_a_finger(
    client: Client, alice: User, now: datetime
) -> None:
    key = given_to(alice, now)
    key.verifies = False
    assert by_passkey(client, key).status_code == 400
    assert not signed_in(client)


def test_a_passkey_must_know_its_account(
    client: Client, alice: User, bob: User, now: datetime
) -> None:
    key, other = given_to(alice, now), given_to(bob, now)
    key.handle = other.handle
    assert by_passkey(client, key).status_code == 422
    key.handle = b""
    assert by_passkey(client, key).status_code in (400, 422)
    assert not signed_in(client)


def test_unknown_and_removed_passkeys_and_switched_off_accounts(
    client: Client, alice: User, now: datetime
) -> None:
    key = given_to(alice, now)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert by_passkey(client, key).status_code == 422
    Credential.objects.all().delete()
    page = by_passkey(client, key)
    assert page.status_code == 422
    assert "not known here" in page.content.decode()
    assert not signed_in(client)


# --- Counting ---------------------------------------------------------------------------------


def test_a_count_that_goes_back_is_refused_and_mailed(
    client: Client, alice: User, now: datetime, mails: list[EmailMessage]
) -> None:
    key = given_to(alice, now)
    key.count = 10
    assert by_passkey(client, key).status_code == 302
    client.logout()
    key.count = 10  # a copy: it signs as the eleventh again
    page = by_passkey(client, key)
    assert page.status_code == 422
    assert not signed_in(client)
    assert any(mail.subject == "A security key of yours was refused" for mail in mails)
    assert AuditEntry.objects.filter(action="key.suspected", user=alice).count() == 1
    assert Credential.objects.get().sign_count == 11
    assert by_passkey(client, key).status_code == 302  # the real one has gone on to twelve


def test_keys_that_do_not_count_are_accepted_again_and_again(
    client: Client, alice: User, now: datetime
) -> None:
    key = given_to(alice, now)
    for _ in range(2):
        key.count = -1
        assert by_passkey(client, key).status_code == 302
        client.logout()
    assert Credential.objects.get().sign_count == 0


def test_keys_of_older_versions_get_their_digest_when_they_are_used(
    alice: User, now: datetime
) -> None:
    key = given_to(alice, now)
    Credential.objects.update(digest=None)
    ceremony = service.begin_authentication(alice)
    service.verify(alice, key.get(ceremony.options), ceremony.state, now)
    assert Credential.objects.get().digest


# --- Junk -------------------------------------------------------------------------------------

FIELDS = ("clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle")
JUNK = [
    "",
    "{",
    "[]",
    "null",
    "1",
    '"x"',
    "{}",
    '{"rawId": 1}',
    '{"id": "AA", "rawId": "AB", "response": {}}',
    '{"id": "AA", "rawId": "AA", "response": []}',
    '{"id": "AA", "rawId": "AA", "response": {"clientDataJSON": "e30"}}',
    '{"id": "AA", "rawId": "AA", "type": 7, "response": {"clientDataJSON": 5}}',
    json.dumps({"id": "AA", "rawId": "AA", "response": dict.fromkeys(FIELDS, "W10")}),
    "[" * 9000,
    "x" * 30_000,
    "\0",
]


@pytest.mark.parametrize("junk", JUNK)
def test_what_browsers_never_send_is_a_bad_request(as_alice: Client, junk: str) -> None:
    options_on(confirmed(as_alice))
    assert as_alice.post(ADD, {"name": "Blue", "response": junk}).status_code == 400
    stranger = Client()
    stranger.get(PASSKEY)
    assert stranger.post(PASSKEY, {"response": junk}).status_code == 400


@pytest.mark.parametrize("cookie", ["", "junk", "a:b:c", "\0"])
def test_without_a_challenge_an_answer_is_refused(client: Client, db: None, cookie: str) -> None:
    client.cookies["passkey"] = cookie
    assert client.post(PASSKEY, {"response": "{}"}).status_code == 422


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "rawId", "type", "response", "clientExtensionResults", *FIELDS]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@effort(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(changed=json_values, place=st.sampled_from(["response", "rawId", "type", "id"]))
def test_any_shape_of_json_is_refused_in_words(
    alice: User, now: datetime, changed: Any, place: str
) -> None:
    """Or taken, where what was changed does not matter: nothing else is raised."""
    key, ceremony = SoftKey(), service.begin_registration(alice)
    answer = json.loads(key.create(ceremony.options)) | {place: changed}
    with suppress(Refused):
        service.register(alice, "x", json.dumps(answer), ceremony.state, now + uniquely())
    with pytest.raises(Refused):
        service.sign_in(json.dumps(answer), ceremony.state, now)


@pytest.mark.parametrize("field", ["clientDataJSON", "attestationObject", "rawId", "id"])
def test_a_number_is_not_taken_for_a_size(alice: User, now: datetime, field: str) -> None:
    """The library would ask for that many bytes of memory."""
    key, ceremony = SoftKey(), service.begin_registration(alice)
    answer = json.loads(key.create(ceremony.options))
    place = answer if field in answer else answer["response"]
    place[field] = 39_784_666_174
    with pytest.raises(Refused):
        service.register(alice, "x", json.dumps(answer), ceremony.state, now)


def uniquely() -> timedelta:
    """Each try comes much later than the last one: the limit is not what is tested."""
    uniquely.days += 1  # type: ignore[attr-defined]  # a counter of its own
    return timedelta(days=uniquely.days)  # type: ignore[attr-defined]


uniquely.days = 0  # type: ignore[attr-defined]


# --- Renaming, removing -----------------------------------------------------------------------


def test_keys_are_renamed(as_alice: Client, alice: User, now: datetime) -> None:
    given_to(alice, now)
    key = Credential.objects.get()
    as_alice.post(f"/accounts/two_factor/{key.code}/name/", {"name": "At home"})
    assert Credential.objects.get().name == "At home"
    assert AuditEntry.objects.get(action="key.renamed").details == {"name": ["Blue", "At home"]}
    as_alice.post(f"/accounts/two_factor/{key.code}/name/", {"name": " "})
    assert Credential.objects.get().name == "At home"


def test_keys_are_removed_under_sudo_and_mailed(
    as_alice: Client, alice: User, now: datetime, mails: list[EmailMessage]
) -> None:
    given_to(alice, now)
    url = f"/accounts/two_factor/{Credential.objects.get().code}/remove/"
    as_alice.post(url)
    assert Credential.objects.exists()
    assert "last second factor" in confirmed(as_alice).get(url).content.decode()
    as_alice.post(url)
    assert not Credential.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert mails[-1].subject == "A security key was removed from your account"


def test_keys_of_others_cannot_be_touched(as_alice: Client, bob: User, now: datetime) -> None:
    given_to(bob, now)
    code = Credential.objects.get().code
    confirmed(as_alice)
    for path in ("name", "remove"):
        url = f"/accounts/two_factor/{code}/{path}/"
        assert as_alice.post(url, {"name": "Mine"}).status_code == 404
    assert as_alice.post(f"/accounts/two_factor/{uuid4()}/remove/").status_code == 404
    assert Credential.objects.get().name == "Blue"
