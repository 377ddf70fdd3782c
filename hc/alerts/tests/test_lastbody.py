from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from pytest_django import Settings

from hc.accounts.models import Project
from hc.alerts import lastbody
from hc.alerts.tests.test_message import built
from hc.api.models import Check, Notification
from hc.core.object_keys import object_key
from hc.core.state import Kind
from hc.integrations.base import Alert, LastPing, Outcome, Wire, delivered
from hc.lib import objects
from hc.pings import bodies
from hc.pings.writer import record
from tests.alerts import CODE, DOWN, PING, wire, with_body
from tests.factories import make_email, ping_event
from tests.storage import Bucket, awkward_server, silence


def sent(alert: Alert) -> LastPing | None:
    """The last ping as the transport gets to see it."""
    seen: list[Alert] = []

    async def transport(alert: Alert, config: Any, wire: Wire) -> Outcome:
        seen.append(alert)
        return delivered()

    send = lastbody.with_body(transport)
    assert asyncio.run(send(alert, None, wire())) == delivered()
    return seen[0].last_ping


UNREAD = replace(DOWN, last_ping=replace(PING, unread=4))


def test_a_body_in_the_storage_is_read_for_the_message(bucket: Bucket) -> None:
    store = objects.configured()
    assert store is not None
    store.put(object_key(CODE, PING.n), b"text")
    assert sent(UNREAD) == replace(PING, body=b"text")


@pytest.mark.parametrize("alert", [with_body(DOWN, b"text"), replace(DOWN, last_ping=None), DOWN])
def test_other_messages_are_sent_as_they_are(alert: Alert) -> None:
    assert sent(alert) is alert.last_ping


def test_a_body_that_is_gone(bucket: Bucket) -> None:
    assert sent(UNREAD) == UNREAD.last_ping


def test_a_storage_that_hangs_delays_a_message_by_moments_only(
    bucket: Bucket, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lastbody, "LONGEST_WAIT", 0.2)
    with awkward_server(silence) as endpoint:
        settings.S3_ENDPOINT = endpoint
        began = time.monotonic()
        for _ in range(4):
            assert sent(UNREAD) == UNREAD.last_ping
        assert time.monotonic() - began < 2


def test_a_storage_that_was_switched_off(settings: Settings) -> None:
    settings.S3_BUCKET = ""
    assert sent(UNREAD) == UNREAD.last_ping


def test_the_message_knows_that_the_body_has_moved(
    check: Check, project: Project, bucket: Bucket, now: datetime
) -> None:
    make_email(project)
    record([ping_event(check.code, now, Kind.FAIL, body=b"x" * 200)], now)
    store = objects.configured()
    assert store is not None
    assert sum(bodies.move(store, 0, bodies.newest_ping())) == 1
    row = Notification.objects.select_related("owner", "flip", "channel").get()
    alert = built(row, now)
    assert alert.last_ping is not None
    assert (alert.last_ping.body, alert.last_ping.unread) == (None, 200)
    ping = sent(alert)
    assert ping is not None
    assert (ping.body, ping.unread) == (b"x" * 200, 0)
