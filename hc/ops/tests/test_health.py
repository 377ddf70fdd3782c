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
from hc.alerts import telemetry
from hc.api.models import Check, Heartbeat, Notification
from hc.api.services.heartbeats import Pulse
from hc.core.state import Kind
from hc.ops import health
from hc.pings.writer import record
from tests.factories import listen, make_webhook, ping_event

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
    assert ready(client) == (200, [])
    Notification.objects.update(due=now - 2 * MINUTE)
    assert ready(client) == (503, ["1 messages are due for more than a minute"])


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
    telemetry.delivered("webhook", "delivered", 0.2)
    telemetry.swept(3, 0.5)
    telemetry.claimed([0.1])
    Pulse("sendalerts").beat(timezone.now())
    found = families(client)
    sample = next(s for s in found["hc_deliveries"].samples if s.labels["process"] == "sendalerts")
    assert (sample.labels["kind"], sample.labels["outcome"]) == ("webhook", "delivered")
    assert sample.value >= 1
    assert {"hc_ping_batch_size", "hc_overdue_lag_seconds", "hc_spool_bytes"} <= set(found)
    ages = found["hc_heartbeat_age_seconds"].samples
    assert {s.labels["process"] for s in ages} == {"web", "sendalerts"}
    assert found["hc_outbox_due_messages"].samples[0].value == 0


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
