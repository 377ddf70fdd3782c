from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.messages.storage.fallback import FallbackStorage
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from hc.accounts.admin.people import AccountAdmin, AccountForm
from hc.accounts.models import Credential, LoginToken, Member, Profile, Project, Role, User
from hc.accounts.services.accounts import create_account
from hc.accounts.services.keys import create_api_key, create_ping_key, create_readonly_key
from hc.accounts.services.projects import create_project
from hc.api.models import Channel, Check, Ping
from hc.pings.writer import record
from tests.admin import act, confirm, html, queries, send, shown_form
from tests.factories import PASSWORD, make_check, make_member, make_webhook, ping_event

MODELS = ["user", "profile", "project", "member", "credential", "logintoken"]
TABLES = {name: f"/admin/accounts/{name}/" for name in MODELS}
USERS, PROFILES, PROJECTS = (TABLES[name] for name in ("user", "profile", "project"))
MEMBERS = TABLES["member"]


def rows(number: int, offset: int = 0) -> None:
    """So many accounts, each with one row of everything."""
    now = timezone.now()
    for n in range(offset, offset + number):
        user = create_account(f"user{n}@example.org", password=PASSWORD)
        make_member(
            create_project(f"Project {n}", user), create_account(f"m{n}@example.org"), Role.READONLY
        )
        Credential.objects.create(user=user, name=f"Key {n}", data=b"credential-secret")
        LoginToken.objects.create(
            user=user, digest=f"digest-secret-{n}", created=now, expires=now, used=now
        )
    Profile.objects.update(
        token="token-secret", totp="TOTPSECRET", totp_created=now, deletion_scheduled_date=now
    )


def row_of(table: str) -> Any:
    """The row of a table that the first account of `rows` has to do with."""
    lookups = {"user": "email", "project": "owner__email", "member": "project__owner__email"}
    lookup = lookups.get(table, "user__email")
    model = apps.get_model("accounts", table)
    return model._default_manager.filter(**{lookup: "user0@example.org"}).latest("pk")


def page_of(row: Any) -> str:
    return f"{TABLES[row._meta.model_name]}{row.pk}/change/"


@pytest.fixture
def staff(client: Client, bob: User) -> Client:
    """Bob, who works here and may do anything with accounts, short of being a superuser."""
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    bob.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    client.force_login(bob)
    confirm(client)
    return client


# --- The door ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "accounts/user/", "accounts/user/1/change/", "nothing/"])
def test_strangers_are_sent_to_the_login_page(client: Client, alice: User, path: str) -> None:
    response = client.get(f"/admin/{path}", follow=True)
    login = response.redirect_chain[-1][0]
    assert unquote(login) == f"/accounts/login/?next=/admin/{path}"
    assert "alice@example.org" not in response.content.decode()


@pytest.mark.parametrize("path", ["", "accounts/user/", "nothing/"])
def test_people_who_are_no_staff_end_up_among_their_own_pages(as_alice: Client, path: str) -> None:
    response = as_alice.get(f"/admin/{path}", follow=True)
    assert response.status_code == 200
    assert response.request["PATH_INFO"].startswith("/projects/")


def test_staff_come_back_after_the_login(client: Client, admin_user: User) -> None:
    login = client.get("/admin/accounts/user/", follow=True).redirect_chain[-1][0]
    data = {"action": "login", "email": admin_user.email, "password": "password"}
    assert client.post(login, data)["Location"] == "/admin/accounts/user/"


def test_staff_without_rights_see_nothing(client: Client, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    client.force_login(bob)
    assert "have permission to view or edit anything" in html(client, "/admin/")
    assert client.get(USERS).status_code == 403


# --- All tables -------------------------------------------------------------------------------


@pytest.mark.parametrize("table", MODELS)
def test_lists_and_pages_answer_and_keep_secrets(admin_client: Client, table: str) -> None:
    rows(2)
    project = Project.objects.get(name="Project 0")
    keys = [make(project) for make in (create_api_key, create_readonly_key, create_ping_key)]
    project.refresh_from_db()
    row = row_of(table)
    base = f"{TABLES[table]}{row.pk}/"
    pages = [TABLES[table], f"{base}change/", f"{base}history/"]
    if table != "profile":
        pages.append(f"{base}delete/")
    if table == "user":
        pages.append(f"{base}password/")
    seen = "".join(html(admin_client, url) for url in pages)
    assert ("Project 0" if table == "member" else "user0@example.org") in seen
    passwords = User.objects.values_list("password", flat=True)
    secrets = ["-secret", "TOTPSECRET", *keys, project.api_key, project.api_key_readonly]
    assert [s for s in (*secrets, *passwords, "md5$") if s in seen] == []


@pytest.mark.parametrize("table", MODELS)
def test_queries_do_not_grow(
    admin_client: Client, table: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows(3)
    few = queries(admin_client, TABLES[table])
    rows(27, 3)
    with django_assert_num_queries(few):
        html(admin_client, TABLES[table])
    assert few <= 10


@pytest.mark.parametrize("table", ["user", "project"])
def test_choosing_a_related_row_asks_the_same_for_many(
    admin_client: Client, table: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    url = f"/admin/autocomplete/?app_label=accounts&model_name=member&field_name={table}&term=e"
    rows(2)
    few = queries(admin_client, url)
    rows(8, 2)
    with django_assert_num_queries(few):
        html(admin_client, url)


@pytest.mark.parametrize(
    ("table", "column"),
    [("user", "password"), ("profile", "totp"), ("project", "api_key"), ("logintoken", "digest")],
)
def test_secrets_cannot_be_guessed_letter_by_letter(
    admin_client: Client, table: str, column: str
) -> None:
    assert admin_client.get(f"{TABLES[table]}?{column}__startswith=a").status_code == 400


@pytest.mark.parametrize("table", ["profile", "credential", "logintoken"])
def test_what_people_do_not_make_cannot_be_added(admin_client: Client, table: str) -> None:
    assert admin_client.get(f"{TABLES[table]}add/").status_code == 403


@pytest.mark.parametrize("table", ["credential", "logintoken"])
def test_what_machines_write_cannot_be_changed(admin_client: Client, table: str) -> None:
    rows(1)
    row = row_of(table)
    assert admin_client.post(page_of(row), {"name": "x"}).status_code == 403
    act(admin_client, TABLES[table], "delete_selected", [row], post="yes")
    assert not type(row).objects.exists()


# --- Accounts ---------------------------------------------------------------------------------


def test_a_new_account_has_all_that_others_have(admin_client: Client) -> None:
    form = shown_form(admin_client, f"{USERS}add/")
    send(admin_client, f"{USERS}add/", form, email=" New@Example.ORG ", password=PASSWORD)
    user = User.objects.get(email="new@example.org")
    assert user.check_password(PASSWORD)
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert Profile.objects.filter(user=user).exists()
    assert Check.objects.filter(project__owner=user).count() == 1
    assert Channel.objects.get(project__owner=user).email_verified


def test_an_account_may_do_without_a_password(admin_client: Client) -> None:
    form = shown_form(admin_client, f"{USERS}add/")
    assert "None, <a" in send(admin_client, f"{USERS}add/", form, email="new@example.org")
    assert not User.objects.get(email="new@example.org").has_usable_password()


def test_an_address_has_one_account(admin_client: Client, alice: User, bob: User) -> None:
    add = f"{USERS}add/"
    taken = "User with this Email already exists"
    assert taken in send(
        admin_client, add, shown_form(admin_client, add), email="ALICE@example.org"
    )
    form = shown_form(admin_client, page_of(bob))
    assert "already exists" in send(admin_client, page_of(bob), form, email="Alice@Example.org")
    send(admin_client, page_of(bob), form, email="Robert@Example.org")
    bob.refresh_from_db()
    assert bob.email == "robert@example.org"


class LateForm(AccountForm):
    """Valid, as if the other account came right after its judgement."""

    def validate_unique(self) -> None:
        pass


class LateAdmin(AccountAdmin):
    add_form = LateForm


def test_of_two_new_accounts_at_once_one_is_refused(
    admin_user: User, alice: User, rf: RequestFactory
) -> None:
    request = rf.post(f"{USERS}add/", {"email": alice.email, "password": ""})
    vars(request).update(user=admin_user, session={}, _dont_enforce_csrf_checks=True)
    vars(request)["_messages"] = told = FallbackStorage(request)
    response = LateAdmin(User, site).add_view(request)
    assert (response.status_code, response["Location"]) == (302, f"{USERS}add/")
    assert [str(m) for m in told] == ["There is an account with this address already."]


def test_weak_passwords_are_refused(admin_client: Client, alice: User) -> None:
    form = shown_form(admin_client, f"{USERS}add/")
    assert "too short" in send(
        admin_client, f"{USERS}add/", form, email="new@example.org", password="x"
    )
    url = f"{USERS}{alice.pk}/password/"
    form = shown_form(admin_client, url)
    assert "too short" in send(admin_client, url, form, password1="x", password2="x")


def test_a_password_is_set_and_nothing_else(admin_client: Client, alice: User) -> None:
    url = f"{USERS}{alice.pk}/password/"
    assert "Password of alice@example.org" in html(admin_client, url)
    form = shown_form(admin_client, url)
    with CaptureQueriesContext(connection) as asked:
        send(admin_client, url, form, password1="another long one", password2="another long one")
    updates = [q["sql"] for q in asked.captured_queries if q["sql"].startswith("UPDATE")]
    (update,) = [sql for sql in updates if "auth_user" in sql]
    assert re.findall(r"[`\"](\w+)[`\"] =", update.partition("WHERE")[0]) == ["password"]
    alice.refresh_from_db()
    assert alice.check_password("another long one")


def test_password_sign_in_is_switched_off(admin_client: Client, alice: User) -> None:
    url = f"{USERS}{alice.pk}/password/"
    more = {"usable_password": "false", "unset-password": "1"}
    send(admin_client, url, shown_form(admin_client, url), **more)
    alice.refresh_from_db()
    assert not alice.has_usable_password()


def test_what_happened_meanwhile_survives_the_form_of_an_account(
    admin_client: Client, alice: User
) -> None:
    form = shown_form(admin_client, page_of(alice))
    now = timezone.now()
    User.objects.filter(pk=alice.pk).update(last_login=now, first_name="A", is_staff=True)
    send(admin_client, page_of(alice), form, email="new@example.org")
    alice.refresh_from_db()
    assert (alice.email, alice.last_login, alice.first_name) == ("new@example.org", now, "A")
    assert alice.is_staff


def test_rights_are_given(admin_client: Client, alice: User) -> None:
    right = Permission.objects.get(codename="view_check")
    form = shown_form(admin_client, page_of(alice))
    send(admin_client, page_of(alice), form, is_staff="on", user_permissions=[right.pk])
    alice = User.objects.get(pk=alice.pk)
    assert alice.is_staff
    assert alice.has_perm("api.view_check")


def test_a_deactivated_account_is_thrown_out_for_good(
    admin_client: Client, admin_user: User, alice: User
) -> None:
    visitor = Client()
    visitor.force_login(alice)
    seen = act(admin_client, USERS, "deactivate", [alice, admin_user])
    assert "Deactivated 1 account." in seen
    admin_user.refresh_from_db()
    assert admin_user.is_active
    act(admin_client, USERS, "activate", [alice])
    alice.refresh_from_db()
    assert alice.is_active
    assert not alice.has_usable_password()
    assert visitor.get("/projects/add/").status_code == 302
    messages = LogEntry.objects.filter(object_id=str(alice.pk)).order_by("pk")
    assert [entry.change_message for entry in messages] == ["Deactivated.", "Activated."]


def test_the_form_deactivates_like_the_action(admin_client: Client, alice: User) -> None:
    form = shown_form(admin_client, page_of(alice))
    send(admin_client, page_of(alice), form, is_active=None)
    alice.refresh_from_db()
    assert (alice.is_active, alice.has_usable_password()) == (False, False)


def test_nobody_locks_themselves_out(admin_client: Client, admin_user: User) -> None:
    form = shown_form(admin_client, page_of(admin_user))
    assert "is_active" not in form
    send(admin_client, page_of(admin_user), form, is_superuser=None)
    assert admin_client.get(f"{USERS}{admin_user.pk}/delete/").status_code == 403
    act(admin_client, USERS, "delete_selected", [admin_user])
    admin_user.refresh_from_db()
    assert admin_user.is_superuser


def test_staff_cannot_rise(staff: Client, bob: User, alice: User, admin_user: User) -> None:
    """Else the right to change accounts would be the right to everything."""
    form = shown_form(staff, page_of(alice))
    assert {"is_staff", "is_superuser", "groups", "user_permissions"} & set(form) == set()
    send(staff, page_of(alice), form, is_superuser="on", email="alice@example.com")
    alice.refresh_from_db()
    assert (alice.is_superuser, alice.email) == (False, "alice@example.com")
    for url in (page_of(admin_user), page_of(bob), f"{USERS}{admin_user.pk}/password/"):
        assert staff.post(url, {"email": "x@example.org", "password1": "x"}).status_code == 403
    assert "Deactivated 1 account." in act(staff, USERS, "deactivate", [admin_user, alice])
    admin_user.refresh_from_db()
    assert admin_user.is_active


def test_a_removed_account_takes_everything_along(
    admin_client: Client, alice: User, check: Check
) -> None:
    record([ping_event(check.code, timezone.now())] * 3, timezone.now())
    seen = html(admin_client, f"{USERS}{alice.pk}/delete/")
    for line in ("Users: 1", "Projects: 2", "Checks: 2", "Pings: 3", "Channels: 1", "Flips: 1"):
        assert line in seen
    admin_client.post(f"{USERS}{alice.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(pk=alice.pk).exists()
    assert not Ping.objects.exists()


def test_the_page_before_a_removal_reads_no_log(
    admin_client: Client, alice: User, check: Check, django_assert_num_queries: Any
) -> None:
    url = f"{USERS}{alice.pk}/delete/"
    few = queries(admin_client, url)
    record([ping_event(check.code, timezone.now())] * 30, timezone.now())
    with django_assert_num_queries(few) as asked:
        html(admin_client, url)
    pings = [q["sql"] for q in asked.captured_queries if re.search(r"FROM .api_ping\b", q["sql"])]
    assert pings
    assert all("COUNT" in sql for sql in pings)


# --- Profiles ---------------------------------------------------------------------------------


def test_a_list_of_profiles_tells_how_much_is_used(admin_client: Client, project: Project) -> None:
    Profile.objects.update(check_limit=20, sms_limit=5, sms_sent=2)
    for number in range(11):
        make_check(project, name=str(number))
    seen = html(admin_client, f"{PROFILES}?q=alice")
    for words in ("12 of 20", "2 of 5", "Production", "alice@example.org"):
        assert words in seen
    assert "12 of 20" in html(admin_client, f"{PROFILES}?checks=more than 10")
    assert "12 of 20" not in html(admin_client, f"{PROFILES}?checks=more than 20")


def test_limits_are_changed_and_counters_that_moved_stay(admin_client: Client, alice: User) -> None:
    profile = Profile.of(alice.pk)
    form = shown_form(admin_client, page_of(profile))
    now = timezone.now()
    Profile.objects.update(sms_sent=7, next_nag_date=now, token="t", totp="TOTPSECRET")
    send(admin_client, page_of(profile), form, check_limit="50")
    profile.refresh_from_db()
    assert (profile.check_limit, profile.sms_sent, profile.next_nag_date) == (50, 7, now)
    assert (profile.token, profile.totp) == ("t", "TOTPSECRET")


@pytest.mark.parametrize(
    ("column", "text", "stored"),
    [
        ("tz", "Europe/Riga", "Europe/Riga"),
        ("tz", "Navajo", "America/Denver"),
        ("tz", "Mars/Olympus", None),
        ("nag_period", "1:00:00", timedelta(hours=1)),
        ("nag_period", "0:30:00", None),
        ("reports", "weekly", "weekly"),
        ("theme", "dark", "dark"),
        ("theme", "pink", None),
    ],
)
def test_preferences_are_judged(
    admin_client: Client, alice: User, column: str, text: str, stored: object
) -> None:
    profile = Profile.of(alice.pk)
    before = getattr(profile, column)
    send(
        admin_client, page_of(profile), shown_form(admin_client, page_of(profile)), **{column: text}
    )
    profile.refresh_from_db()
    assert getattr(profile, column) == (before if stored is None else stored)


def test_deletion_is_scheduled_and_unscheduled(
    admin_client: Client, alice: User, bob: User
) -> None:
    profiles = [Profile.of(user.pk) for user in (alice, bob)]
    soon = timezone.now() + timedelta(days=31)
    with CaptureQueriesContext(connection) as asked:
        seen = act(admin_client, PROFILES, "schedule_deletion", profiles)
    assert f"Scheduled 2 accounts for deletion on {soon:%Y-%m-%d}." in seen
    changes = [q["sql"] for q in asked.captured_queries if q["sql"].startswith("UPDATE")]
    assert len([sql for sql in changes if "accounts_profile" in sql]) == 1
    dates = Profile.objects.filter(pk__in=[p.pk for p in profiles]).values_list(
        "deletion_scheduled_date", flat=True
    )
    assert all(date and abs(date - soon) < timedelta(minutes=1) for date in dates)
    seen = act(admin_client, PROFILES, "unschedule_deletion", profiles[:1])
    assert "Unscheduled 1 account." in seen
    assert Profile.objects.exclude(deletion_scheduled_date=None).get() == profiles[1]
    assert LogEntry.objects.count() == 3


def test_a_profile_stays_with_its_account(admin_client: Client, alice: User) -> None:
    profile = Profile.of(alice.pk)
    assert admin_client.post(f"{PROFILES}{profile.pk}/delete/", {"post": "yes"}).status_code == 403
    act(admin_client, PROFILES, "delete_selected", [profile], post="yes")
    assert Profile.objects.filter(pk=profile.pk).exists()


def test_an_account_without_a_profile_has_a_page(admin_client: Client, alice: User) -> None:
    Profile.objects.filter(user=alice).delete()
    assert "alice@example.org" in html(admin_client, page_of(alice))
    assert "alice@example.org" in html(admin_client, USERS)


# --- Projects and members ---------------------------------------------------------------------


def test_a_project_is_added_and_renamed(admin_client: Client, alice: User) -> None:
    form = shown_form(admin_client, f"{PROJECTS}add/")
    send(admin_client, f"{PROJECTS}add/", form, name=" Two\n words ", owner=alice.pk)
    project = Project.objects.get(name="Two words")
    assert (project.owner, project.badge_key) == (alice, str(project.code))
    form = shown_form(admin_client, page_of(project))
    key = create_ping_key(project)
    send(admin_client, page_of(project), form, name="Three", show_slugs="on")
    project.refresh_from_db()
    assert (project.name, project.show_slugs, project.ping_key) == ("Three", True, key)


def test_a_project_is_found_by_its_code(admin_client: Client, project: Project) -> None:
    make_webhook(project)
    seen = html(admin_client, f"{PROJECTS}?q={project.code}")
    assert "0 checks, 1 integration" in seen
    assert "1 project\n" in seen
    assert "Default of alice@example.org" in html(admin_client, f"{PROJECTS}?q=alice")
    assert "0 projects" in html(admin_client, f"{PROJECTS}?q=nothing")


def test_the_page_of_a_project_says_which_keys_there_are(
    admin_client: Client, project: Project
) -> None:
    create_api_key(project)
    create_ping_key(project)
    assert "API key, ping key" in html(admin_client, page_of(project))


def test_removed_projects_take_their_checks_along(
    admin_client: Client, project: Project, check: Check
) -> None:
    act(admin_client, PROJECTS, "delete_selected", [project], post="yes")
    assert not Check.objects.filter(pk=check.pk).exists()


def test_members_are_added_and_change_their_role(
    admin_client: Client, project: Project, alice: User, bob: User
) -> None:
    add = f"{MEMBERS}add/"
    form = shown_form(admin_client, add)
    owner = send(admin_client, add, form, project=project.pk, user=alice.pk)
    assert "no member besides" in owner
    send(admin_client, add, form, project=project.pk, user=bob.pk, role="r")
    member = Member.objects.get()
    again = send(admin_client, add, form, project=project.pk, user=bob.pk, role="m")
    assert "already exists" in again
    form = shown_form(admin_client, page_of(member))
    now = timezone.now()
    Member.objects.update(transfer_request_date=now)
    send(admin_client, page_of(member), form, role="m", user=alice.pk)
    member.refresh_from_db()
    assert (member.role, member.user, member.transfer_request_date) == ("m", bob, now)
