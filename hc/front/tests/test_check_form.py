from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from hc.accounts.models import Profile, Project, Role, User
from hc.accounts.services.projects import create_project
from hc.api.models import Check
from tests.factories import make_cron_check, make_member, make_webhook

SIMPLE = {"kind": "simple", "timeout": "1 day", "grace": "1 hour"}


def add(client: Client, project: Project, **fields: Any) -> HttpResponse:
    response: Any = client.post(f"/projects/{project.code}/checks/add/", SIMPLE | fields)
    return response  # type: ignore[no-any-return]


def test_the_form_offers_the_readers_zone_and_the_chosen_tags(
    as_alice: Client, project: Project
) -> None:
    Profile.objects.update(tz="Asia/Tokyo")
    html = as_alice.get(f"/projects/{project.code}/checks/add/?tag=db&tag=prod").content.decode()
    assert 'value="Asia/Tokyo"' in html
    assert 'value="db prod"' in html


def test_a_check_is_added_and_shown(as_alice: Client, project: Project) -> None:
    channel = make_webhook(project)
    response = add(
        as_alice,
        project,
        name=" Nightly  backup ",
        slug="nightly",
        tags=" db   prod ",
        desc="line 1\nline 2",
        timeout="2h 30m",
        grace="90s",
    )
    check = Check.objects.get(project=project)
    assert response["Location"] == f"/checks/{check.code}/details/#how-title"
    assert (check.name, check.slug, check.tags) == ("Nightly backup", "nightly", "db prod")
    assert (check.timeout, check.grace) == (timedelta(minutes=150), timedelta(seconds=90))
    assert list(check.channel_set.all()) == [channel]


def test_a_cron_check(as_alice: Client, project: Project) -> None:
    add(as_alice, project, kind="cron", cron=" 15 1 * * 1-5 ", tz="Europe/Kiev", timeout="nonsense")
    check = Check.objects.get(project=project)
    assert (check.kind, check.schedule, check.tz) == ("cron", "15 1 * * 1-5", "Europe/Kyiv")


def test_an_oncalendar_check(as_alice: Client, project: Project) -> None:
    add(as_alice, project, kind="oncalendar", oncalendar="Mon 09:00\n21:00", tz="UTC", cron="x")
    check = Check.objects.get(project=project)
    assert (check.kind, check.schedule) == ("oncalendar", "Mon 09:00\n21:00")


def test_rules_for_pings(as_alice: Client, project: Project) -> None:
    add(
        as_alice,
        project,
        methods="POST",
        filter_http_body="on",
        failure_kw="ERR",
        success_kw="OK",
        filter_default_fail="1",
        manual_resume="1",
    )
    check = Check.objects.get(project=project)
    assert (check.methods, check.filter_http_body, check.filter_body) == ("POST", True, False)
    assert (check.failure_kw, check.success_kw, check.start_kw) == ("ERR", "OK", "")
    assert (check.filter_default_fail, check.manual_resume) == (True, True)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"name": "x" * 101}, "at most 100 characters"),
        ({"name": "a\0b"}, "Null characters are not allowed"),
        ({"slug": "Upper"}, "small letters"),
        ({"slug": "new\nline"}, "small letters"),
        ({"tags": "x" * 501}, "at most 500 characters"),
        ({"timeout": ""}, "Say how often pings come."),
        ({"timeout": "soon"}, "Write it like"),
        ({"timeout": "59s"}, "between 1 minute and 365 days"),
        ({"grace": "366 days"}, "between 1 minute and 365 days"),
        ({"grace": ""}, "This field is required"),
        ({"kind": "lunar"}, "not one of the available choices"),
        ({"kind": "cron", "cron": "* * * *", "tz": "UTC"}, "five fields, this one has 4"),
        ({"kind": "cron", "cron": "0 0 30 2 *", "tz": "UTC"}, "Bad day-of-month"),
        ({"kind": "cron", "cron": "* * * * *", "tz": "Mars/Base"}, "Choose a zone from the list"),
        ({"kind": "cron", "cron": "", "tz": "UTC"}, "five fields, this one has 0"),
        ({"kind": "oncalendar", "oncalendar": "nonsense", "tz": "UTC"}, "Bad day-of-week"),
        ({"kind": "oncalendar", "oncalendar": "x" * 101, "tz": "UTC"}, "at most 100 characters"),
        ({"methods": "DELETE"}, "not one of the available choices"),
        ({"failure_kw": "x" * 201}, "at most 200 characters"),
    ],
)
def test_bad_input_is_kept_and_explained(
    as_alice: Client, project: Project, fields: dict[str, str], complaint: str
) -> None:
    response = add(as_alice, project, **({"desc": "typed with care"} | fields))
    html = response.content.decode()
    assert response.status_code == 422
    assert complaint in html
    assert "typed with care" in html
    assert not Check.objects.filter(project=project).exists()


def test_a_full_account_adds_nothing(as_alice: Client, project: Project) -> None:
    Profile.objects.update(check_limit=1)
    response = add(as_alice, project, name="kept")
    assert response.status_code == 422
    assert "as many checks as it may have" in response.content.decode()
    assert 'value="kept"' in response.content.decode()


def test_readers_add_nothing(client: Client, project: Project, bob: User) -> None:
    make_member(project, bob, Role.READONLY)
    client.force_login(bob)
    assert add(client, project).status_code == 403


# --- Editing ----------------------------------------------------------------------------------


def test_the_form_shows_what_is_stored(as_alice: Client, project: Project) -> None:
    check = make_cron_check(
        project,
        "15 1 * * *",
        "Asia/Tokyo",
        name="Backup",
        tags="db",
        desc="notes",
        manual_resume=True,
        failure_kw="ERR",
    )
    html = as_alice.get(f"/checks/{check.code}/edit/").content.decode()
    for value in ("Backup", "15 1 * * *", "Asia/Tokyo", "db", "1 hour", "1 day", "ERR"):
        assert f'value="{value}"' in html
    assert "notes</textarea>" in html
    assert '<option value="1" selected>It stays paused' in html


def test_a_check_is_changed(as_alice: Client, check: Check) -> None:
    fields = SIMPLE | {"name": "Renamed", "grace": "2 hours"}
    response = as_alice.post(f"/checks/{check.code}/edit/", fields)
    assert response["Location"] == f"/checks/{check.code}/details/"
    check.refresh_from_db()
    assert (check.name, check.grace) == ("Renamed", timedelta(hours=2))


def test_bad_changes_are_kept_and_explained(as_alice: Client, check: Check) -> None:
    response = as_alice.post(f"/checks/{check.code}/edit/", SIMPLE | {"name": "x" * 101})
    assert response.status_code == 422
    check.refresh_from_db()
    assert check.name == "Backup"


def test_a_new_check_alerts_those_who_were_chosen(as_alice: Client, project: Project) -> None:
    first, second = make_webhook(project), make_webhook(project)
    text = as_alice.get(f"/projects/{project.code}/checks/add/").content.decode()
    assert text.count('name="channel"') == text.count(' checked><span class="choice-text"') == 2
    add(as_alice, project, name="One", choose_channels="1", channel=str(second.code))
    add(as_alice, project, name="None", choose_channels="1")
    add(as_alice, project, name="All")
    told = {
        name: set(Check.objects.get(name=name).channel_set.all()) for name in ("One", "None", "All")
    }
    assert told == {"One": {second}, "None": set(), "All": {first, second}}


def test_what_was_chosen_is_kept_beside_errors(as_alice: Client, project: Project) -> None:
    make_webhook(project)
    response = add(as_alice, project, timeout="soon", choose_channels="1")
    assert response.status_code == 422
    assert ' checked><span class="choice-text"' not in response.content.decode()


def test_channels_of_other_projects_are_not_chosen(
    as_alice: Client, project: Project, alice: User
) -> None:
    foreign = make_webhook(create_project("Other", alice))
    add(as_alice, project, name="One", choose_channels="1", channel=str(foreign.code))
    assert not Check.objects.get(name="One").channel_set.exists()


# --- The preview ------------------------------------------------------------------------------


def preview(client: Client, **fields: str) -> str:
    return client.post("/checks/schedule_preview/", SIMPLE | fields).content.decode()


def test_a_simple_schedule_is_put_into_words(as_alice: Client) -> None:
    assert "Every 15 minutes" in preview(as_alice, timeout="15 min")


@time_machine.travel("2026-06-15T12:00:00Z", tick=False)
def test_cron_dates_are_given_in_both_zones(as_alice: Client) -> None:
    Profile.objects.update(tz="Europe/Riga")
    html = preview(as_alice, kind="cron", cron="30 4 * * *", tz="Asia/Tokyo", grace="30 min")
    for words in (
        "At 04:30 every day",
        "Next, Asia/Tokyo",
        "Europe/Riga",
        "Tue 16 Jun 04:30",
        "Mon 22:30",
        "30 minutes late",
    ):
        assert words in html, words
    assert html.count("<tr>") == 7


@time_machine.travel("2026-06-15T12:00:00Z", tick=False)
def test_oncalendar_dates(as_alice: Client) -> None:
    html = preview(as_alice, kind="oncalendar", oncalendar="*:0/20:30", tz="UTC")
    assert "Mon 15 Jun 12:00:30" in html
    assert "From now" in html


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "cron", "cron": "* * *", "tz": "UTC"},
        {"kind": "cron", "cron": "* * * * *", "tz": "Nowhere"},
        {"timeout": "x"},
        {"grace": ""},
        {"kind": "x"},
    ],
)
def test_what_cannot_be_read_yet_is_no_error(as_alice: Client, fields: dict[str, str]) -> None:
    assert "cannot be read yet" in preview(as_alice, **fields)


@time_machine.travel("2026-11-20T12:00:00Z", tick=False)
@pytest.mark.parametrize(
    ("reader", "tz", "columns"),
    [
        ("Europe/Riga", "Asia/Tokyo", ["Next, Asia/Tokyo", "Europe/Riga", "UTC"]),
        ("Europe/Riga", "Europe/Vilnius", ["Next, Europe/Vilnius", "UTC"]),
        ("Africa/Abidjan", "Europe/Riga", ["Next, Europe/Riga", "Africa/Abidjan"]),
        ("UTC", "UTC", ["Next, UTC", "From now"]),
    ],
)
def test_dates_are_given_by_clocks_that_differ(
    as_alice: Client, alice: User, reader: str, tz: str, columns: list[str]
) -> None:
    Profile.objects.filter(user=alice).update(tz=reader)
    html = preview(as_alice, kind="cron", cron="30 4 * * *", tz=tz)
    assert re.findall(r'<th scope="col">([^<]+)', html) == columns


@time_machine.travel("2026-11-20T12:00:00Z", tick=False)
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tz": "Europe/Riga"}, "On 28 March 2027 clocks go forward: a fixed time from 03:00 to "),
        ({"tz": "Australia/Sydney"}, "On 4 April 2027 clocks go back: a fixed time from 02:00 to "),
        ({"tz": "Asia/Tokyo"}, ""),
        ({"kind": "simple"}, ""),
    ],
)
def test_the_preview_says_what_summer_time_does(
    as_alice: Client, fields: dict[str, str], words: str
) -> None:
    html = preview(as_alice, **({"kind": "cron", "cron": "30 3 * * *"} | fields))
    assert words in html if words else "clocks" not in html


def test_calendar_expressions_are_put_into_words(as_alice: Client) -> None:
    html = preview(as_alice, kind="oncalendar", oncalendar="Mon..Fri 02:30", tz="UTC")
    assert "At 02:30 Monday to Friday" in html


def test_the_time_line_in_words(as_alice: Client) -> None:
    html = preview(as_alice, timeout="1 day", grace="30 min")
    assert "expected 1 day after the last one, late for 30 min, then people are told" in html
    for grace in ("1 min", "365 days"):
        line = re.search(
            r'class="run-late" x="(\d+)" y="16" width="(\d+)"', preview(as_alice, grace=grace)
        )
        assert line
        assert 70 <= int(line[1]) <= 210
        assert int(line[1]) + int(line[2]) == 274


def test_previews_are_limited(as_alice: Client) -> None:
    with time_machine.travel("2026-06-15T12:00:00Z", tick=False):
        statuses = [
            as_alice.post("/checks/schedule_preview/", SIMPLE).status_code for _ in range(61)
        ]
    assert statuses == [200] * 60 + [429]


def test_the_preview_is_for_people_who_are_signed_in(client: Client, db: None) -> None:
    assert client.post("/checks/schedule_preview/", SIMPLE).status_code == 302


def test_a_check_with_a_zone_that_is_gone_can_be_repaired(
    as_alice: Client, project: Project
) -> None:
    check = make_cron_check(project, "0 3 * * *")
    Check.objects.filter(pk=check.pk).update(tz="Mars/Olympus")
    assert as_alice.get(f"/checks/{check.code}/edit/").status_code == 200


@pytest.mark.parametrize(
    "odd",
    [
        {"timeout": "9" * 5000},
        {"kind": "oncalendar", "oncalendar": "*:0 America", "tz": "UTC"},
    ],
)
def test_odd_schedules_are_refused(as_alice: Client, project: Project, odd: dict[str, str]) -> None:
    assert add(as_alice, project, **odd).status_code == 422
    assert Check.objects.filter(project=project).count() == 0
