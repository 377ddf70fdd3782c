"""From a claim to a parcel: what cannot or need not be sent is settled on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine
from pytest_django import Settings

from hc.accounts.models import Project
from hc.alerts.database import DatabaseThread
from hc.alerts.dispatcher import Parcel, Space
from hc.alerts.leases import Attempt
from hc.alerts.store import MailStore, OutboxStore
from hc.api.models import Channel, Check, Notification, QueuedMail
from hc.api.services import mails
from hc.core.state import Kind
from hc.integrations.base import delivered
from hc.lib.mail import Mail
from hc.pings.writer import record
from tests.alerts import FakeMailer, wire
from tests.factories import close_connection, make_webhook, ping_event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(now: datetime) -> Iterator[OutboxStore]:
    database = DatabaseThread()
    with time_machine.travel(now, tick=False):
        yield OutboxStore(database, wire())
    asyncio.run(database(close_connection))
    database.close()


@pytest.fixture
def queued(check: Check, project: Project, now: datetime) -> Channel:
    """A channel with one message that is due."""
    channel = make_webhook(project)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    return channel


def fetch(store: OutboxStore) -> list[Parcel[Notification]]:
    return list(asyncio.run(store.fetch(Space(10))))


def test_a_message_becomes_a_parcel(queued: Channel, store: OutboxStore) -> None:
    (parcel,) = fetch(store)
    assert (parcel.destination, parcel.kind) == ("example.org", "webhook")
    assert asyncio.run(parcel.send()) == delivered()
    assert fetch(store) == []


def test_outcomes_and_leases_are_stored(
    store: OutboxStore, queued: Channel, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    (parcel,) = fetch(store)
    asyncio.run(store.renew(parcel.claims))
    attempt = Attempt(parcel.claims[0], delivered(), now, now)
    asyncio.run(store.settle([attempt]))
    assert Notification.objects.get().state == "sent"
    asyncio.run(store.settle([attempt]))
    assert "leases lost" in caplog.text


def test_mails_of_the_queue_are_sent_and_forgotten(now: datetime) -> None:
    mailer, database = FakeMailer(), DatabaseThread()
    with time_machine.travel(now, tick=False):
        mails.post(Mail("a@example.org", "Hello", "secret", "<p>secret</p>"), now)
        store = MailStore(database, wire(mail=mailer))

        async def scenario() -> None:
            (parcel,) = await store.fetch(Space(10))
            await store.renew(parcel.claims)
            outcome = await parcel.send()
            await store.settle([Attempt(parcel.claims[0], outcome, now, now)])
            assert await store.next_due(Space(10)) is None
            await database(close_connection)

        asyncio.run(scenario())
    row = QueuedMail.objects.get()
    assert (row.state, row.text, row.html) == ("sent", "", "")
    assert [(mail.to, mail.message_id) for mail in mailer.mails] == [
        ("a@example.org", str(row.code))
    ]


def test_a_channel_that_was_switched_off_meanwhile_is_not_used(
    store: OutboxStore, queued: Channel
) -> None:
    Channel.objects.update(disabled=True)
    assert fetch(store) == []
    message = Notification.objects.get()
    assert (message.state, message.error) == ("dropped", "The integration was switched off")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"value": "{broken"}, "The settings of this integration cannot be read; set it up again"),
        ({"kind": "hipchat"}, "hipchat notifications are not enabled."),
    ],
)
def test_what_cannot_be_sent_is_an_error_of_that_channel(
    store: OutboxStore, queued: Channel, change: dict[str, str], error: str
) -> None:
    Channel.objects.update(**change)
    assert fetch(store) == []
    queued.refresh_from_db()
    assert (Notification.objects.get().state, queued.last_error) == ("failed", error)


def test_a_kind_that_is_switched_off_says_so(
    store: OutboxStore, queued: Channel, settings: Settings
) -> None:
    settings.INTEGRATIONS = {"WEBHOOKS_ENABLED": False}
    assert fetch(store) == []
    assert Notification.objects.get().error == "Webhook notifications are not enabled."


def test_a_message_that_cannot_be_built_does_not_stop_the_others(
    store: OutboxStore, queued: Channel, check: Check, caplog: pytest.LogCaptureFixture
) -> None:
    Notification.objects.update(flip=None)
    assert fetch(store) == []
    message = Notification.objects.get()
    assert (message.state, message.error[:14]) == ("queued", "Internal error")  # for a later try
    assert "message cannot be built" in caplog.text


def test_a_channel_that_was_taken_off_the_check_is_told_nothing_more(
    store: OutboxStore, queued: Channel, check: Check
) -> None:
    check.channel_set.remove(queued)
    assert fetch(store) == []
    assert Notification.objects.get().state == "dropped"
