from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from hc.accounts.models import Profile, Project, User
from hc.alerts.message import callback_url
from hc.api.models import Channel, Check, Notification
from hc.lib.mail import sign_bounce_id
from hc.lib.signing import callback_token
from tests.factories import make_email

HOUR = timedelta(hours=1)
each_version = pytest.mark.parametrize("version", [1, 2, 3])


@pytest.fixture
def sent(project: Project, check: Check) -> Notification:
    channel = make_email(project)
    return Notification.objects.create(
        owner=check, channel=channel, check_status="down", state="sent"
    )


def report(client: Client, notification: Notification, version: int = 3, **form: Any) -> Channel:
    given_out = urlsplit(callback_url(notification))
    path = given_out.path.replace("/v3/", f"/v{version}/")
    response = client.post(f"{path}?{given_out.query}", form)
    assert (response.status_code, response.content) == (200, b"")
    notification.refresh_from_db()
    return Channel.objects.get(pk=notification.channel_id)


# --- Callbacks --------------------------------------------------------------------------------


@each_version
def test_an_error_is_stored_with_message_and_channel(sent: Notification, version: int) -> None:
    channel = report(Client(enforce_csrf_checks=True), sent, version, error="x" * 300)
    assert (sent.error, sent.state) == ("x" * 200, "failed")
    assert (channel.last_error, channel.disabled) == ("x" * 200, False)


def test_a_channel_can_be_reported_dead(client: Client, sent: Notification) -> None:
    assert report(client, sent, error="gone", mark_disabled="1").disabled


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"MessageStatus": "failed"}, "Delivery failed (status=failed)."),
        ({"MessageStatus": "undelivered"}, "Delivery failed (status=undelivered)."),
        ({"MessageStatus": "delivered"}, ""),
        ({"CallStatus": "failed"}, "Delivery failed (status=failed)."),
        ({"CallStatus": "failed", "error": "other"}, "Delivery failed (status=failed)."),
        ({"MessageStatus": "undelivered", "error": "x"}, "Delivery failed (status=undelivered)."),
        ({"mark_disabled": "1"}, ""),
        ({}, ""),
    ],
)
def test_what_the_services_say(
    client: Client, sent: Notification, form: dict[str, Any], error: str
) -> None:
    assert report(client, sent, **form).last_error == error
    assert sent.error == error


@pytest.mark.parametrize("query", ["", "?token=", "?token=x", "?token={other}"])
def test_the_code_of_a_message_gives_nobody_power_over_its_channel(
    client: Client, sent: Notification, query: str
) -> None:
    """Whoever gets the message gets its code, as Idempotency-Key or as $NOTIFICATION_ID."""
    other = callback_token(Channel.objects.get(pk=sent.channel_id).code)
    path = f"/api/v3/notifications/{sent.code}/status{query.format(other=other)}"
    response = client.post(path, {"error": "gone", "mark_disabled": "1"})
    assert (response.status_code, response.content) == (200, b"")
    sent.refresh_from_db()
    channel = Channel.objects.get(pk=sent.channel_id)
    assert (sent.state, channel.disabled, channel.last_error) == ("sent", False, "")


def test_addresses_stay_good_when_the_key_is_changed(
    client: Client, sent: Notification, settings: Settings
) -> None:
    token = callback_token(sent.code)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key"
    assert token != callback_token(sent.code)
    client.post(f"/api/v3/notifications/{sent.code}/status?token={token}", {"error": "gone"})
    assert Channel.objects.get(pk=sent.channel_id).last_error == "gone"


def test_old_and_unknown_messages_are_ignored(client: Client, sent: Notification) -> None:
    with time_machine.travel(timezone.now() + HOUR + timedelta(seconds=1)):
        assert report(client, sent, error="late").last_error == ""
    unknown = UUID("00000000-0000-4000-8000-000000000000")
    path = f"/api/v3/notifications/{unknown}/status?token={callback_token(unknown)}"
    assert client.post(path, {"error": "x"}).status_code == 200


def test_only_posts_count(client: Client, sent: Notification) -> None:
    assert client.get(f"/api/v3/notifications/{sent.code}/status").status_code == 405
    assert client.get("/api/v3/bounces/").status_code == 405


# --- Bounces ----------------------------------------------------------------------------------


def dsn(about: str, status: str = "5.1.1", diagnosis: str = "smtp; 550 unknown user") -> bytes:
    """A delivery status notification as mail servers send it."""
    fields = f"Status: {status}\nAction: failed\n"
    if diagnosis:
        fields += f"Diagnostic-Code: {diagnosis}\n"
    return (
        f"To: Bounces <{about}@example.org>\n"
        "MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example.org\n\n{fields}\n--b--\n"
    ).encode()


def bounce(client: Client, raw: bytes, version: int = 3) -> str:
    response = client.post(
        f"/api/v{version}/bounces/", raw, content_type="application/octet-stream"
    )
    assert response.status_code == 200
    return response.content.decode()


@each_version
def test_a_permanent_bounce_switches_the_channel_off(
    client: Client, sent: Notification, version: int
) -> None:
    assert bounce(client, dsn(sign_bounce_id(f"n.{sent.code}")), version) == "OK"
    channel = Channel.objects.get(pk=sent.channel_id)
    assert (channel.disabled, channel.last_error) == (True, "Delivery failed (550 unknown user)")


@pytest.mark.parametrize("status", ["4.2.2", "5.4.4"])
def test_a_bounce_that_passes_is_recorded_only(
    client: Client, sent: Notification, status: str
) -> None:
    raw = dsn(sign_bounce_id(f"n.{sent.code}"), status, "")
    assert bounce(client, raw) == "OK"
    channel = Channel.objects.get(pk=sent.channel_id)
    assert not channel.disabled
    assert channel.last_error == f"Delivery failed (SMTP status code: {status})"


def test_a_bounced_report_ends_reports_and_reminders(client: Client, alice: User) -> None:
    about = sign_bounce_id(f"r.{alice.username}")
    assert bounce(client, dsn(about, "4.2.2")) == "OK"
    assert Profile.objects.get(user=alice).reports == "monthly"
    assert bounce(client, dsn(about)) == "OK"
    assert Profile.objects.get(user=alice).reports == "off"


def test_what_cannot_be_used_is_said(client: Client, sent: Notification) -> None:
    good = sign_bounce_id(f"n.{sent.code}")
    assert bounce(client, b"x") == "OK (bad signature)"
    assert bounce(client, dsn(f"n.{sent.code}.5.0123456789abcdef")) == "OK (bad signature)"
    assert bounce(client, dsn(good, "2.0.0")) == "OK (ignored)"
    assert bounce(client, f"To: {good}@example.org\n\nhello".encode()) == "OK (ignored)"
    assert bounce(client, dsn(sign_bounce_id("n.nonsense"))) == "OK (notification not found)"
    assert bounce(client, dsn(sign_bounce_id("r.nobody"))) == "OK (user not found)"
    with time_machine.travel(timezone.now() + 49 * HOUR):
        assert bounce(client, dsn(good)) == "OK (bad signature)"
    Notification.objects.all().delete()
    assert bounce(client, dsn(good)) == "OK (notification not found)"
