from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hc.accounts.models import Project
from hc.api.models import Check, Flip, Notification, Ping
from hc.api.services import checks
from hc.core.state import Kind
from hc.pings.event import PingEvent, Receipt
from hc.pings.writer import record
from tests.factories import make_check, make_webhook, ping_event, seconds


def test_a_success_brings_a_new_check_up_without_a_message(
    check: Check, project: Project, now: datetime
) -> None:
    make_webhook(project)
    assert record([ping_event(check.code, now)], now) == [Receipt.RECORDED]
    check.refresh_from_db()
    assert (check.status, check.n_pings, check.last_ping) == ("up", 1, now)
    assert check.alert_after == now + check.timeout + check.grace
    flip = Flip.objects.get()
    assert (flip.old_status, flip.new_status, flip.processed) == ("new", "up", now)
    assert not Notification.objects.exists()


def test_a_failure_queues_a_message_per_channel_in_the_same_transaction(
    check: Check, project: Project, now: datetime
) -> None:
    channels = [make_webhook(project), make_webhook(project)]
    record([ping_event(check.code, now, Kind.FAIL)], now)
    flip = Flip.objects.get()
    assert (flip.new_status, flip.reason, flip.processed, flip.created) == (
        "down",
        "fail",
        None,
        now,
    )
    queued = Notification.objects.order_by("channel_id")
    assert [n.channel for n in queued] == channels
    assert {(n.flip_id, n.owner_id, n.state, n.due) for n in queued} == {
        (flip.pk, check.pk, "queued", now)
    }


def test_repeated_failures_are_told_once(check: Check, project: Project, now: datetime) -> None:
    make_webhook(project)
    for number in range(3):
        record([ping_event(check.code, now + seconds(number), Kind.FAIL)], now)
    assert Notification.objects.count() == 1


def test_a_batch_keeps_the_order_of_each_check(
    check: Check, project: Project, now: datetime
) -> None:
    other = make_check(project, name="Other")
    batch = [
        ping_event(check.code, now, Kind.START),
        ping_event(other.code, now),
        ping_event(check.code, now + seconds(5)),
        ping_event(uuid4(), now),
        ping_event(check.code, now + seconds(9), Kind.FAIL),
    ]
    receipts = record(batch, now)
    assert receipts == [Receipt.RECORDED] * 3 + [Receipt.NOT_FOUND, Receipt.RECORDED]
    log = Ping.objects.filter(owner=check).order_by("n").values_list("n", "kind")
    assert list(log) == [(1, "start"), (2, None), (3, "fail")]
    flips = Flip.objects.filter(owner=check).order_by("pk").values_list("new_status", flat=True)
    assert list(flips) == ["up", "down"]
    check.refresh_from_db()
    assert (check.status, check.outcomes, check.n_pings) == ("down", "sf", 3)


def test_the_row_holds_all_that_was_received(check: Check, now: datetime) -> None:
    rid = uuid4()
    event = PingEvent(
        target=check.code,
        received=now,
        action=Kind.FAIL,
        exitstatus=7,
        rid=rid,
        scheme="https",
        method="PUT",
        remote_addr="2001:db8::1",
        ua="curl/8",
        body=b"\x00\xff",
    )
    record([event], now)
    ping = Ping.objects.get()
    assert (ping.exitstatus, ping.rid, ping.scheme, ping.method) == (7, rid, "https", "PUT")
    assert (ping.remote_addr, ping.ua, bytes(ping.body_raw or b"")) == (
        "2001:db8::1",
        "curl/8",
        b"\x00\xff",
    )


def test_a_ping_that_comes_after_the_deadline_leaves_the_outage_on_record(
    check: Check, project: Project, now: datetime
) -> None:
    make_webhook(project)
    record([ping_event(check.code, now)], now)
    late = now + check.timeout + check.grace + timedelta(minutes=5)
    record([ping_event(check.code, late)], late)
    flips = list(Flip.objects.order_by("pk").values_list("new_status", "created"))
    assert flips[1:] == [("down", now + check.timeout + check.grace), ("up", late)]
    assert list(Notification.objects.order_by("pk").values_list("check_status", flat=True)) == [
        "down",
        "up",
    ]


def test_a_schedule_that_cannot_be_read_does_not_cost_the_ping(
    check: Check, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    Check.objects.update(kind="cron", schedule="nonsense")
    assert record([ping_event(check.code, now)], now) == [Receipt.RECORDED]
    check.refresh_from_db()
    assert (check.status, check.n_pings, check.due, check.alert_after) == ("up", 1, None, None)
    assert check.schedule == "nonsense"
    assert "schedule cannot be read" in caplog.text


def test_a_ping_to_a_sticky_pause_is_stored_as_ignored(check: Check, now: datetime) -> None:
    Check.objects.update(manual_resume=True)
    checks.pause(check.code, now)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    check.refresh_from_db()
    assert (check.status, check.n_pings) == ("paused", 1)
    assert Ping.objects.get().kind == "ign"


def test_other_columns_are_left_alone(check: Check, now: datetime) -> None:
    """A person may rename the check while its ping is being written."""
    Check.objects.filter(pk=check.pk).update(name="Renamed", desc="new")
    record([ping_event(check.code, now)], now)
    check.refresh_from_db()
    assert (check.name, check.desc) == ("Renamed", "new")


def test_queries_grow_with_checks_not_with_pings(check: Check, now: datetime) -> None:
    def queries(count: int) -> int:
        events = [ping_event(check.code, now + seconds(i)) for i in range(count)]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            record(events, now)
        return len(captured)

    queries(1)
    assert queries(1) == queries(50)


def test_an_empty_batch_is_no_work(db: None, now: datetime) -> None:
    assert record([], now) == []


def test_clocks_that_differ_do_not_put_pings_before_what_is_on_record(
    check: Check, now: datetime
) -> None:
    record([ping_event(check.code, now)], now)
    record([ping_event(check.code, now - seconds(30), Kind.FAIL)], now)
    check.refresh_from_db()
    assert (check.status, check.last_ping) == ("down", now)
    assert list(Ping.objects.order_by("n").values_list("created", flat=True)) == [now, now]


def test_flips_have_messages_on_databases_that_insert_them_one_by_one(
    check: Check, project: Project, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As MySQL does, which does not tell the keys of several rows."""
    make_webhook(project)
    monkeypatch.setattr(type(connection.features), "can_return_rows_from_bulk_insert", False)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    assert Notification.objects.get().flip == Flip.objects.get()
