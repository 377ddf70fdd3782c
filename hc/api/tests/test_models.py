"""Tables, columns and constraints that existing databases and other programs rely on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, models

from hc.accounts.models import Credential, Member, Profile, Project, User
from hc.api.models import Channel, Check, Flip, Limit, Notification, Ping, TokenBucket
from hc.api.representation import check_json
from hc.core.state import Kind
from hc.logs.models import Record
from hc.pings.writer import record
from tests.factories import make_cron_check, make_webhook, ping_event

TABLES: dict[str, tuple[Any, str]] = {
    "api_check": (
        Check,
        """id code name slug tags desc project_id created kind timeout grace schedule tz
        filter_subject filter_body filter_http_body filter_default_fail start_kw
        success_kw failure_kw methods manual_resume badge_key n_pings last_ping
        last_start last_start_rid last_duration has_confirmation_link
        alert_after status""",
    ),
    "api_ping": (
        Ping,
        """id owner_id n created kind scheme remote_addr method ua body_raw object_size
        exitstatus rid""",
    ),
    "api_flip": (Flip, "id owner_id created processed old_status new_status reason"),
    "api_channel": (
        Channel,
        """id code name project_id created kind value email_verified disabled last_notify
        last_notify_duration last_error""",
    ),
    "api_channel_checks": (Channel.checks.through, "id channel_id check_id"),
    "api_notification": (Notification, "id code owner_id check_status channel_id created error"),
    "api_tokenbucket": (TokenBucket, "id value tokens updated"),
    "accounts_profile": (
        Profile,
        """id user_id tz reports next_report_date nag_period next_nag_date ping_log_limit
        check_limit sms_limit call_limit sms_sent last_sms_date calls_sent
        last_call_date token sort theme last_active_date deletion_notice_date
        deletion_scheduled_date over_limit_date totp totp_created""",
    ),
    "accounts_project": (
        Project,
        """id code name owner_id api_key api_key_readonly badge_key ping_key show_slugs""",
    ),
    "accounts_member": (Member, "id user_id project_id role transfer_request_date"),
    "accounts_credential": (Credential, "id code name user_id created data"),
    "auth_user": (
        User,
        """id username email password is_active is_staff is_superuser last_login
        date_joined first_name last_name""",
    ),
    "auth_user_groups": (User.groups.through, "id user_id group_id"),
    "auth_user_user_permissions": (User.user_permissions.through, "id user_id permission_id"),
    "logs_record": (Record, "id created host name level message traceback"),
}


@pytest.mark.parametrize("table", list(TABLES))
def test_tables_have_the_columns_of_the_contract(db: None, table: str) -> None:
    model, columns = TABLES[table]
    assert model._meta.db_table == table
    with connection.cursor() as cursor:
        found = {c.name for c in connection.introspection.get_table_description(cursor, table)}
    assert set(columns.split()) <= found


def test_ids_are_small_but_for_pings() -> None:
    assert isinstance(Ping._meta.pk, models.BigAutoField)
    assert type(Check._meta.pk) is models.AutoField


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("api_check", ["sweep_at"]),
        ("api_check", ["flapping_told"]),
        ("api_check", ["project_id", "slug"]),
        ("api_check", ["unique_key"]),
        ("api_flip", ["processed"]),
        ("api_flip", ["owner_id", "created"]),
        ("api_ping", ["owner_id", "n"]),
        ("api_notification", ["due"]),
        ("api_queuedmail", ["due"]),
    ],
)
def test_what_is_polled_and_listed_has_an_index(db: None, table: str, columns: list[str]) -> None:
    """Also on MariaDB, which has no partial indexes."""
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table)
    indexes = [c["columns"] for c in constraints.values() if c["index"]]
    assert any(columns == i or columns[-1] in i for i in indexes), indexes


def test_an_address_has_one_account_whatever_its_letters(alice: User) -> None:
    with pytest.raises(IntegrityError):
        User.objects.create_account("ALICE@Example.org")


def test_keys_are_told_apart_by_letter_case(db: None, now: datetime) -> None:
    TokenBucket.objects.create(value="key", updated=now)
    TokenBucket.objects.create(value="KEY", updated=now)
    assert TokenBucket.objects.get(value="KEY").value == "KEY"


# --- Rate limits ------------------------------------------------------------------------------

LIMIT = Limit(3, timedelta(hours=1))


def test_a_bucket_is_empty_after_so_many_uses(db: None, now: datetime) -> None:
    uses = [TokenBucket.authorize("b", LIMIT, now) for _ in range(5)]
    assert uses == [True, True, True, False, False]


def test_a_bucket_refills_with_time(db: None, now: datetime) -> None:
    for _ in range(3):
        TokenBucket.authorize("b", LIMIT, now)
    assert not TokenBucket.authorize("b", LIMIT, now + timedelta(minutes=19))
    assert TokenBucket.authorize("b", LIMIT, now + timedelta(minutes=20))
    assert not TokenBucket.authorize("b", LIMIT, now + timedelta(minutes=20))


def test_a_refused_use_costs_nothing(db: None, now: datetime) -> None:
    for minute in range(60):
        TokenBucket.authorize("b", LIMIT, now + timedelta(minutes=minute))
    assert TokenBucket.authorize("b", LIMIT, now + timedelta(minutes=60))


def test_a_clock_that_goes_back_gives_nothing_away(db: None, now: datetime) -> None:
    for _ in range(3):
        TokenBucket.authorize("b", LIMIT, now)
    assert not TokenBucket.authorize("b", LIMIT, now - timedelta(days=1))


JSON_KEYS = """
    name slug tags desc grace n_pings status started last_ping next_ping manual_resume methods
    subject subject_fail start_kw success_kw failure_kw filter_subject filter_body
    filter_http_body filter_default_fail badge_url last_duration uuid ping_url update_url
    pause_url resume_url channels schedule tz
""".split()  # noqa: SIM905 - read as text


# --- The check as JSON ------------------------------------------------------------------------


def test_a_check_as_json_has_the_keys_of_the_api_in_order(project: Project, now: datetime) -> None:
    channel = make_webhook(project)
    check = make_cron_check(project, "0 3 * * *", "Europe/Riga", name="Backup", tags="a b")
    record([ping_event(check.code, now - timedelta(minutes=2), Kind.START)], now)
    record([ping_event(check.code, now)], now)
    check.refresh_from_db()
    shown = check_json(check, now)
    assert list(shown) == JSON_KEYS
    assert (shown["status"], shown["started"], shown["n_pings"]) == ("up", False, 2)
    assert shown["last_ping"] == "2026-06-15T12:00:00+00:00"
    assert shown["next_ping"] == "2026-06-16T00:00:00+00:00"
    assert shown["last_duration"] == 120
    assert shown["channels"] == str(channel.code)
    assert shown["update_url"] == f"http://testserver/api/v3/checks/{check.code}"
    assert shown["ping_url"] == f"http://testserver/ping/{check.code}"


def test_a_simple_check_as_json(check: Check, now: datetime) -> None:
    Check.objects.update(filter_subject=True, success_kw="OK", failure_kw="ERR")
    record([ping_event(check.code, now, Kind.START)], now)
    check.refresh_from_db()
    shown = check_json(check, now)
    assert (shown["timeout"], "schedule" in shown, "last_duration" in shown) == (
        86_400,
        False,
        False,
    )
    assert (shown["subject"], shown["subject_fail"]) == ("OK", "ERR")
    assert (shown["started"], shown["next_ping"], shown["last_ping"]) == (
        True,
        "2026-06-15T12:00:00+00:00",
        None,
    )
