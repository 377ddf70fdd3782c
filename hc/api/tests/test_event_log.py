from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hc.accounts.models import Profile, Project
from hc.alerts import overdue
from hc.api import event_log
from hc.api.event_log import Cursor, Event, Wanted, page
from hc.api.models import Check, Flip, Notification, Ping
from hc.api.services import checks
from hc.core.state import Kind
from hc.pings.event import PingEvent
from hc.pings.writer import record
from tests.factories import make_webhook, ping_event
from tests.queries import count_queries

MINUTE = timedelta(minutes=1)
ALL = Wanted()


def kinds(events: tuple[Event, ...]) -> list[str]:
    return [
        event.flip.new_status
        if event.flip
        else "sent"
        if event.sent
        else str(event.ping and event.ping.n)
        for event in events
    ]


@pytest.fixture
def log(check: Check, project: Project, now: datetime) -> Check:
    """Ten pings a minute apart, every third one a failure, and a message about each change."""
    make_webhook(project)
    for number in range(10):
        at = now + number * MINUTE
        kind = Kind.FAIL if number % 3 == 2 else Kind.SUCCESS
        record([ping_event(check.code, at, kind, body=f"Rows: {number}".encode())], at)
    check.refresh_from_db()
    return check


def test_all_that_happened_the_newest_first(log: Check) -> None:
    found = page(log, ALL, Cursor(), 100)
    assert found.older is None
    assert kinds(found.events)[:8] == ["sent", "up", "10", "sent", "down", "9", "8", "sent"]
    assert len(found.events) == 10 + Flip.objects.count() + Notification.objects.count()


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_follow_one_another_without_gaps(log: Check, limit: int) -> None:
    everything = kinds(page(log, ALL, Cursor(), 100).events)
    walked, cursor = [], Cursor()
    while True:
        found = page(log, ALL, cursor, limit)
        walked += kinds(found.events)
        if found.older is None:
            break
        again = Cursor.parse(str(found.older))
        assert again == found.older
        cursor = found.older
    assert walked == everything


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1.2",
        "..x",
        "-1..",
        "1..1",
        "1.5-.1-1",
        "99999999999..",
        "1.9999999999999999999-1.",
    ],
)
def test_cursors_that_nobody_gave_out(text: str) -> None:
    assert Cursor.parse(text) is None


def test_kinds_can_be_chosen(log: Check) -> None:
    assert kinds(page(log, Wanted(frozenset({"fail"})), Cursor(), 100).events) == ["9", "6", "3"]
    chosen = page(log, Wanted(frozenset({"flip"})), Cursor(), 100).events
    assert set(kinds(chosen)) == {"up", "down"}
    numbers = event_log.counts(log)
    assert (numbers["success"], numbers["fail"], numbers["start"]) == (7, 3, 0)
    assert numbers["flip"] == len(chosen)


def test_only_pings_within_the_log_limit_are_visible(log: Check) -> None:
    Profile.objects.update(ping_log_limit=3)
    shown = page(log, Wanted(frozenset({"success", "fail"})), Cursor(), 100).events
    assert kinds(shown) == ["10", "9", "8"]
    assert event_log.counts(log)["success"] == 2


def test_how_bodies_begin_and_how_long_runs_took(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now, Kind.START)], now)
    end = PingEvent(check.code, now + MINUTE, Kind.SUCCESS, body=b"\xff" + b"x" * 500)
    record([end], now + MINUTE)
    check.refresh_from_db()
    event = page(check, Wanted(frozenset({"success"})), Cursor(), 10).events[0]
    assert event.duration == MINUTE  # though the start is not listed
    assert event.excerpt == "\ufffd" + "x" * 149
    assert event.ping
    assert event.ping.size == 501


def test_bodies_are_searched(log: Check, now: datetime) -> None:
    found = page(log, Wanted(text="rows: 4"), Cursor(), 10)
    assert kinds(found.events) == ["5"]
    assert found.events[0].excerpt == "Rows: 4"
    assert kinds(page(log, Wanted(text="CURL"), Cursor(), 10).events)[0] == "10"
    Ping.objects.filter(n=5).update(body_raw=None, object_size=7)
    missed = page(log, Wanted(text="rows: 4"), Cursor(), 10)
    assert (missed.events, missed.unsearched) == ((), 1)


def test_a_search_says_how_far_it_looked(
    log: Check, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "SEARCHED", 4)
    first = page(log, Wanted(text="Rows: 0"), Cursor(), 10)
    assert first.events == ()
    assert first.looked_until == now + 6 * MINUTE
    steps, cursor = 1, first.older
    while cursor and steps < 5:
        first = page(log, Wanted(text="Rows: 0"), cursor, 10)
        steps, cursor = steps + 1, first.older
    assert kinds(first.events) == ["1"]
    assert steps == 3


def test_rare_events_are_looked_for_step_by_step(
    log: Check, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "SCAN", 3)
    wanted = Wanted(frozenset({"start", "flip"}))
    found = page(log, wanted, Cursor(), 100)
    assert found.looked_until == now + 7 * MINUTE
    assert kinds(found.events) == ["up", "down"]  # none that came before what was looked at
    seen, cursor = kinds(found.events), found.older
    while cursor:
        found = page(log, wanted, cursor, 100)
        seen, cursor = seen + kinds(found.events), found.older
    assert len(seen) == Flip.objects.count()


def test_jumping_to_an_instant(log: Check, now: datetime) -> None:
    for minutes in range(-1, 11):
        at = now + minutes * MINUTE + timedelta(seconds=30)
        events = page(log, ALL, event_log.cursor_at(log, at), 100).events
        assert all(event.at <= at for event in events)
        assert sum(event.ping is not None for event in events) == min(max(minutes + 1, 0), 10)
    Ping.objects.filter(n__in=[4, 5, 6]).delete()  # numbers may be missing
    events = page(log, ALL, event_log.cursor_at(log, now + 4 * MINUTE), 100).events
    assert next(event.ping.n for event in events if event.ping) == 3


def test_the_number_of_queries_is_constant(log: Check, project: Project, now: datetime) -> None:
    page(log, ALL, Cursor(), 5)
    few = count_queries(lambda: page(log, ALL, Cursor(), 5))
    assert count_queries(lambda: page(log, ALL, Cursor(), 100)) == few
    assert few <= 8


def test_the_version_changes_with_every_event_and_outcome(log: Check, now: datetime) -> None:
    seen = {event_log.version(log)}
    Notification.objects.filter(pk=Notification.objects.latest("pk").pk).update(state="sent")
    seen.add(event_log.version(log))
    record([ping_event(log.code, now + 20 * MINUTE, Kind.LOG)], now)
    log.refresh_from_db()
    seen.add(event_log.version(log))
    assert len(seen) == 3


def test_the_version_changes_with_every_flip(check: Check, now: datetime) -> None:
    """Also with those that come without a ping, and bring the check back to where it was."""

    def version() -> tuple[object, ...]:
        check.refresh_from_db()
        return event_log.version(check)

    record([ping_event(check.code, now)], now)
    seen = [version()]
    overdue.sweep(now + timedelta(days=3))
    seen.append(version())
    for _ in range(2):
        checks.pause(check.code, now)
        seen.append(version())
        checks.resume(check.code, now)
        seen.append(version())
    assert Flip.objects.filter(owner=check).count() == 6
    assert len(set(seen)) == len(seen) == 6
