"""What administrators do for people, and how they prove who they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from hc.accounts.models import (
    AuditEntry,
    Credential,
    ExternalIdentity,
    LoginToken,
    Profile,
    RecoveryCode,
    SignIn,
    User,
)
from hc.accounts.services import login
from hc.api.models import Check
from hc.core.state import Kind
from hc.pings.writer import record
from tests.admin import act, confirm, html
from tests.factories import PASSWORD, ping_event

USERS, PROFILES = "/admin/accounts/user/", "/admin/accounts/profile/"


@pytest.fixture
def staff(client: Client, bob: User) -> Client:
    """Bob, who works here and may change accounts and profiles, but is no superuser."""
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    bob.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    client.force_login(bob)
    confirm(client)
    return client


def actor_of(action: str) -> str:
    return AuditEntry.objects.get(action=action).actor_name


# --- Proving who one is ------------------------------------------------------------------------


@pytest.fixture
def unconfirmed(admin_user: User) -> Client:
    client = Client()
    client.force_login(admin_user)
    return client


@pytest.mark.parametrize("path", ["", "accounts/user/", "accounts/user/{pk}/change/"])
def test_looking_takes_no_proof(unconfirmed: Client, alice: User, path: str) -> None:
    assert "Is it you" not in html(unconfirmed, f"/admin/{path.format(pk=alice.pk)}")


@pytest.mark.parametrize("path", ["add/", "{pk}/password/"])
def test_pages_with_a_password_take_one(unconfirmed: Client, alice: User, path: str) -> None:
    page = html(unconfirmed, f"{USERS}{path.format(pk=alice.pk)}")
    assert 'name="sudo_way"' in page
    assert 'name="password1"' not in page


def test_writing_takes_a_proof_and_goes_on(
    unconfirmed: Client, alice: User, admin_user: User
) -> None:
    data = {"action": "deactivate", "_selected_action": [alice.pk], "index": "0"}
    page = unconfirmed.post(USERS, data)
    assert User.objects.get(pk=alice.pk).is_active
    fields = {"sudo_intent": "post", "sudo_way": "password", "sudo_value": "password"}
    assert 'value="deactivate"' in page.content.decode()
    assert unconfirmed.post(USERS, data | fields).status_code == 302
    assert not User.objects.get(pk=alice.pk).is_active


def test_a_wrong_proof_writes_nothing(unconfirmed: Client, alice: User) -> None:
    data = {"action": "deactivate", "_selected_action": [alice.pk], "index": "0"}
    fields = {"sudo_intent": "post", "sudo_way": "password", "sudo_value": "wrong"}
    assert unconfirmed.post(USERS, data | fields).status_code == 422
    assert User.objects.get(pk=alice.pk).is_active


def test_a_proof_lasts_for_half_an_hour(admin_client: Client, alice: User) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        page = admin_client.post(f"{USERS}{alice.pk}/delete/", {"post": "yes"})
    assert 'name="sudo_way"' in page.content.decode()
    assert User.objects.filter(pk=alice.pk).exists()


def test_signing_out_takes_no_proof(unconfirmed: Client) -> None:
    unconfirmed.post("/admin/logout/")
    assert "_auth_user_id" not in unconfirmed.session


def test_a_password_alone_does_not_open_the_admin_pages(client: Client, admin_user: User) -> None:
    Credential.objects.create(user=admin_user, name="Key", data=b"")
    data = {"action": "login", "email": admin_user.email, "password": "password"}
    response = client.post("/accounts/login/?next=/admin/", data)
    assert "two_factor" in response["Location"]
    assert client.get("/admin/").status_code == 302


def test_the_own_password_is_set_where_everybody_does(admin_client: Client) -> None:
    assert admin_client.get("/admin/password_change/")["Location"] == "/accounts/set_password/"


# --- Logging in as somebody --------------------------------------------------------------------


@pytest.mark.parametrize("table", [USERS, PROFILES])
def test_an_administrator_acts_as_somebody_and_comes_back(
    admin_client: Client, admin_user: User, alice: User, table: str
) -> None:
    User.objects.filter(pk=alice.pk).update(last_login=None)
    before = User.objects.get(pk=admin_user.pk).last_login
    row = alice if table == USERS else Profile.of(alice.pk)
    page = act(admin_client, table, "log_in_as", [row])
    assert f"You act as {alice.email}" in page
    assert admin_user.email in page
    assert admin_client.session["_auth_user_id"] == str(alice.pk)
    assert User.objects.get(pk=alice.pk).last_login is None
    assert actor_of("account.impersonated") == admin_user.email
    assert admin_client.get("/admin/").status_code == 302

    admin_client.post("/accounts/profile/appearance/", {"theme": "dark"})
    response = admin_client.post("/accounts/impersonation/end/")
    assert response["Location"] == "/admin/"
    assert admin_client.session["_auth_user_id"] == str(admin_user.pk)
    assert "impersonator" not in admin_client.session
    assert "You act as" not in html(admin_client, "/accounts/profile/notifications/")
    assert User.objects.get(pk=admin_user.pk).last_login == before
    ended = AuditEntry.objects.get(action="account.impersonation_ended")
    assert (ended.actor_name, ended.impersonator) == (alice.email, admin_user.email)


def test_what_is_done_meanwhile_is_noted_under_both_names(
    admin_client: Client, admin_user: User, check: Check, alice: User
) -> None:
    act(admin_client, USERS, "log_in_as", [alice])
    admin_client.post(f"/checks/{check.code}/pause/")
    entry = AuditEntry.objects.get(action="check.paused")
    assert (entry.actor_name, entry.impersonator) == (alice.email, admin_user.email)


def test_the_person_sees_the_administrator_among_their_browsers(
    admin_client: Client, alice: User
) -> None:
    act(admin_client, USERS, "log_in_as", [alice])
    html(admin_client, "/accounts/profile/notifications/")
    assert SignIn.objects.get(user=alice).method == "admin"


def test_pages_that_ask_who_one_is_stay_shut(admin_client: Client, alice: User) -> None:
    act(admin_client, USERS, "log_in_as", [alice])
    page = html(admin_client, "/accounts/set_password/")
    assert 'name="sudo_way"' in page


def test_it_ends_by_itself_after_an_hour(admin_client: Client, alice: User) -> None:
    act(admin_client, USERS, "log_in_as", [alice])
    assert admin_client.session.get_expiry_age() <= 3600


@pytest.mark.parametrize("number", [0, 2])
def test_exactly_one_person_has_to_be_selected(
    admin_client: Client, admin_user: User, alice: User, bob: User, number: int
) -> None:
    page = act(admin_client, USERS, "log_in_as", [alice, bob][:number])
    assert ("exactly one" if number else "Items must be selected") in page
    assert admin_client.session["_auth_user_id"] == str(admin_user.pk)


def test_nobody_acts_as_themselves_or_as_a_dead_account(
    admin_client: Client, admin_user: User, alice: User
) -> None:
    assert "your own account" in act(admin_client, USERS, "log_in_as", [admin_user])
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert "switched off" in act(admin_client, USERS, "log_in_as", [alice])


@pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
def test_staff_do_not_act_as_staff(
    staff: Client, bob: User, alice: User, admin_user: User, right: str
) -> None:
    User.objects.filter(pk=alice.pk).update(**{right: True})
    assert "Only superusers" in act(staff, USERS, "log_in_as", [alice])
    assert staff.session["_auth_user_id"] == str(bob.pk)


def test_nobody_acts_through_somebody_else(
    admin_client: Client, admin_user: User, bob: User
) -> None:
    User.objects.filter(pk=bob.pk).update(is_staff=True, is_superuser=True)
    act(admin_client, USERS, "log_in_as", [bob])
    confirm(admin_client)
    assert "act as somebody else already" in act(admin_client, USERS, "log_in_as", [admin_user])


@pytest.mark.parametrize(
    "change", [{"is_staff": False}, {"is_active": False}, {"password": "another"}]
)
def test_there_is_no_way_back_for_former_administrators(
    admin_client: Client, admin_user: User, alice: User, change: dict[str, Any]
) -> None:
    act(admin_client, USERS, "log_in_as", [alice])
    User.objects.filter(pk=admin_user.pk).update(**change)
    assert admin_client.post("/accounts/impersonation/end/")["Location"] == "/accounts/login/"
    assert "_auth_user_id" not in admin_client.session


def test_others_have_nothing_to_come_back_from(client: Client, as_alice: Client) -> None:
    before = as_alice.session.session_key
    assert as_alice.post("/accounts/impersonation/end/")["Location"] == "/"
    assert as_alice.session.session_key == before
    assert as_alice.get("/accounts/impersonation/end/").status_code == 405


# --- Help --------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [USERS, PROFILES])
def test_lost_factors_are_removed_and_the_person_is_told(
    admin_client: Client, alice: User, bob: User, mails: list[EmailMessage], table: str
) -> None:
    now = timezone.now()
    Credential.objects.create(user=alice, name="Key", data=b"")
    RecoveryCode.objects.create(user=alice, digest="d", created=now)
    Profile.objects.filter(user=alice).update(totp="x", totp_created=now, totp_step=7)
    rows = [alice, bob] if table == USERS else [Profile.of(alice.pk), Profile.of(bob.pk)]
    assert "second factors of 1 account" in act(admin_client, table, "remove_second_factors", rows)
    profile = Profile.objects.get(user=alice)
    assert (profile.totp, profile.totp_created, profile.totp_step) == (None, None, None)
    assert not Credential.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert actor_of("account.factors_removed") == "admin@example.com"
    (mail,) = mails
    assert mail.to == [alice.email]
    assert "administrator" in mail.body


def test_staff_do_not_weaken_administrators(staff: Client, admin_user: User, bob: User) -> None:
    Credential.objects.create(user=admin_user, name="Key", data=b"")
    Credential.objects.create(user=bob, name="Key", data=b"")
    act(staff, USERS, "remove_second_factors", [admin_user, bob])
    assert Credential.objects.count() == 2


def test_deactivating_ends_everything_at_once(admin_client: Client, alice: User) -> None:
    browser = Client()
    browser.force_login(alice)
    login.new_link(alice, timezone.now())
    act(admin_client, USERS, "deactivate", [alice])
    assert browser.get("/accounts/profile/notifications/").status_code == 302
    assert not LoginToken.objects.exists()
    act(admin_client, USERS, "activate", [alice])
    assert browser.get("/accounts/profile/notifications/").status_code == 302
    assert actor_of("account.deactivated") == actor_of("account.activated") == "admin@example.com"


def test_a_new_password_ends_sessions_and_is_told(
    admin_client: Client, alice: User, mails: list[EmailMessage]
) -> None:
    browser = Client()
    browser.force_login(alice)
    data = {"password1": PASSWORD + "2", "password2": PASSWORD + "2", "usable_password": "true"}
    admin_client.post(f"{USERS}{alice.pk}/password/", data)
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD + "2")
    assert browser.get("/accounts/profile/notifications/").status_code == 302
    assert [mail.to for mail in mails] == [[alice.email]]
    assert actor_of("account.password_set") == "admin@example.com"


# --- Reports -----------------------------------------------------------------------------------


def test_a_report_is_sent_now(
    admin_client: Client, check: Check, alice: User, mails: list[EmailMessage]
) -> None:
    profile = Profile.of(alice.pk)
    Profile.objects.filter(pk=profile.pk).update(reports="off")
    assert "Queued 1 report." in act(admin_client, PROFILES, "send_report", [profile])
    (mail,) = mails
    assert mail.to == [alice.email]
    assert check.name in mail.body
    profile.refresh_from_db()
    assert (profile.reports, profile.next_report_date) == ("off", None)


def test_a_reminder_is_sent_now_if_something_is_down(
    admin_client: Client, check: Check, alice: User, bob: User, mails: list[EmailMessage]
) -> None:
    record([ping_event(check.code, timezone.now(), Kind.FAIL)], timezone.now())
    rows = [Profile.of(alice.pk), Profile.of(bob.pk)]
    page = act(admin_client, PROFILES, "send_reminder", rows)
    assert "Queued 1 reminder. Nothing is down for 1 account." in page
    assert [mail.to for mail in mails] == [[alice.email]]


# --- Lists -------------------------------------------------------------------------------------


def test_the_log_is_searched_by_what_has_an_index(
    admin_client: Client, check: Check, alice: User, bob: User
) -> None:
    browser = Client()
    browser.force_login(alice)
    browser.post(f"/checks/{check.code}/pause/")
    log = "/admin/accounts/auditentry/"
    for term in (alice.email, alice.email.upper(), str(check.project.code)):
        assert "check.paused" in html(admin_client, f"{log}?q={term}"), term
    for term in (bob.email, "pause", "%", "0" * 32):
        assert "check.paused" not in html(admin_client, f"{log}?q={term}"), term


def test_an_account_is_disconnected_from_the_provider(admin_client: Client, alice: User) -> None:
    now = timezone.now()
    row = ExternalIdentity.objects.create(
        user=alice, issuer="https://id.example.org", subject="s-1", created=now, last_used=now
    )
    table = "/admin/accounts/externalidentity/"
    assert "s-1" in html(admin_client, f"{table}?q=alice")
    assert "s-1" in html(admin_client, f"{table}{row.pk}/change/")
    admin_client.post(f"{table}{row.pk}/delete/", {"post": "yes"})
    assert not ExternalIdentity.objects.exists()
