"""What statsd and Prometheus are told of flips and their messages (core 7 of the specification)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
import time_machine

from hc.accounts.models import Project
from hc.alerts import outbox, packing, telemetry
from hc.alerts.dispatcher import Space
from hc.alerts.leases import Attempt
from hc.alerts.telemetry import FlipTimes
from hc.api.models import Channel, Check, Notification
from hc.core.state import Kind
from hc.integrations.base import Outcome, delivered, failed, retry
from hc.lib import metrics
from hc.pings.writer import record
from tests.alerts import wire
from tests.factories import make_check, make_email, make_group, make_webhook, ping_event, seconds
from tests.loop import run

Told = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def flips(monkeypatch: pytest.MonkeyPatch) -> FlipTimes:
    """Keys of flips come again from test to test."""
    fresh = FlipTimes()
    monkeypatch.setattr(telemetry, "FLIPS", fresh)
    return fresh


def send(at: datetime, outcome: Outcome, took: float = 1.0) -> int:
    """One round of a dispatcher, at an instant; how many parcels there were."""
    with time_machine.travel(at, tick=False):
        parcels = packing.pack(outbox.claim(Space(100), at), wire(), at)
        for parcel in parcels:
            run(parcel.send())
    end = at + seconds(took)
    claims = [claim for parcel in parcels for claim in parcel.claims]
    outbox.settle([Attempt(claim, outcome, at, end) for claim in claims])
    return len(parcels)


def test_a_flip_counts_once_however_many_are_told_of_it(
    project: Project, check: Check, now: datetime, statsd_lines: Told
) -> None:
    for _ in range(3):
        make_webhook(project)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    assert send(now + seconds(2), delivered(), took=1.5) == 3
    assert sorted(statsd_lines()) == [
        *["hc.notifications.webhook.success:1|c"] * 3,
        "hc.sendalerts.dwellTime:2000|ms",
        "hc.sendalerts.processFlip:1|c",
        "hc.sendalerts.sendTime:1500|ms",
    ]


def test_attempts_that_are_repeated_count_once_in_the_end(
    project: Project, check: Check, now: datetime, statsd_lines: Told
) -> None:
    make_webhook(project)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    send(now, retry("busy"))
    assert set(statsd_lines()) == {
        "hc.sendalerts.dwellTime:0|ms",
        "hc.sendalerts.processFlip:1|c",
    }
    send(now + seconds(30), failed("no"))
    assert sorted(statsd_lines()) == [
        "hc.notifications.webhook.fail:1|c",
        "hc.sendalerts.sendTime:31000|ms",
    ]


def test_a_flip_that_another_process_has_begun_counts_there(
    project: Project, check: Check, now: datetime, statsd_lines: Told
) -> None:
    for _ in range(2):
        make_webhook(project)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    Notification.objects.filter(pk=Notification.objects.order_by("pk")[0].pk).update(
        attempts=1, state="sending", due=now + seconds(15)
    )
    assert send(now, delivered()) == 1
    assert statsd_lines() == ["hc.notifications.webhook.success:1|c"]


def test_groups_count_and_their_members_do_not(
    project: Project, check: Check, now: datetime, statsd_lines: Told
) -> None:
    members = [make_webhook(project) for _ in range(2)]
    make_group(project, *members)
    for member in members:
        member.checks.clear()
    record([ping_event(check.code, now, Kind.FAIL)], now)
    assert send(now, delivered()) == 2
    counted = [line for line in statsd_lines() if "notifications" in line]
    assert counted == ["hc.notifications.group.success:1|c"]


def test_flips_that_others_end_do_not_pile_up(now: datetime, flips: FlipTimes) -> None:
    most = FlipTimes.MOST
    flips.claimed(dict.fromkeys(range(most + 5), now))
    assert flips.under_way(range(10)) == [5, 6, 7, 8, 9]


def deliveries(kind: str, outcome: str) -> float:
    value: float = metrics.DELIVERIES.labels(kind, outcome)._value.get()
    return value


def test_messages_that_end_without_an_attempt_are_counted(project: Project, now: datetime) -> None:
    make_webhook(project)
    mail = make_email(project)
    checks = [make_check(project) for _ in range(3)]
    names = [("webhook", "dropped"), ("email", "failed"), ("webhook", "failed")]
    before = [deliveries(*name) for name in names]
    record([ping_event(one.code, now, Kind.FAIL) for one in checks], now)
    Channel.objects.filter(kind="webhook").update(disabled=True)
    Channel.objects.filter(pk=mail.pk).update(value="{broken")
    send(now, delivered())
    Channel.objects.update(disabled=False)
    later = [make_check(project) for _ in range(2)]
    Channel.objects.get(kind="webhook").checks.add(*later)
    record([ping_event(one.code, now, Kind.FAIL) for one in later], now)
    hours = seconds(8 * 3600)
    outbox.expire({"example.org": now}, now + hours)
    after = [deliveries(*name) for name in names]
    assert [b - a for a, b in zip(before, after, strict=True)] == [3, 3, 2]
