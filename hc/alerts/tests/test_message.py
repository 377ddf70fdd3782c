from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from hc.accounts.models import Profile, Project, User
from hc.accounts.services.projects import create_project
from hc.alerts import overdue
from hc.alerts.message import Builder
from hc.api.models import Check, Notification, Ping
from hc.core.schedule import Cron
from hc.core.state import Kind, Reason
from hc.integrations.base import Alert, LastPing, OtherDown
from hc.integrations.registry import load_config
from hc.lib.signing import callback_token
from hc.pings.event import PingEvent
from hc.pings.writer import record
from tests.factories import make_check, make_cron_check, make_email, ping_event

HOUR = timedelta(hours=1)


def built(row: Notification, now: datetime) -> Alert:
    config = load_config(row.channel.kind, row.channel.value)
    return Builder([(row, config)], now).build(row, config)


def alert_for(check: Check, now: datetime) -> Alert:
    """The newest message about a check."""
    rows = Notification.objects.select_related("owner", "flip", "channel")
    row = rows.filter(owner=check).latest("pk")
    return built(row, now)


def test_the_facts_of_a_failure(project: Project, now: datetime, settings: Settings) -> None:
    settings.SITE_ROOT = "https://checks.example.org/hc"
    check = make_cron_check(project, "0 3 * * *", name="Backup", tags="db prod", desc="Call Bob.")
    make_email(project)
    event = PingEvent(
        check.code, now, Kind.FAIL, 3, method="POST", remote_addr="10.1.2.3", body=b"no"
    )
    record([event], now)
    alert = alert_for(check, now)
    assert (alert.status, alert.reason, alert.at, alert.downtime) == (
        "down",
        Reason.FAIL,
        now,
        None,
    )
    assert (alert.check.label, alert.check.tags, alert.check.desc) == (
        "Backup",
        ("db", "prod"),
        "Call Bob.",
    )
    assert alert.check.schedule == Cron("0 3 * * *", "UTC")
    assert alert.project.name == "Production"
    assert alert.link == f"https://checks.example.org/hc/cloaked/{check.unique_key}/"
    assert alert.last_ping == LastPing(Kind.FAIL, now, 1, 3, "http", "POST", "10.1.2.3", b"no")
    assert str(check.code) not in alert.link
    assert alert.site.logo_url.startswith("https://checks.example.org/static/")


def test_a_recovery_says_how_long_it_was_down(
    check: Check, project: Project, now: datetime
) -> None:
    make_email(project)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    record([ping_event(check.code, now + HOUR)], now)
    assert alert_for(check, now).downtime == HOUR


def test_the_id_stays_the_same_over_all_attempts(
    check: Check, project: Project, now: datetime
) -> None:
    make_email(project)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    assert alert_for(check, now).id == alert_for(check, now).id == Notification.objects.get().code


def test_the_last_ping_is_that_of_the_flip_not_a_later_one(
    check: Check, project: Project, now: datetime
) -> None:
    make_email(project)
    record([ping_event(check.code, now, Kind.FAIL, body=b"first")], now)
    record([ping_event(check.code, now + HOUR, Kind.FAIL, body=b"second")], now)
    ping = alert_for(check, now).last_ping
    assert ping is not None
    assert ping.text() == "first"


def test_a_run_that_did_not_end_is_told_with_its_start(
    check: Check, project: Project, now: datetime
) -> None:
    make_email(project)
    record([ping_event(check.code, now, Kind.START)], now)
    overdue.sweep(now + 2 * HOUR)
    alert = alert_for(check, now)
    assert (alert.reason, alert.at) == (Reason.TIMEOUT, now + HOUR)
    assert alert.last_ping is not None
    assert alert.last_ping.kind is Kind.START


def test_a_check_whose_pings_are_gone_has_no_last_ping(
    check: Check, project: Project, now: datetime
) -> None:
    make_email(project)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    Ping.objects.all().delete()
    assert alert_for(check, now).last_ping is None


def test_an_unnamed_check_is_not_called_by_its_secret(project: Project, now: datetime) -> None:
    check = make_check(project)
    make_email(project)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    label = alert_for(check, now).check.label
    assert label == f"unnamed {check.unique_key[:8]}"


def test_other_checks_that_are_down_are_named(
    check: Check, project: Project, now: datetime
) -> None:
    make_email(project)
    other = make_check(project, name="Mail")
    make_check(project, name="Fine")
    record([ping_event(other.code, now - HOUR, Kind.FAIL)], now)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    alert = alert_for(check, now)
    assert alert.others == (OtherDown("Mail", now - HOUR),)
    assert alert.others_total == 2


def test_the_reader_is_the_account_with_the_address(
    check: Check, project: Project, bob: User, now: datetime
) -> None:
    Profile.objects.filter(user=bob).update(tz="Asia/Tokyo")
    mine = create_project("Bob's", bob)
    bad = make_check(mine, name="Bad")
    record([ping_event(bad.code, now, Kind.FAIL)], now)
    make_email(project, "bob@example.org")
    record([ping_event(check.code, now, Kind.FAIL)], now)
    reader = alert_for(check, now).reader
    assert reader.tz == ZoneInfo("Asia/Tokyo")
    assert [(p.name, p.down) for p in reader.projects] == [("bob@example.org", 0), ("Bob's", 1)]


def test_a_stranger_reads_in_the_owners_zone_and_sees_no_projects(
    check: Check, project: Project, alice: User, now: datetime
) -> None:
    Profile.objects.filter(user=alice).update(tz="Europe/Kiev")
    make_email(project, "stranger@example.org")
    record([ping_event(check.code, now, Kind.FAIL)], now)
    reader = alert_for(check, now).reader
    assert (str(reader.tz), reader.projects) == ("Europe/Kyiv", ())


def test_a_notification_without_check_has_no_message(project: Project, now: datetime) -> None:
    row = Notification(pk=1, channel=make_email(project), owner=make_check(project))
    with pytest.raises(ValueError, match="no check"):
        built(row, now)


def test_the_number_of_queries_does_not_grow_with_the_messages(
    project: Project, alice: User, now: datetime
) -> None:
    make_email(project, alice.email)

    def queries(number: int) -> int:
        checks = [make_check(project) for _ in range(number)]
        record([ping_event(one.code, now, Kind.FAIL) for one in checks], now)
        rows = Notification.objects.select_related("owner", "flip", "channel")
        known = [(row, load_config("email", row.channel.value)) for row in rows]
        with CaptureQueriesContext(connection) as captured:
            builder = Builder(known, now)
            for row, config in known:
                builder.build(row, config)
        return len(captured)

    assert queries(1) == queries(30) <= 12


def test_services_that_call_back_get_an_address_for_that(
    check: Check, project: Project, now: datetime
) -> None:
    make_email(project)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    code, token = alert_for(check, now).id, callback_token(alert_for(check, now).id)
    url = alert_for(check, now).callback_url
    assert url == f"http://testserver/api/v3/notifications/{code}/status?token={token}"
