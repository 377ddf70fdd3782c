from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from hc.accounts.models import Project
from hc.api.models import Check, Heartbeat, Listening, Outage
from hc.api.services import listening
from hc.api.services.condition import Condition, condition
from hc.api.services.listening import LATE, advance
from hc.core.state import Kind
from hc.pings.writer import record
from tests.factories import listen, make_check, ping_event, seconds

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
GAP = 20 * MINUTE
SETTLE = 2 * MINUTE


def until() -> datetime:
    return Listening.objects.get().until


def other(process: str, beat: datetime, **more: object) -> Heartbeat:
    columns = {"host": "elsewhere", "pid": 7, "started": beat} | more
    return Heartbeat.objects.create(process=process, beat=beat, **columns)


# --- The mark ---------------------------------------------------------------------------------


def test_the_first_start_ever_is_no_outage(db: None, now: datetime) -> None:
    advance(now, now)
    assert until() == now
    assert not Outage.objects.exists()


def test_it_moves_on_while_somebody_listens(db: None, now: datetime) -> None:
    advance(now, now)
    advance(now + seconds(2), now)
    assert until() == now + seconds(2)


def test_one_process_at_a_time_writes_it(db: None, now: datetime) -> None:
    advance(now, now)
    advance(now + seconds(1), now)
    assert until() == now


def test_a_short_restart_is_no_outage(db: None, now: datetime) -> None:
    listen(now)
    advance(now + LATE, now + LATE)
    assert until() == now + LATE
    assert not Outage.objects.exists()


def test_a_database_that_was_away_is_no_outage(db: None, now: datetime) -> None:
    """Who has listened all the time kept the pings on disk, and has stored them by now."""
    listen(now)
    advance(now + HOUR, now - HOUR)
    assert until() == now + HOUR
    assert not Outage.objects.exists()


def test_nor_is_it_one_when_another_process_has_listened(db: None, now: datetime) -> None:
    listen(now)
    other("web", now + HOUR, started=now - HOUR)
    advance(now + HOUR, now + HOUR)
    assert not Outage.objects.exists()


# --- Who holds it back ------------------------------------------------------------------------


def test_pings_on_the_disk_of_another_process_hold_it_back(db: None, now: datetime) -> None:
    listen(now)
    other("smtpd", now + seconds(9), spooling_since=now)
    advance(now + seconds(10), now)
    assert until() == now


def test_but_not_for_ever(db: None, now: datetime) -> None:
    listen(now)
    other("smtpd", now, spooling_since=now)
    advance(now + listening.LONGEST_SPOOLING, now)
    assert until() > now


@pytest.mark.parametrize(("age", "held"), [(5, False), (30, True), (90, False)])
def test_a_process_that_vanished_may_hold_pings_for_a_while(
    db: None, now: datetime, age: int, held: bool
) -> None:
    listen(now)
    later = now + seconds(100)
    other("web", later - seconds(age))
    advance(later, now)
    assert (until() == now) == held


def test_a_process_of_this_machine_that_has_ended_holds_nothing(db: None, now: datetime) -> None:
    listen(now)
    host = socket.gethostname()[:100]
    other("web", now, host=host, pid=2**22 + 1)
    other("web", now + seconds(29), host=host, pid=os.getpid())
    advance(now + seconds(30), now)
    assert until() == now + seconds(30)
    assert Heartbeat.objects.count() == 1


# --- Our outages ------------------------------------------------------------------------------


@pytest.fixture
def watched(project: Project, now: datetime) -> Check:
    """A check that was pinged at `now`, and goes down two minutes later."""
    check = make_check(project, timeout=MINUTE, grace=MINUTE)
    record([ping_event(check.code, now)], now)
    return check


def sleep_over(now: datetime) -> datetime:
    """Nobody listens for twenty minutes from a minute after `now` on; when they begin again."""
    listen(now + MINUTE)
    advance(now + MINUTE + GAP, now + MINUTE + GAP)
    return now + MINUTE + GAP


def test_a_deadline_in_the_gap_moves_by_the_gap_and_a_time_to_settle(
    watched: Check, now: datetime
) -> None:
    ended = sleep_over(now)
    watched.refresh_from_db()
    assert watched.alert_after == watched.excused_until == now + 2 * MINUTE + GAP + SETTLE
    outage = Outage.objects.get()
    assert (outage.started, outage.ended, outage.checks) == (now + MINUTE, ended, 1)
    assert outage.excused_until == ended + GAP + SETTLE


def test_it_is_unsure_until_it_pings(watched: Check, now: datetime) -> None:
    ended = sleep_over(now)
    watched.refresh_from_db()
    assert watched.is_unsure(ended)
    assert str(watched.shown_status(ended)) == "grace"
    record([ping_event(watched.code, ended, Kind.LOG)], ended)
    watched.refresh_from_db()
    assert watched.is_unsure(ended)
    record([ping_event(watched.code, ended)], ended)
    watched.refresh_from_db()
    assert not watched.is_unsure(ended + MINUTE)
    assert watched.alert_after == ended + 2 * MINUTE


def test_deadlines_before_and_long_after_stay(project: Project, now: datetime) -> None:
    checks = [make_check(project, timeout=DAY, grace=MINUTE) for _ in range(2)]
    record([ping_event(checks[0].code, now - DAY - MINUTE)], now)  # overdue at `now`
    record([ping_event(checks[1].code, now)], now)
    sleep_over(now)
    for check in checks:
        check.refresh_from_db()
    assert [c.alert_after for c in checks] == [now, now + DAY + MINUTE]
    assert Outage.objects.get().checks == 0


def test_a_ping_that_may_have_been_missed_counts_though_the_deadline_is_later(
    project: Project, now: datetime
) -> None:
    check = make_check(project, timeout=10 * MINUTE, grace=HOUR)
    record([ping_event(check.code, now)], now)
    sleep_over(now)
    check.refresh_from_db()
    assert check.alert_after == now + 10 * MINUTE + HOUR + GAP + SETTLE


def test_checks_that_are_down_are_left_alone(watched: Check, now: datetime) -> None:
    record([ping_event(watched.code, now, Kind.FAIL)], now)
    sleep_over(now)
    watched.refresh_from_db()
    assert (watched.alert_after, watched.excused_until) == (None, None)


def test_operators_are_told_once(
    watched: Check, now: datetime, mails: list[EmailMessage], settings: Settings
) -> None:
    settings.ADMINS = [("", "root@example.org")]
    ended = sleep_over(now)
    advance(ended + seconds(2), ended)
    (mail,) = mails
    assert mail.to == ["root@example.org"]
    assert mail.subject.endswith("was away for 20 min")
    assert "1 check whose pings may have been missed" in mail.body


def test_the_settle_time_is_a_setting(watched: Check, now: datetime, settings: Settings) -> None:
    settings.OUTAGE_SETTLE_SECONDS = 0
    sleep_over(now)
    watched.refresh_from_db()
    assert watched.alert_after == now + 2 * MINUTE + GAP


def test_what_pages_say(watched: Check, now: datetime) -> None:
    Listening.objects.all().delete()
    assert condition(now) == Condition(alerts_silent=True, deaf_since=None, outage=None)
    ended = sleep_over(now)
    assert condition(ended).deaf_since is None
    assert condition(ended + MINUTE).deaf_since == ended
    told, outage = condition(ended).outage, Outage.objects.get()
    assert told == outage
    assert told is not None
    assert (told.started, told.ended, told.checks) == (outage.started, ended, 1)
    assert told.excused_until == outage.excused_until
    assert condition(ended + GAP + SETTLE).outage is None
