from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from hc.accounts.models import Project
from hc.alerts import outbox, telemetry
from hc.alerts.dispatcher import Space
from hc.alerts.leases import Attempt
from hc.api.models import Check, Heartbeat, Notification, Outage
from hc.api.services import mails
from hc.api.services.heartbeats import Pulse
from hc.core.state import Kind
from hc.housekeeping import retention
from hc.integrations.base import retry
from hc.lib.mail import Mail
from hc.ops import health
from hc.pings.writer import record
from tests.factories import listen, make_check, make_webhook, ping_event

MINUTE = timedelta(minutes=1)
KEY = "a-key-for-metrics"


@pytest.fixture
def well(db: None) -> None:
    """All that is needed runs."""
    now = timezone.now()
    listen(now)
    for process in ("web", "sendalerts"):
        Pulse(process).beat(now)


def ready(client: Client) -> tuple[int, list[str]]:
    response = client.get("/-/ready")
    return response.status_code, json.loads(response.content)["problems"]


def test_it_is_alive_whatever_the_host_and_without_the_database(client: Client) -> None:
    response = client.get("/-/live", headers={"host": "10.0.0.7"})
    assert (response.status_code, response.content) == (200, b"OK")


def test_it_is_ready_when_all_is_well(client: Client, well: None) -> None:
    assert ready(client) == (200, [])
    for version in (1, 2, 3):
        response = client.get(f"/api/v{version}/status/")
        assert (response.status_code, response.content) == (200, b"OK")


def test_a_silent_process_is_named(client: Client, well: None) -> None:
    Heartbeat.objects.filter(process="sendalerts").delete()
    assert ready(client) == (503, ["sendalerts is not heard"])
    status = client.get("/api/v3/status/")
    assert (status.status_code, status.content) == (200, b"DEGRADED\nsendalerts is not heard")
    Pulse("smtpd").beat(timezone.now() - MINUTE)
    assert ready(client)[1] == ["sendalerts is not heard", "smtpd is not heard"]


def test_messages_that_wait_for_a_minute_are_named(
    client: Client, well: None, project: Project, check: Check
) -> None:
    make_webhook(project)
    now = timezone.now()
    record([ping_event(check.code, now, Kind.FAIL)], now)
    assert client.get("/api/v3/status/").content == b"OK"
    Notification.objects.update(due=now - 2 * MINUTE)
    status = client.get("/api/v3/status/").content
    assert status == b"DEGRADED\n1 messages are due for more than a minute"
    assert ready(client) == (200, [])  # a load balancer has to leave the web where it is


def test_a_receiver_that_is_dead_is_no_trouble_of_the_service(
    client: Client, well: None, project: Project, check: Check
) -> None:
    channel = make_webhook(project)
    now = timezone.now() - 2 * MINUTE
    checks = [check, *(make_check(project) for _ in range(20))]
    record([ping_event(one.code, now, Kind.FAIL) for one in checks], now)
    for claim in [one for lot in outbox.claim(Space(5), now) for one in lot]:
        tried = Attempt(claim, retry("Connection failed"), now, now + MINUTE)
        outbox.settle([tried])
    assert Notification.objects.filter(due__lt=timezone.now(), channel=channel).count() > 10
    assert client.get("/api/v3/status/").content == b"OK"


def test_a_process_that_died_is_missed_until_another_runs_or_an_operator_dismisses_it(
    client: Client, well: None, admin_client: Client
) -> None:
    now = timezone.now()
    long_ago = now - timedelta(days=40)
    for pid in (1, 2):
        Heartbeat.objects.create(
            process="sendreports", host="a", pid=pid, started=long_ago, beat=long_ago + pid * MINUTE
        )
    Pulse("sendalerts").beat(now)
    sum(retention.heartbeats(now))
    assert ready(client) == (503, ["sendreports is not heard"])
    (dead,) = Heartbeat.objects.filter(process="sendreports")
    assert dead.pid == 2
    Pulse("sendreports").beat(now)
    assert ready(client) == (200, [])
    assert not Heartbeat.objects.filter(pk=dead.pk).exists()


def test_an_operator_may_dismiss_it(client: Client, well: None, admin_client: Client) -> None:
    Pulse("smtpd").beat(timezone.now() - MINUTE)
    dead = Heartbeat.objects.get(process="smtpd")
    assert ready(client)[0] == 503
    admin_client.post(f"/admin/api/heartbeat/{dead.pk}/delete/", {"post": "yes"})
    assert ready(client) == (200, [])


def test_a_clean_stop_is_nothing_to_miss(client: Client, well: None) -> None:
    now = timezone.now()
    Pulse("sendreports").beat(now - timedelta(hours=1))
    Heartbeat.objects.filter(process="sendreports").update(pid=1)
    second = Pulse("sendreports")
    second.beat(now)
    second.stop()
    assert ready(client) == (200, [])


def test_the_last_outage_is_told_for_a_day(client: Client, well: None) -> None:
    assert json.loads(client.get("/-/ready").content)["last_outage"] is None
    assert "X-Last-Outage" not in client.get("/api/v3/status/")
    ended = timezone.now() - timedelta(hours=23)
    outage = Outage.objects.create(
        started=ended - 20 * MINUTE, ended=ended, excused_until=ended, checks=7
    )
    started, until = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (outage.started, ended))
    told = json.loads(client.get("/-/ready").content)
    assert told["last_outage"] == {"started": started, "ended": until, "checks": 7}
    assert told["status"] == "ok"
    status = client.get("/api/v3/status/")
    assert (status.content, status["X-Last-Outage"]) == (b"OK", f"{started}/{until}")
    Heartbeat.objects.filter(process="sendalerts").delete()
    lines = client.get("/api/v3/status/").content.decode().splitlines()
    assert lines[0] == "DEGRADED"
    assert lines[2] == f"pings could not be heard in {started}/{until}"
    Outage.objects.update(ended=ended - timedelta(hours=2))
    assert json.loads(client.get("/-/ready").content)["last_outage"] is None


def test_deadlines_that_wait_are_named(client: Client, well: None) -> None:
    listen(timezone.now() - MINUTE)
    assert ready(client)[0] == 503


def test_a_database_that_is_away_is_said(
    client: Client, well: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> list[str]:
        raise OperationalError("password=secret")

    monkeypatch.setattr(health, "problems", away)
    assert ready(client) == (503, ["the database does not answer (OperationalError)"])
    response = client.get("/api/v3/status/")
    assert (response.status_code, response.content) == (500, b"The database does not answer.")


# --- Metrics ------------------------------------------------------------------------------------


def test_metrics_need_a_key(client: Client, db: None, settings: Settings) -> None:
    assert client.get("/-/metrics").status_code == 404
    assert client.get("/api/v3/metrics/").status_code == 403
    settings.METRICS_KEY = KEY
    assert client.get("/-/metrics").status_code == 403
    assert client.get("/-/metrics", headers={"authorization": "Bearer no"}).status_code == 403
    assert client.get("/api/v3/metrics/", headers={"x-metrics-key": "no"}).status_code == 403


def families(client: Client) -> dict[str, Any]:
    response = client.get("/-/metrics", headers={"authorization": f"Bearer {KEY}"})
    assert response.status_code == 200
    return {f.name: f for f in text_string_to_metric_families(response.content.decode())}


def test_they_show_what_all_processes_have_counted(
    client: Client, well: None, settings: Settings
) -> None:
    settings.METRICS_KEY = KEY
    telemetry.attempted("webhook", "delivered", 0.2)
    telemetry.swept(3, 0.5)
    telemetry.claimed(1)
    Pulse("sendalerts").beat(timezone.now())
    found = families(client)
    wanted = {"process": "sendalerts", "kind": "webhook", "outcome": "delivered"}
    samples = [s for s in found["hc_deliveries"].samples if wanted.items() <= s.labels.items()]
    assert [s.value >= 1 for s in samples] == [True]
    assert {"hc_ping_batch_size", "hc_overdue_lag_seconds", "hc_spool_bytes"} <= set(found)
    ages = found["hc_heartbeat_age_seconds"].samples
    assert {s.labels["process"] for s in ages} == {"web", "sendalerts"}
    assert found["hc_outbox_due_messages"].samples[0].value == 0


def test_the_age_of_the_queue_of_mails_is_shown(
    client: Client, well: None, settings: Settings
) -> None:
    settings.METRICS_KEY = KEY
    assert families(client)["hc_mail_queue_oldest_due_seconds"].samples[0].value == 0
    mails.post(Mail("a@example.org", "Hello", "text", ""), timezone.now() - 2 * MINUTE)
    assert 120 <= families(client)["hc_mail_queue_oldest_due_seconds"].samples[0].value < 150


def test_the_queries_do_not_grow_with_the_processes(
    client: Client, well: None, settings: Settings
) -> None:
    settings.METRICS_KEY = KEY
    families(client)
    with CaptureQueriesContext(connection) as few:
        families(client)
    for number in range(5):
        Heartbeat.objects.create(
            process="web", host="other", pid=number, started=timezone.now(), beat=timezone.now()
        )
    with CaptureQueriesContext(connection) as many:
        families(client)
    assert len(few) == len(many) <= 6


def test_the_four_numbers(client: Client, check: Check, settings: Settings) -> None:
    settings.METRICS_KEY = KEY
    now = timezone.now()
    record([ping_event(check.code, now)], now)
    response = client.get("/api/v1/metrics/", headers={"x-metrics-key": KEY})
    numbers = response.json()
    assert set(numbers) == {"ts", "max_ping_id", "max_notification_id", "num_unprocessed_flips"}
    assert numbers["max_ping_id"] >= 1
    assert (numbers["max_notification_id"], numbers["num_unprocessed_flips"]) == (None, 0)
