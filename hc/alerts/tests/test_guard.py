"""Nobody is alerted because we were away."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from hc.accounts.models import Project
from hc.alerts import guard
from hc.api.models import Check, Notification
from hc.api.services.listening import LATE, advance
from hc.pings.writer import record
from tests.factories import listen, make_check, make_webhook, ping_event, seconds

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_nothing_is_judged_before_somebody_has_listened(db: None, now: datetime) -> None:
    assert guard.horizon(now) is None
    assert guard.sweep(now).is_deaf


def test_deadlines_are_judged_up_to_what_was_heard(db: None, now: datetime) -> None:
    listen(now)
    assert guard.horizon(now + LATE) == now + LATE
    assert guard.horizon(now + LATE + seconds(1)) == now


def test_twenty_minutes_of_ours_cost_nobody_their_sleep(project: Project, now: datetime) -> None:
    make_webhook(project)
    checks = [make_check(project, timeout=HOUR, grace=MINUTE) for _ in range(500)]
    for number, check in enumerate(checks):
        pinged = now - HOUR - MINUTE + number * seconds(2)
        record([ping_event(check.code, pinged)], now)
    listen(now - seconds(1))
    back = now + 20 * MINUTE
    assert guard.sweep(back).down == 0
    advance(back, back)
    assert guard.sweep(back).down == 0
    heard, silent = checks[:250], checks[250:]
    record([ping_event(check.code, back + MINUTE) for check in heard], back + MINUTE)
    later = back
    while later < back + HOUR:
        later += MINUTE
        advance(later, back)
        while guard.sweep(later).has_more:
            pass
    down = Check.objects.filter(status="down")
    assert set(down.values_list("code", flat=True)) == {check.code for check in silent}
    assert Notification.objects.count() == 250
    first = min(check.status_since for check in down if check.status_since)
    assert first >= back + 2 * MINUTE


def test_an_outage_costs_few_queries_whatever_it_touches(project: Project, now: datetime) -> None:
    codes = [make_check(project, timeout=MINUTE, grace=MINUTE).code for _ in range(50)]
    record([ping_event(code, now) for code in codes], now)
    listen(now)
    with CaptureQueriesContext(connection) as captured:
        advance(now + HOUR, now + HOUR)
    assert len(captured) <= 15
    assert Check.objects.exclude(excused_until=None).count() == 50
