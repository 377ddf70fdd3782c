"""Emptying the log of a check, and taking that back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from hc.accounts.models import AuditEntry, Project
from hc.alerts import overdue
from hc.api.bodies import read_object
from hc.api.models import Check, DailyRollup, Flip, Notification, Ping, RemovedCheck
from hc.api.services import checks, clearing, trash
from hc.api.services.lifecycle import TooLate
from hc.core.state import Kind
from hc.housekeeping import removals, rollups
from hc.housekeeping.days import count_days
from hc.lib import objects
from hc.pings import bodies
from hc.pings.writer import record
from tests.factories import make_check, make_webhook, ping_event
from tests.queries import count_queries
from tests.storage import Bucket

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LOGS = (Ping, Flip, Notification, DailyRollup)


def fresh(check: Check) -> Check:
    return Check.objects.get(pk=check.pk)


@pytest.fixture
def busy(project: Project, now: datetime) -> Check:
    """A check with something in every log."""
    make_webhook(project)
    check = make_check(project, name="Backup")
    record([ping_event(check.code, now, Kind.START)], now)
    record([ping_event(check.code, now + MINUTE, Kind.FAIL)], now)
    record([ping_event(check.code, now + 2 * MINUTE)], now)
    list(rollups.fold_new_pings(now))
    return check


def logs_of(check: Check) -> list[list[int]]:
    rows = [model._default_manager.filter(owner=check) for model in LOGS]
    return [sorted(found.values_list("pk", flat=True)) for found in rows]


def state_of(check: Check) -> dict[str, Any]:
    found = fresh(check)
    names = [f.name for f in Check._meta.concrete_fields if f.name != "edits"]
    return {name: getattr(found, name) for name in names}


# --- Clearing ---------------------------------------------------------------------------------


def test_clearing_forgets_everything_but_the_number(
    check: Check, project: Project, now: datetime
) -> None:
    make_webhook(project)
    other = make_check(project)
    for code in (check.code, other.code):
        record([ping_event(code, now, Kind.START)], now)
        record([ping_event(code, now + MINUTE, Kind.FAIL)], now)
    list(rollups.fold_new_pings(now))
    clearing.clear(check.code, now + HOUR)
    for model in (Ping, Flip, Notification, DailyRollup):
        assert not model._default_manager.filter(owner=check).exists()
        assert model._default_manager.filter(owner=other).exists()
    found = fresh(check)
    assert (found.status, found.n_pings, found.outcomes) == ("new", 2, "")
    blank = (found.last_ping, found.last_start, found.last_duration, found.alert_after, found.due)
    assert blank == (None,) * 5
    record([ping_event(check.code, now + 2 * HOUR)], now)
    list(rollups.fold_new_pings(now))
    assert DailyRollup.objects.get(owner=check).successes == 1
    assert list(Ping.objects.filter(owner=check).values_list("n", flat=True)) == [3]


def test_a_paused_check_stays_paused(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now)], now)
    checks.pause(check.code, now + MINUTE)
    clearing.clear(check.code, now + HOUR)
    assert (fresh(check).status, fresh(check).status_since) == ("paused", now + MINUTE)
    assert AuditEntry.objects.latest("pk").action == "check.cleared"


def test_messages_that_wait_are_not_sent(busy: Check, now: datetime) -> None:
    assert Notification.objects.filter(state="queued").exists()
    clearing.clear(busy.code, now + HOUR)
    assert {n.state for n in Notification.objects.all()} == {"dropped"}


def test_no_list_shows_what_holds_the_log(busy: Check, project: Project, now: datetime) -> None:
    clearing.clear(busy.code, now + HOUR)
    assert list(Check.objects.filter(project=project)) == [busy]
    assert list(trash.removed_in(project, now + HOUR)) == []
    holder = RemovedCheck.objects.get().owner
    assert trash.restore(project, [holder.pk], now + HOUR).checks == []
    assert overdue.sweep(now + 9 * DAY).down == 0


# --- Taking it back ---------------------------------------------------------------------------


def test_everything_is_there_again(busy: Check, project: Project, now: datetime) -> None:
    before = (logs_of(busy), state_of(busy))
    assert all(before[0])
    clearing.clear(busy.code, now + HOUR)
    assert not any(logs_of(busy))
    clearing.undo_clear(busy.code, now + 2 * HOUR)
    assert (logs_of(busy), state_of(busy)) == before
    assert list(Check.every.filter(project=project)) == [busy]
    log = AuditEntry.objects.filter(project=project).order_by("-pk")
    assert [entry.action for entry in log[:2]] == ["check.uncleared", "check.cleared"]


def test_days_that_were_counted_meanwhile_are_no_trouble(busy: Check, now: datetime) -> None:
    before = logs_of(busy)
    clearing.clear(busy.code, now + HOUR)
    for _ in count_days((now - DAY).date(), now + HOUR):
        pass
    clearing.undo_clear(busy.code, now + HOUR)
    assert logs_of(busy) == before


MEANWHILE: dict[str, Callable[[Check, datetime], object]] = {
    "a ping": lambda check, now: record([ping_event(check.code, now)], now),
    "a pause": lambda check, now: checks.pause(check.code, now),
    "an edit": lambda check, now: checks.change(check.code, {"timeout": 5 * HOUR}, now),
    "another clearing": lambda check, now: clearing.clear(check.code, now),
    "it is back": lambda check, now: clearing.undo_clear(check.code, now),
}


@pytest.mark.parametrize("what", [name for name in MEANWHILE if name != "another clearing"])
def test_what_happened_meanwhile_is_not_undone(busy: Check, now: datetime, what: str) -> None:
    clearing.clear(busy.code, now + HOUR)
    MEANWHILE[what](busy, now + 2 * HOUR)
    before = logs_of(busy)
    with pytest.raises(TooLate):
        clearing.undo_clear(busy.code, now + 3 * HOUR)
    assert logs_of(busy) == before


def test_of_two_clearings_the_last_one_is_taken_back(busy: Check, now: datetime) -> None:
    clearing.clear(busy.code, now + HOUR)
    record([ping_event(busy.code, now + 2 * HOUR)], now)
    before = logs_of(busy)
    clearing.clear(busy.code, now + 3 * HOUR)
    clearing.undo_clear(busy.code, now + 4 * HOUR)
    assert logs_of(busy) == before
    with pytest.raises(TooLate):
        clearing.undo_clear(busy.code, now + 4 * HOUR)


def test_there_is_a_day_for_it(busy: Check, now: datetime) -> None:
    clearing.clear(busy.code, now)
    with pytest.raises(TooLate):
        clearing.undo_clear(busy.code, now + DAY)
    clearing.undo_clear(busy.code, now + DAY - MINUTE)


def test_a_log_of_any_length_takes_as_many_queries(check: Check, now: datetime) -> None:
    def queries(pings: int) -> tuple[int, int]:
        record([ping_event(check.code, now) for _ in range(pings)], now)
        there = count_queries(lambda: clearing.clear(check.code, now))
        return there, count_queries(lambda: clearing.undo_clear(check.code, now))

    queries(1)
    assert queries(2) == queries(50)


# --- For good ---------------------------------------------------------------------------------


def test_after_a_day_it_is_deleted(busy: Check, project: Project, now: datetime) -> None:
    clearing.clear(busy.code, now)
    record([ping_event(busy.code, now + HOUR)], now)
    list(removals.delete_removed_checks(now + DAY))
    assert list(Check.every.filter(project=project)) == [busy]
    assert list(Ping.objects.values_list("n", flat=True)) == [4]


def test_its_bodies_come_back_or_go_with_it(check: Check, bucket: Bucket, now: datetime) -> None:
    def ping(number: int) -> None:
        record([ping_event(check.code, now, body=b"%d" % number * 500)], now)

    store = objects.configured()
    assert store
    ping(1)
    list(bodies.move(store, 0, bodies.newest_ping()))
    ping(2)
    clearing.clear(check.code, now)
    list(bodies.move(store, 0, bodies.newest_ping()))  # leaves alone what may come back
    clearing.undo_clear(check.code, now)
    assert read_object(check.code, 1, 500, 1.0) == b"1" * 500
    assert bytes(Ping.objects.get(n=2).body_raw or b"") == b"2" * 500
    clearing.clear(check.code, now)
    ping(3)
    list(bodies.move(store, 0, bodies.newest_ping()))
    list(removals.delete_removed_checks(now + DAY))
    assert len(list(store.keys(""))) == 1
    assert read_object(check.code, 3, 500, 1.0) == b"3" * 500


def test_a_check_that_is_deleted_for_good_leaves_no_holder_behind(
    busy: Check, project: Project, now: datetime
) -> None:
    clearing.clear(busy.code, now)
    checks.remove(busy.code, now)
    list(removals.delete_removed_checks(now + DAY))
    assert not Check.every.filter(project=project).exists()
    assert not RemovedCheck.objects.exists()
