from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hc.accounts.models import Project, Role, User
from hc.alerts.testing import send_test
from hc.api.models import Channel, Check, Notification
from hc.core.state import Kind
from hc.integrations.webhook.config import WebhookConfig
from hc.pings.writer import record
from tests.factories import make_group, make_member, make_webhook, ping_event


@pytest.fixture
def channel(project: Project, check: Check) -> Channel:
    return make_webhook(project)


def page(client: Client, channel: Channel) -> str:
    response = client.get(f"/integrations/{channel.code}/deliveries/")
    assert response.status_code == 200
    return response.content.decode()


def test_it_shows_what_was_sent_and_what_became_of_it(
    as_alice: Client, channel: Channel, check: Check
) -> None:
    now = timezone.now()
    record([ping_event(check.code, now, Kind.FAIL)], now)
    assert "Waiting to be sent" in page(as_alice, channel)
    Notification.objects.update(state="queued", attempts=2, error="Connection timed out")
    shown = page(as_alice, channel)
    assert "Connection timed out; try 3 at" in shown
    assert "Backup" in shown
    assert "2 attempts" in shown
    Notification.objects.update(state="sent", settled=now, error="")
    assert "Delivered in" in page(as_alice, channel)


def test_a_test_is_queued_and_shown(as_alice: Client, channel: Channel) -> None:
    form = {"from": "messages"}
    response = as_alice.post(f"/integrations/{channel.code}/test/", form)
    assert response["Location"] == f"/integrations/{channel.code}/deliveries/"
    assert Notification.objects.get().owner is None
    assert "<span>Test</span>" in page(as_alice, channel)


def test_what_cannot_be_tested_is_said(as_alice: Client, channel: Channel) -> None:
    Channel.objects.update(value=WebhookConfig().dump())
    response = as_alice.post(f"/integrations/{channel.code}/test/", follow=True)
    assert b"told of nothing" in response.content


def test_it_can_be_switched_off_and_on(as_alice: Client, channel: Channel) -> None:
    as_alice.post(f"/integrations/{channel.code}/disable/")
    channel.refresh_from_db()
    assert channel.disabled
    assert "Switched off" in page(as_alice, channel)
    as_alice.post(f"/integrations/{channel.code}/enable/")
    channel.refresh_from_db()
    assert not channel.disabled


@pytest.mark.parametrize("action", ["test", "enable", "disable"])
def test_who_may_only_look_cannot_act(
    client: Client, channel: Channel, bob: User, action: str
) -> None:
    client.force_login(bob)
    assert client.get(f"/integrations/{channel.code}/deliveries/").status_code == 404
    make_member(channel.project, bob, Role.READONLY)
    assert "Send a test" not in page(client, channel)
    assert client.post(f"/integrations/{channel.code}/{action}/").status_code == 403
    assert client.get(f"/integrations/{channel.code}/{action}/").status_code == 405


def test_the_live_part_is_sent_when_it_has_changed(as_alice: Client, channel: Channel) -> None:
    path = f"/integrations/{channel.code}/deliveries/status/"
    tag = as_alice.get(path)["ETag"]
    assert as_alice.get(path, headers={"If-None-Match": tag}).status_code == 304
    as_alice.post(f"/integrations/{channel.code}/test/")
    assert as_alice.get(path, headers={"If-None-Match": tag}).status_code == 200
    assert Client().get(path).status_code == 403


def test_the_number_of_queries_does_not_grow(
    as_alice: Client, channel: Channel, check: Check
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(as_alice, channel)
        return len(captured)

    now = timezone.now()
    record([ping_event(check.code, now, Kind.FAIL)], now)
    few = queries()
    for _ in range(5):
        record([ping_event(check.code, now), ping_event(check.code, now, Kind.FAIL)], now)
    assert queries() == few


def test_a_message_through_a_group_says_so(as_alice: Client, channel: Channel) -> None:
    send_test(make_group(channel.project, channel), timezone.now())
    assert "through Ops" in page(as_alice, channel)


def test_the_last_messages_only(as_alice: Client, channel: Channel, check: Check) -> None:
    for _ in range(21):
        Notification.objects.create(channel=channel, owner=check, check_status="up", state="sent")
    assert page(as_alice, channel).count('class="delivery"') == 20
