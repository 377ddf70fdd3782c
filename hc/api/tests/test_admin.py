from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from hc.accounts.models import Profile, Project, User
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
from hc.api.models import (
    Channel,
    Check,
    Chore,
    DailyRollup,
    Flip,
    Heartbeat,
    Journal,
    Notification,
    Ping,
    TokenBucket,
)
from hc.api.services import checks
from hc.api.services.checks import Details, ScheduleSettings
from hc.core.state import Kind
from hc.pings.writer import record
from tests.admin import act, confirm, html, queries, send, shown_form
from tests.factories import make_check, make_cron_check, make_webhook, ping_event

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JOURNALS = ["ping", "flip", "notification", "tokenbucket", "heartbeat", "dailyrollup"]
MODELS = ["check", "channel", *JOURNALS]
TABLES = {name: f"/admin/api/{name}/" for name in MODELS}
CHECKS, CHANNELS, PINGS = (TABLES[name] for name in ("check", "channel", "ping"))
SECRET = "https://example.org/hook-secret"


def rows(number: int, offset: int = 0) -> None:
    """So many rows in every table, each in a project of its own."""
    now = timezone.now()
    for n in range(offset, offset + number):
        project = create_project(f"Project {n}", create_account(f"user{n}@example.org"))
        make_webhook(project, SECRET, headers_down={"X-Key": "header-secret"}, secret="key-secret")
        check = make_cron_check(project, "0 3 * * *", name=f"Check {n}", tags="prod")
        record([ping_event(check.code, now, Kind.FAIL, body=b"body-secret")], now)
        DailyRollup.objects.create(owner=check, day=now.date(), down_seconds=90)
        TokenBucket.objects.create(value=f"bucket {n}")
        Chore.objects.create(name=f"chore {n}")
        Journal.objects.create(name=f"journal {n}", position=n, updated=now)
        Heartbeat.objects.create(process="web", host=f"host {n}", pid=n, started=now, beat=now)


def page_of(row: Any) -> str:
    return f"{TABLES[row._meta.model_name]}{row.pk}/change/"


def newest(table: str) -> Any:
    return apps.get_model("api", table)._default_manager.latest("pk")


# --- All tables -------------------------------------------------------------------------------


def test_every_table_is_there() -> None:
    ours = {m for app in ("accounts", "api", "logs") for m in apps.get_app_config(app).get_models()}
    assert all(site.is_registered(model) for model in ours)


@pytest.mark.parametrize("table", MODELS)
def test_lists_and_pages_answer_and_keep_secrets(admin_client: Client, table: str) -> None:
    rows(2)
    row = newest(table)
    pages = [f"{TABLES[table]}{row.pk}/{page}/" for page in ("history", "delete")]
    change = html(admin_client, page_of(row))
    seen = change + "".join(html(admin_client, url) for url in (TABLES[table], *pages))
    assert {"tokenbucket": "bucket 1", "heartbeat": "host 1"}.get(table, "heck 1") in seen or (
        table == "channel" and "Project 1" in seen
    )
    if table == "ping":
        assert "<pre>body-secret</pre>" in change
        seen = seen.replace("<pre>body-secret</pre>", "")
    assert "-secret" not in seen


@pytest.mark.parametrize("table", MODELS)
def test_queries_do_not_grow(
    admin_client: Client, table: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows(3)
    few = queries(admin_client, TABLES[table])
    rows(27, 3)
    with django_assert_num_queries(few):
        html(admin_client, TABLES[table])
    assert few <= 6


@pytest.mark.parametrize("table", JOURNALS)
def test_what_machines_write_is_read_and_deleted_only(admin_client: Client, table: str) -> None:
    rows(1)
    row = newest(table)
    assert admin_client.get(f"{TABLES[table]}add/").status_code == 403
    assert admin_client.post(page_of(row), {"error": "x", "n": 5}).status_code == 403
    admin_client.post(f"{TABLES[table]}{row.pk}/delete/", {"post": "yes"})
    assert not type(row).objects.filter(pk=row.pk).exists()


def test_staff_who_may_only_look_cannot_do_more(client: Client, bob: User, check: Check) -> None:
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    rights = Permission.objects.filter(content_type__app_label="api", codename__startswith="view")
    bob.user_permissions.set(rights)
    client.force_login(bob)
    confirm(client)
    html(client, page_of(check))
    assert client.post(page_of(check), {"name": "x"}).status_code == 403
    assert client.get(f"{CHECKS}{check.pk}/delete/").status_code == 403
    channel = make_webhook(check.project, SECRET)
    act(client, CHANNELS, "disable", [channel])
    channel.refresh_from_db()
    assert not channel.disabled
    assert "0 channels" in html(client, f"{CHANNELS}?q=hook-secret")


# --- Checks -----------------------------------------------------------------------------------


def test_the_list_of_checks_speaks_in_words(admin_client: Client, project: Project) -> None:
    check = make_cron_check(project, "15 1 * * 1-5", name="Invoices", tags="billing")
    at = timezone.now() - 10 * DAY
    record([ping_event(check.code, at)], at)
    seen = html(admin_client, CHECKS)
    for words in ("Invoices", "billing", "Production", "01:15 on weekdays, grace 1 hour", ">Down<"):
        assert words in seen


@pytest.mark.parametrize("query", ["{code}", "Back", "alice", "slug", "{pk}"])
def test_checks_are_found(admin_client: Client, project: Project, query: str) -> None:
    check = make_check(project, name="Backup", slug="slugged")
    found = html(admin_client, f"{CHECKS}?q={query.format(code=check.code, pk=check.pk)}")
    assert page_of(check) in found


def test_a_new_check_is_made_as_everywhere(admin_client: Client, project: Project) -> None:
    channel = make_webhook(project)
    form = shown_form(admin_client, f"{CHECKS}add/")
    settings = {"project": project.pk, "name": " Nightly\n job ", "slug": "Nightly", "tags": "a  b"}
    send(admin_client, f"{CHECKS}add/", form, **settings, timeout="02:00:00", manual_resume="on")
    check = Check.objects.get(project=project)
    assert (check.name, check.slug, check.tags) == ("Nightly job", "nightly", "a b")
    assert (check.timeout, check.grace, check.manual_resume) == (2 * HOUR, HOUR, True)
    assert list(check.channel_set.all()) == [channel]
    assert check.unique_key


def test_a_full_account_gets_no_more_checks(admin_client: Client, project: Project) -> None:
    Profile.objects.update(check_limit=1)
    form = shown_form(admin_client, f"{CHECKS}add/")
    seen = send(admin_client, f"{CHECKS}add/", form, project=project.pk)
    assert "as many checks as it may have" in seen
    assert not Check.objects.filter(project=project).exists()


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"timeout": "00:00:01"}, "greater than or equal to"),
        ({"grace": "400 00:00:00"}, "less than or equal to"),
        ({"kind": "cron", "schedule": "* * *"}, "errornote"),
        ({"kind": "oncalendar", "schedule": "nonsense"}, "errornote"),
        ({"kind": "cron", "schedule": "* * * * *", "tz": "Mars/Olympus"}, "name of a zone"),
        ({"slug": "no blanks"}, "valid “slug”"),
        ({"methods": "GET"}, "valid choice"),
    ],
)
def test_settings_are_judged(
    admin_client: Client, check: Check, typed: dict[str, str], error: str
) -> None:
    assert error in send(
        admin_client, page_of(check), shown_form(admin_client, page_of(check)), **typed
    )
    before = Check.objects.values().get(pk=check.pk)
    assert before["timeout"] == DAY
    assert before["slug"] == ""


def test_a_new_schedule_moves_the_deadline(admin_client: Client, check: Check) -> None:
    now = timezone.now()
    record([ping_event(check.code, now)], now)
    form = shown_form(admin_client, page_of(check))
    send(admin_client, page_of(check), form, timeout="7 00:00:00", name="Weekly")
    check.refresh_from_db()
    assert (check.name, check.due, check.status) == ("Weekly", now + 7 * DAY, "up")
    assert check.alert_after == now + 7 * DAY + HOUR


def test_an_overdue_check_goes_down_without_a_message(admin_client: Client, check: Check) -> None:
    make_webhook(check.project)
    at = timezone.now() - 5 * HOUR
    record([ping_event(check.code, at)], at)
    form = shown_form(admin_client, page_of(check))
    send(admin_client, page_of(check), form, timeout="01:00:00")
    check.refresh_from_db()
    assert check.status == "down"
    assert Flip.objects.latest("pk").processed
    assert not Notification.objects.exists()


def test_a_new_name_is_all_that_is_written(admin_client: Client, check: Check) -> None:
    """Pings, other people's edits and the alert loop have been there meanwhile."""
    form = shown_form(admin_client, page_of(check))
    now = timezone.now()
    record([ping_event(check.code, now, Kind.FAIL)], now)
    details = Details({"tags": "new", "desc": "two\nlines"})
    checks.edit(check.code, details, ScheduleSettings(timeout=2 * HOUR), now)
    with CaptureQueriesContext(connection) as asked:
        send(admin_client, page_of(check), form, name="Renamed")
    check.refresh_from_db()
    assert (check.name, check.tags, check.desc) == ("Renamed", "new", "two\nlines")
    assert (check.timeout, check.status, check.n_pings) == (2 * HOUR, "down", 1)
    updates = [q["sql"] for q in asked.captured_queries if q["sql"].startswith("UPDATE")]
    (update,) = [sql for sql in updates if "api_check" in sql]
    assert "n_pings" not in update.partition("WHERE")[0]


def test_a_name_changed_late_leaves_the_alert_to_the_loop(
    admin_client: Client, check: Check
) -> None:
    """A deadline that just passed is no business of who corrects a name: people are told."""
    at = timezone.now() - 30 * HOUR
    record([ping_event(check.code, at)], at)
    send(admin_client, page_of(check), shown_form(admin_client, page_of(check)), name="Renamed")
    check.refresh_from_db()
    assert (check.name, check.status) == ("Renamed", "up")


@pytest.mark.parametrize("column", ["status", "n_pings", "code", "badge_key", "project", "due"])
def test_what_follows_from_pings_cannot_be_typed(
    admin_client: Client, check: Check, column: str
) -> None:
    form = shown_form(admin_client, page_of(check))
    assert column not in form
    before = getattr(check, column)
    other = create_project("Other", check.project.owner)
    typed = {"status": "down", "n_pings": 5, "project": other.pk}.get(column, "x")
    send(admin_client, page_of(check), form, **{column: typed})
    check.refresh_from_db()
    assert getattr(check, column) == before


def test_removed_checks_take_their_logs_along(admin_client: Client, project: Project) -> None:
    removed = [make_check(project, name=str(n)) for n in range(2)]
    now = timezone.now()
    record([ping_event(check.code, now) for check in removed * 2], now)
    seen = act(admin_client, CHECKS, "delete_selected", removed)
    for line in ("Checks: 2", "Pings: 4", "Flips: 2"):
        assert line in seen
    act(admin_client, CHECKS, "delete_selected", removed, post="yes")
    assert not Ping.objects.exists()
    assert Check.objects.count() == 1


# --- Integrations -----------------------------------------------------------------------------


def test_the_list_of_integrations_tells_where_they_lead(
    admin_client: Client, project: Project
) -> None:
    Channel.objects.update(email_verified=False)
    channel = make_webhook(project, SECRET)
    Channel.objects.filter(pk=channel.pk).update(
        last_error="Timed out", last_notify_duration=timedelta(seconds=7)
    )
    Channel.objects.create(project=project, kind="retired", value="old-secret")
    seen = html(admin_client, CHANNELS)
    for words in (
        *("Webhook", "example.org", "Timed out", "7.0 s"),
        *("Email (unverified)", "alice@example.org", "retired", "unreadable"),
    ):
        assert words in seen
    slow = html(admin_client, f"{CHANNELS}?took=more than 6 s&last_error__isempty=0")
    assert "1 channel\n" in slow
    assert "0 channels" in html(admin_client, f"{CHANNELS}?took=more than 10 s")


def test_integrations_are_found_by_address_and_code(admin_client: Client, project: Project) -> None:
    channel = make_webhook(project, SECRET)
    for term in ("hook-secret", str(channel.code)):
        assert "1 channel\n" in html(admin_client, f"{CHANNELS}?q={term}")
    assert admin_client.get(f"{CHANNELS}?value__contains=hook").status_code == 400


def test_what_a_sender_found_out_survives_a_new_name(
    admin_client: Client, project: Project
) -> None:
    channel = make_webhook(project, SECRET)
    form = shown_form(admin_client, page_of(channel))
    Channel.objects.filter(pk=channel.pk).update(disabled=True, last_error="Gone", value="{}")
    send(admin_client, page_of(channel), form, name="Pager")
    channel.refresh_from_db()
    assert (channel.name, channel.disabled, channel.last_error) == ("Pager", True, "Gone")
    assert channel.value == "{}"


def test_an_integration_is_switched_off_and_on(admin_client: Client, project: Project) -> None:
    channel = make_webhook(project)
    for switch, disabled in (("on", True), (None, False)):
        form = shown_form(admin_client, page_of(channel))
        send(admin_client, page_of(channel), form, disabled=switch)
        channel.refresh_from_db()
        assert channel.disabled is disabled


def test_integrations_are_disabled(admin_client: Client, project: Project) -> None:
    chosen = [make_webhook(project) for _ in range(2)]
    other = make_webhook(project)
    assert "Disabled 2 integrations." in act(admin_client, CHANNELS, "disable", chosen)
    assert "Disabled 0 integrations." in act(admin_client, CHANNELS, "disable", chosen)
    enabled = Channel.objects.filter(project=project, disabled=False)
    assert list(enabled) == [other]
    assert LogEntry.objects.filter(change_message="Disabled.").count() == 2


def test_integrations_are_made_in_their_project(admin_client: Client, project: Project) -> None:
    channel = make_webhook(project)
    assert admin_client.get(f"{CHANNELS}add/").status_code == 403
    assert f"/projects/{project.code}/integrations/" in html(admin_client, page_of(channel))
    act(admin_client, CHANNELS, "delete_selected", [channel], post="yes")
    assert not Channel.objects.filter(pk=channel.pk).exists()


def test_a_test_message_belongs_to_no_check(admin_client: Client, project: Project) -> None:
    message = Notification.objects.create(channel=make_webhook(project), check_status="down")
    html(admin_client, page_of(message))
    assert "Production" in html(admin_client, TABLES["notification"])


@pytest.mark.parametrize("query", ["q={code}", "q={check}", "q=Backup", "kind=Webhook", "q=hook"])
def test_messages_are_found(admin_client: Client, check: Check, query: str) -> None:
    now = timezone.now()
    make_webhook(check.project).checks.add(check)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    message = Notification.objects.get()
    url = f"{TABLES['notification']}?{query.format(code=message.code, check=check.code)}"
    assert page_of(message) in html(admin_client, url)
    assert "0 notifications" in html(admin_client, f"{TABLES['notification']}?kind=Email")


# --- Logs -------------------------------------------------------------------------------------


def many_pings(check: Check, number: int) -> None:
    Ping.objects.bulk_create(Ping(owner=check, n=n, body_raw=b"x" * 100) for n in range(number))


def test_pings_are_neither_counted_nor_read_in_full(admin_client: Client, check: Check) -> None:
    many_pings(check, 250)
    with CaptureQueriesContext(connection) as asked:
        seen = html(admin_client, PINGS)
    statements = [q["sql"] for q in asked.captured_queries if "api_ping" in q["sql"]]
    assert len(statements) == 1
    assert "COUNT(" not in statements[0]
    assert "body_raw" not in statements[0]
    assert "more than 100 pings" in seen


@pytest.mark.parametrize(
    ("page", "shown", "words"),
    [("1", 100, "more than 100"), ("2", 100, "more than 200"), ("3", 50, "250 pings")],
)
def test_pings_are_paged(
    admin_client: Client, check: Check, page: str, shown: int, words: str
) -> None:
    many_pings(check, 250)
    seen = html(admin_client, f"{PINGS}?p={page}&all=")
    assert seen.count('class="field-created') == shown
    assert words in seen
    assert ("p=3" in seen) == (page == "2")


@pytest.mark.parametrize("page", ["4", "0", "-1", "99999999999999999999", "x"])
def test_pages_that_do_not_exist_lead_to_the_first(
    admin_client: Client, check: Check, page: str
) -> None:
    many_pings(check, 250)
    response = admin_client.get(f"{PINGS}?p={page}", follow=True)
    assert b"more than 100 pings" in response.content


@pytest.mark.parametrize(
    ("query", "number"),
    [("kind=Success", 2), ("kind=Failure", 1), ("scheme=email", 1), ("method=POST", 3), ("q=x", 4)],
)
def test_pings_are_filtered(admin_client: Client, check: Check, query: str, number: int) -> None:
    now = timezone.now()
    kinds = (Kind.SUCCESS, Kind.SUCCESS, Kind.FAIL)
    record([ping_event(check.code, now, kind) for kind in kinds], now)
    Ping.objects.create(owner=check, n=9, scheme="email", kind="log")
    assert f"{number} ping" in html(admin_client, f"{PINGS}?{query}&owner={check.pk}")


def test_what_a_job_sent_is_text_whatever_it_is(admin_client: Client, check: Check) -> None:
    now = timezone.now()
    record([ping_event(check.code, now, body=b"<script>\xff</script>")], now)
    seen = html(admin_client, page_of(Ping.objects.get()))
    assert "&lt;script&gt;\ufffd&lt;/script&gt;" in seen


def test_a_body_elsewhere_is_not_shown(admin_client: Client, check: Check) -> None:
    ping = Ping.objects.create(owner=check, n=1, object_size=5000)
    assert "5000" in html(admin_client, page_of(ping))


@pytest.mark.parametrize(("ago", "alive"), [(0, "True"), (60, "False")])
def test_a_heart_that_stopped_is_seen(admin_client: Client, ago: int, alive: str) -> None:
    beat = timezone.now() - timedelta(seconds=ago)
    Heartbeat.objects.create(process="web", host="a", pid=1, started=beat, beat=beat)
    assert f'alt="{alive}"' in html(admin_client, TABLES["heartbeat"])


def test_a_rollup_tells_the_downtime_in_words(admin_client: Client, check: Check) -> None:
    DailyRollup.objects.create(owner=check, day=timezone.now().date(), down_seconds=90)
    assert "1 min 30 s" in html(admin_client, TABLES["dailyrollup"])
