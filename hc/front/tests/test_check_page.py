from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from hc.accounts.models import Project, Role, User
from hc.api.models import Check, Flip, Notification, Ping
from hc.api.services import checks
from hc.core.state import Kind
from hc.pings.event import PingEvent
from hc.pings.writer import record
from tests.factories import make_check, make_cron_check, make_member, make_webhook
from tests.queries import asked_by


def page(client: Client, check: Check) -> str:
    response = client.get(f"/checks/{check.code}/details/")
    assert response.status_code == 200
    return response.content.decode()


def ping(check: Check, kind: Kind = Kind.SUCCESS, ago: float = 60, **more: object) -> None:
    at = timezone.now() - timedelta(seconds=ago)
    record([PingEvent(check.code, at, kind, **more)], at)  # type: ignore[arg-type]


def test_a_new_check_teaches_how_to_ping_it(as_alice: Client, check: Check) -> None:
    html = page(as_alice, check)
    assert f"http://testserver/ping/{check.code}" in html
    for words in ("Shell", "PowerShell", "waiting for the first ping", "Nothing has happened yet"):
        assert words in html


def test_the_mail_address_is_shown_where_mail_is_taken(
    as_alice: Client, check: Check, settings: Settings
) -> None:
    assert "E-mail" not in page(as_alice, check)
    settings.SMTPD_PORT = 2525
    assert f"{check.code}@localhost" in page(as_alice, check)
    settings.SMTPD_PORT, settings.PING_EMAIL_DOMAIN = None, "ping.example.org"
    assert f"{check.code}@ping.example.org" in page(as_alice, check)


def test_the_log_gives_the_size_of_a_body_in_object_storage(as_alice: Client, check: Check) -> None:
    ping(check, method="POST", ua="curl/8", body=b"long")
    Ping.objects.update(body_raw=None, object_size=12_345)
    assert "POST · curl/8 · 12,345 byte body" in page(as_alice, check)


def test_the_log_tells_what_happened(as_alice: Client, check: Check, project: Project) -> None:
    make_webhook(project)
    ping(check, Kind.START, 90)
    ping(
        check,
        Kind.SUCCESS,
        60,
        method="POST",
        remote_addr="10.1.2.3",
        ua="curl/8",
        body=b"214 <rows>",
    )
    ping(check, Kind.LOG, 50)
    ping(check, Kind.FAIL, 30, exitstatus=7)
    html = page(as_alice, check)
    for words in (
        "Started",
        "Success",
        "30.0 s",
        "POST from 10.1.2.3 · curl/8 · 214 &lt;rows&gt;",
        "Log",
        "Exit 7",
        "The job said that it failed.",
        "Its first ping came.",
        "example.org not told yet",
    ):
        assert words in html
    assert "DOWN – Backup" in html


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        ("sent", "", "told in 1.0 s"),
        ("failed", "Received status code 404", "could not be told"),
        ("queued", "Connection failed", "Connection failed; try 3 at"),
        ("dropped", "The integration was switched off", "was switched off"),
        ("sending", "", "being told"),
    ],
)
def test_who_was_told_and_how_it_went(
    as_alice: Client, check: Check, project: Project, state: str, error: str, words: str
) -> None:
    make_webhook(project)
    ping(check, Kind.FAIL)
    now = timezone.now()
    due = None if state in ("sent", "failed", "dropped") else now
    created = Notification.objects.get().created
    Notification.objects.update(
        state=state, error=error, attempts=2, due=due, settled=created + timedelta(seconds=1)
    )
    assert words in page(as_alice, check)


def test_facts_of_a_check_that_runs_well(as_alice: Client, project: Project) -> None:
    check = make_cron_check(
        project,
        "0 3 * * *",
        "Europe/Riga",
        name="Backup",
        desc="See https://wiki.example.org/x",
        slug="backup",
        methods="POST",
        manual_resume=True,
    )
    Check.objects.update(created=timezone.now() - timedelta(days=2))
    ping(check, Kind.START, 3700, method="POST")
    ping(check, Kind.SUCCESS, 3600, method="POST")
    html = page(as_alice, check)
    for words in (
        "1 min 40 s",
        "p95 1 min 40 s",
        "no downtime",
        "100 %",
        "people are told",
        "03:00 every day",
        "Europe/Riga",
        'href="https://wiki.example.org/x"',
        "POST only, ignored while paused",
        "90 days",
        "12 months",
        "1 run, typically 1 min 40 s",
        "0 3 * * *  your-job.sh",
    ):
        assert words in html, words


def test_a_running_check_says_until_when(as_alice: Client, check: Check) -> None:
    ping(check, Kind.START)
    assert "running, to end by" in page(as_alice, check)


def test_a_failed_check_says_why(as_alice: Client, check: Check) -> None:
    ping(check)
    ping(check, Kind.FAIL, 30)
    html = page(as_alice, check)
    assert "Down for" in html
    assert "1 downtime" in html
    assert "a success ends the outage" in html
    with time_machine.travel(timezone.now() + check.timeout + check.grace):
        assert "grace ended" in page(as_alice, check)


def test_queries_do_not_grow_with_the_log(as_alice: Client, check: Check, project: Project) -> None:
    make_webhook(project)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(as_alice, check)
        return len(captured)

    for number in range(12):
        ping(check, (Kind.SUCCESS, Kind.FAIL)[number % 2], 100 - number, body=b"x")
    queries()
    few = queries()
    for number in range(30):
        ping(check, (Kind.SUCCESS, Kind.FAIL)[number % 2], 50 - number, body=b"x")
    make_webhook(project)
    assert queries() == few


def test_the_live_part_is_sent_when_something_changed(as_alice: Client, check: Check) -> None:
    url = f"/checks/{check.code}/status/"
    first = as_alice.get(url)
    assert f"version={first['ETag']}" in page(as_alice, check)
    assert as_alice.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 304
    ping(check, Kind.LOG)
    assert as_alice.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 200
    assert Client().get(url).status_code == 403


def test_links_in_messages_lead_to_the_page(
    as_alice: Client, check: Check, client: Client, bob: User
) -> None:
    url = f"/cloaked/{check.unique_key}/"
    assert as_alice.get(url)["Location"] == f"/checks/{check.code}/details/"
    assert Client().get(url)["Location"] == f"/accounts/login/?next={url}"
    client.force_login(bob)
    assert client.get(url).status_code == 404
    assert client.get("/cloaked/x/").status_code == 404


# --- Buttons ----------------------------------------------------------------------------------


def test_pausing_and_resuming(as_alice: Client, check: Check) -> None:
    assert (
        as_alice.post(f"/checks/{check.code}/pause/")["Location"]
        == f"/checks/{check.code}/details/"
    )
    html = page(as_alice, check)
    assert "Backup is paused." in html
    assert "Resume" in html
    as_alice.post(f"/checks/{check.code}/resume/")
    check.refresh_from_db()
    assert check.status == "new"
    as_alice.post(f"/checks/{check.code}/resume/")
    assert "Backup is not paused." in page(as_alice, check)


def test_deleting_asks_first(as_alice: Client, check: Check, project: Project) -> None:
    url = f"/checks/{check.code}/remove/"
    assert "Delete Backup?" in as_alice.get(url).content.decode()
    assert Check.objects.filter(pk=check.pk).exists()
    assert as_alice.post(url)["Location"] == f"/projects/{project.code}/checks/"
    assert not Check.objects.filter(pk=check.pk).exists()
    assert as_alice.post(url).status_code == 404


def test_channels_are_switched_on_and_off(
    as_alice: Client, check: Check, project: Project, bob: User
) -> None:
    channel = make_webhook(project)
    url = f"/checks/{check.code}/channels/{channel.code}/enabled"
    assert as_alice.post(url, {"state": "off"})["Location"] == f"/checks/{check.code}/details/"
    assert not check.channel_set.exists()
    part = as_alice.post(url, {"state": "on"}, headers={"HX-Request": "true"})
    assert 'aria-pressed="true"' in part.content.decode()
    assert check.channel_set.exists()


def test_channels_of_other_projects_are_not_assigned(
    as_alice: Client, check: Check, alice: User
) -> None:
    other = make_webhook(Project.objects.exclude(pk=check.project_id).get())
    url = f"/checks/{check.code}/channels/{other.code}/enabled"
    assert as_alice.post(url, {"state": "on"}).status_code == 400


@pytest.mark.parametrize(
    "action",
    [
        "pause/",
        "undo_pause/",
        "resume/",
        "edit/",
        "remove/",
        "copy/",
        "transfer/",
        "clear_events/",
        "filtering_rules/",
        "zone/",
        "ping_style/",
        "ping_now/",
    ],
)
def test_readers_and_outsiders_change_nothing(
    client: Client, check: Check, project: Project, bob: User, action: str
) -> None:
    url = f"/checks/{check.code}/{action}"
    assert client.post(url)["Location"].startswith("/accounts/login/")
    client.force_login(bob)
    assert client.post(url).status_code == 404
    make_member(project, bob, Role.READONLY)
    assert client.post(url).status_code == 403
    assert "Your role in this project" in client.post(url).content.decode()
    assert not Flip.objects.exists()
    html = client.get(f"/cloaked/{check.unique_key}/").content.decode()
    content = html[html.index("<main") : html.index("</main>")]
    for word in ("Pause", "Edit", "Ping now", str(check.code)):
        assert word not in content


@pytest.mark.parametrize(
    "action", ["pause/", "undo_pause/", "resume/", "copy/", "zone/", "ping_now/"]
)
def test_buttons_take_a_post(as_alice: Client, check: Check, action: str) -> None:
    assert as_alice.get(f"/checks/{check.code}/{action}").status_code == 405


def test_what_does_not_exist_is_a_page_of_ours(as_alice: Client) -> None:
    response = as_alice.get(f"/checks/{uuid4()}/details/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_a_check_that_vanishes_while_its_page_is_open(as_alice: Client, check: Check) -> None:
    checks.remove(check.code, timezone.now())
    assert as_alice.get(f"/checks/{check.code}/status/").status_code == 404


# --- Checks that nobody waits for ---------------------------------------------------------------


NOTICE = "Nobody is told when its pings stop."


def listed(client: Client, check: Check) -> str:
    return client.get(f"/projects/{check.project.code}/checks/").content.decode()


def test_an_ended_schedule_is_said_to_have_no_date_left(as_alice: Client, project: Project) -> None:
    check = make_check(project, kind="oncalendar", schedule="2019-01-01")
    assert NOTICE not in page(as_alice, check)
    ping(check)
    assert "no date left" in listed(as_alice, check)
    html = page(as_alice, check)
    assert NOTICE in html
    assert "Its schedule has no date left." in html


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"tz": "Mars/Phobos"}, "There is no time zone &#x27;Mars/Phobos&#x27;."),
        ({"schedule": "61 * * * *"}, "Bad minute."),
    ],
)
@pytest.mark.parametrize("kinds", [(Kind.SUCCESS,), (Kind.SUCCESS, Kind.START)])
def test_a_schedule_that_cannot_be_read_is_shown(
    as_alice: Client, project: Project, broken: dict[str, str], why: str, kinds: list[Kind]
) -> None:
    check = make_cron_check(project, "* * * * *")
    Check.objects.update(**broken)
    for ago, kind in enumerate(reversed(kinds)):
        ping(check, kind, ago)
    assert "schedule cannot be read" in listed(as_alice, check)
    html = page(as_alice, check)
    assert NOTICE in html
    assert f"Its schedule cannot be read: {why}" in html
    edit = f"/checks/{check.code}/edit/"
    assert f'<a href="{edit}">Edit it</a>' in html
    assert as_alice.get(edit).status_code == 200


def test_it_is_gone_when_the_schedule_was_mended(as_alice: Client, project: Project) -> None:
    check = make_cron_check(project, "* * * * *")
    Check.objects.update(tz="Mars/Phobos")
    ping(check)
    Check.objects.update(tz="UTC")
    assert "the next ping mends that" in page(as_alice, check)
    ping(check, ago=1)
    assert NOTICE not in page(as_alice, check)


def test_nobody_else_evaluates_a_schedule(as_alice: Client, project: Project) -> None:
    """The due date stands in the row; whether the schedule could be read does not matter to it."""
    check = make_cron_check(project, "* * * * *")
    ping(check)
    Check.objects.update(schedule="61 * * * *", tz="Mars/Phobos")
    assert "next in" in listed(as_alice, check) or "late" in listed(as_alice, check)
    assert NOTICE not in page(as_alice, check)


# --- Why nobody was told -------------------------------------------------------------------------


def test_without_an_integration_the_log_says_so(as_alice: Client, check: Check) -> None:
    ping(check)
    ping(check, Kind.FAIL, 30)
    html = page(as_alice, check)
    assert "Nobody was told: no integration is switched on for this check." in html
    assert html.count("Nobody was told") == 1  # a first ping is no news


def test_integrations_that_are_off_or_want_something_else(
    as_alice: Client, check: Check, project: Project
) -> None:
    hook = make_webhook(project, url_up="")
    ping(check, Kind.FAIL)
    ping(check, Kind.SUCCESS, 30)
    assert "its integrations do not send “up” messages" in page(as_alice, check)
    type(hook).objects.update(disabled=True)
    Notification.objects.all().delete()
    assert "the integrations of this check are switched off" in page(as_alice, check)


def test_a_flapping_check_is_said_to_be_spoken_of_seldom(
    as_alice: Client, check: Check, project: Project
) -> None:
    make_webhook(project)
    for number in range(14):
        ping(check, (Kind.FAIL, Kind.SUCCESS)[number % 2], 600 - 10 * number)
    assert "it had changed its status 13 times within an hour" in page(as_alice, check)


def test_a_shortened_schedule_tells_nobody(as_alice: Client, check: Check) -> None:
    ping(check, ago=7200)
    form = {"kind": "simple", "timeout": "1 minute", "grace": "1 minute"}
    as_alice.post(f"/checks/{check.code}/edit/", form)
    assert "it went down by a change of its schedule" in page(as_alice, check)


# --- Whatever the size of the log ----------------------------------------------------------------


def test_no_body_is_read_for_the_page(as_alice: Client, check: Check) -> None:
    for number in range(3):
        ping(check, ago=10 - number, method="POST", body=b"a" * 9000 + b"END")
    html, asked = asked_by(lambda: page(as_alice, check))
    assert "END" not in html
    reading = [sql.upper() for sql in asked if "body_raw" in sql]
    assert reading
    assert all("LENGTH" in sql or "SUBSTR" in sql for sql in reading)


def test_the_unchanged_page_asks_little(as_alice: Client, check: Check, project: Project) -> None:
    make_webhook(project)
    ping(check, Kind.FAIL)
    url = f"/checks/{check.code}/status/"
    tag = as_alice.get(url)["ETag"]
    with CaptureQueriesContext(connection) as captured:
        assert as_alice.get(url, headers={"If-None-Match": tag}).status_code == 304
    assert len(captured) <= 10
