"""From a claim to a parcel: what cannot or need not be sent is settled on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from hc.accounts.models import Project
from hc.alerts import overdue, testing
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
from tests.factories import close_connection, make_check, make_group, make_webhook, ping_event

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


# --- Settings that raise ------------------------------------------------------------------------


POISON = '{"url_down": "http://[::1", "url_up": "http://[::1"}'


def poisoned(project: Project) -> Channel:
    channel = make_webhook(project)
    Channel.objects.filter(pk=channel.pk).update(value=POISON)
    return channel


def test_settings_that_raise_stop_neither_pings_nor_sweeps_nor_others(
    project: Project, check: Check, store: OutboxStore, now: datetime
) -> None:
    bad, good = poisoned(project), make_webhook(project)
    late = make_check(project)
    record([ping_event(late.code, now - timedelta(days=9))], now)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    assert overdue.sweep(now).down == 1
    assert sorted(parcel.claims[0].row.channel_id for parcel in fetch(store)) == [good.pk] * 2
    for channel, state in ((bad, "failed"), (good, "sending")):
        assert {n.state for n in Notification.objects.filter(channel=channel)} == {state}
    bad.refresh_from_db()
    assert bad.last_error == "The settings of this integration cannot be read; set it up again"


def test_they_hold_up_no_other_members_of_a_group(
    project: Project, check: Check, store: OutboxStore, now: datetime
) -> None:
    bad, good = poisoned(project), make_webhook(project)
    make_group(project, bad, good)
    for member in (bad, good):
        member.checks.clear()
    record([ping_event(check.code, now, Kind.FAIL)], now)
    assert [parcel.claims[0].row.channel for parcel in fetch(store)] == [good]


def test_they_can_be_tested_and_looked_at(
    project: Project, store: OutboxStore, as_alice: Client, now: datetime
) -> None:
    bad = poisoned(project)
    testing.send_test(bad, now)
    assert fetch(store) == []
    page = as_alice.get(f"/projects/{project.code}/integrations/")
    assert page.status_code == 200
    assert as_alice.get(f"/integrations/{bad.code}/edit/").status_code == 200
    bad.refresh_from_db()
    assert "cannot be read" in bad.last_error


def test_an_up_to_another_host_has_a_destination_of_its_own(
    project: Project, check: Check, store: OutboxStore, now: datetime
) -> None:
    make_webhook(project, "https://a.example.org/", url_up="https://b.example.org/")
    record([ping_event(check.code, now, Kind.FAIL)], now)
    (down,) = fetch(store)
    asyncio.run(store.settle([Attempt(down.claims[0], delivered(), now, now)]))
    record([ping_event(check.code, now)], now)
    (up,) = fetch(store)
    assert (down.destination, up.destination) == ("a.example.org", "b.example.org")
    stored = Notification.objects.order_by("pk").values_list("destination", flat=True)
    assert list(stored) == ["a.example.org", "b.example.org"]
