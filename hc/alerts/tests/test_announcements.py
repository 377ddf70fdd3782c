"""That an account will be deleted is told through all channels of its projects."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from django.test import Client

from hc.accounts.models import Profile, Project, User
from hc.alerts import announcements, outbox, packing
from hc.alerts.dispatcher import Parcel, Space
from hc.alerts.testing import send_test
from hc.api.models import Channel, Notification
from hc.api.services import channels
from hc.integrations.webhook.config import WebhookConfig
from tests.alerts import FakeHttp, wire
from tests.factories import make_webhook
from tests.loop import run

DAY = timedelta(days=1)
BODY = json.dumps({"name": "$NAME", "status": "$STATUS"})


@pytest.fixture
def doomed(alice: User, project: Project, now: datetime) -> Channel:
    """A webhook of an account that will be deleted on 25 June."""
    Profile.objects.filter(user=alice).update(deletion_scheduled_date=now + 10 * DAY)
    url = "https://example.org/hook"
    return channels.create(
        project,
        "webhook",
        WebhookConfig(method_down="POST", url_down=url, body_down=BODY),
    )


def packed(now: datetime) -> tuple[list[Parcel[Notification]], FakeHttp]:
    http = FakeHttp()
    return packing.pack(outbox.claim(Space(10), now), wire(http=http), now), http


def told(now: datetime) -> str:
    """What the only message says."""
    (parcel,), http = packed(now)
    run(parcel.send())
    (_, _, _, body) = http.requests[0]
    return (body or b"").decode()


def test_a_pretend_check_says_what_will_happen(doomed: Channel, alice: User, now: datetime) -> None:
    assert announcements.queue(alice, now) == [doomed]
    said = told(now)
    assert "The account alice@example.org will be deleted on 25 June 2026" in said
    assert "down" in said


def test_a_deletion_that_was_called_off_meanwhile_is_not_told(
    doomed: Channel, alice: User, now: datetime
) -> None:
    announcements.queue(alice, now)
    Profile.objects.update(deletion_scheduled_date=None)
    assert "The account alice@example.org will not be deleted" in told(now)


def test_a_channel_that_is_switched_off_meanwhile_is_left_alone(
    doomed: Channel, alice: User, now: datetime
) -> None:
    announcements.queue(alice, now)
    channels.disable(doomed.code)
    assert packed(now)[0] == []
    assert Notification.objects.get().state == "dropped"


def test_it_is_no_test_message(
    doomed: Channel, alice: User, as_alice: Client, now: datetime
) -> None:
    announcements.queue(alice, now)
    send_test(doomed, now)
    assert Notification.objects.count() == 2
    send_test(doomed, now)
    assert Notification.objects.count() == 2
    html = as_alice.get(f"/integrations/{doomed.code}/deliveries/").content.decode()
    assert "Account notice" in html


def test_settings_that_cannot_be_read_hold_up_nobody(
    doomed: Channel, alice: User, now: datetime
) -> None:
    broken = make_webhook(Project.objects.get(pk=doomed.project_id))
    Channel.objects.filter(pk=broken.pk).update(value="{broken")
    assert announcements.queue(alice, now) == [doomed]
