from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hc.accounts.models import Project
from hc.alerts import overdue
from hc.alerts.overdue import Swept
from hc.api.models import Check, Flip, Notification
from hc.core.state import Kind
from hc.pings.writer import record
from tests.factories import make_check, make_webhook, ping_event

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def watched(check: Check, now: datetime) -> Check:
    """A check that was pinged at `now`, and goes down 25 hours later."""
    record([ping_event(check.code, now)], now)
    check.refresh_from_db()
    return check


def test_nothing_is_overdue_before_the_deadline(watched: Check, now: datetime) -> None:
    assert overdue.sweep(now + DAY + HOUR - timedelta(seconds=1)).down == 0
    assert overdue.next_look() == now + DAY + HOUR


def test_an_overdue_check_goes_down_with_a_flip_stamped_with_the_deadline(
    watched: Check, project: Project, now: datetime
) -> None:
    make_webhook(project)
    later = now + 3 * DAY
    assert overdue.sweep(later).down == 1
    watched.refresh_from_db()
    assert (watched.status, watched.alert_after, watched.outcomes) == ("down", None, "sm")
    flip = Flip.objects.latest("pk")
    assert (flip.old_status, flip.new_status, flip.reason) == ("up", "down", "timeout")
    assert (flip.created, flip.processed) == (now + DAY + HOUR, None)
    message = Notification.objects.get()
    assert (message.flip, message.check_status, message.due) == (flip, "down", later)


def test_it_goes_down_once(watched: Check, now: datetime) -> None:
    assert overdue.sweep(now + 2 * DAY).down == 1
    assert overdue.sweep(now + 2 * DAY).down == 0
    assert overdue.next_look() is None


def test_a_ping_leaves_the_planned_look_alone_and_the_loop_plans_the_next_one(
    watched: Check, now: datetime
) -> None:
    """So that a ping changes no indexed column."""
    planned = overdue.next_look()
    record([ping_event(watched.code, now + HOUR)], now)
    watched.refresh_from_db()
    assert (overdue.next_look(), watched.alert_after) == (planned, now + DAY + 2 * HOUR)
    assert overdue.sweep(now + DAY + HOUR).down == 0
    assert overdue.next_look() == now + DAY + 2 * HOUR
    assert overdue.sweep(now + DAY + 2 * HOUR).down == 1


def test_an_earlier_deadline_is_looked_at_earlier(watched: Check, now: datetime) -> None:
    record([ping_event(watched.code, now, Kind.START)], now)
    assert overdue.next_look() == now + HOUR


@pytest.mark.parametrize("status", ["new", "up"])
def test_a_run_that_does_not_end_is_overdue(check: Check, now: datetime, status: str) -> None:
    if status == "up":
        record([ping_event(check.code, now - HOUR)], now)
    record([ping_event(check.code, now, Kind.START)], now)
    assert overdue.sweep(now + HOUR).down == 1
    assert Flip.objects.latest("pk").created == now + HOUR


def test_a_flip_without_anybody_to_tell_is_processed_at_once(watched: Check, now: datetime) -> None:
    later = now + 2 * DAY
    overdue.sweep(later)
    assert Flip.objects.latest("pk").processed == later


def test_many_checks_go_down_in_one_transaction_of_few_queries(
    project: Project, now: datetime
) -> None:
    make_webhook(project)
    codes = [make_check(project).code for _ in range(30)]
    record([ping_event(code, now) for code in codes], now)
    with CaptureQueriesContext(connection) as captured:
        assert overdue.sweep(now + 2 * DAY, limit=20) == Swept(20, has_more=True)
    rows = 20 if connection.vendor == "sqlite" else 0  # executemany is told row by row there
    assert len(captured) <= 20 + rows
    assert overdue.sweep(now + 2 * DAY).down == 10
    assert Notification.objects.count() == 30


def test_deadlines_beyond_the_horizon_are_not_judged(watched: Check, now: datetime) -> None:
    deadline = now + DAY + HOUR
    assert overdue.sweep(now + 2 * DAY, horizon=deadline - timedelta(seconds=1)).down == 0
    assert overdue.sweep(now + 2 * DAY, horizon=deadline).down == 1


def test_a_check_that_cannot_be_judged_is_set_aside(
    watched: Check, project: Project, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    other = make_check(project)
    record([ping_event(other.code, now)], now)
    Check.objects.filter(pk=watched.pk).update(status="odd")
    assert overdue.sweep(now + 2 * DAY).down == 1
    assert overdue.next_look() is None
    assert "cannot be judged" in caplog.text
