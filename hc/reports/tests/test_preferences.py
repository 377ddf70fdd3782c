from __future__ import annotations

from datetime import datetime, timedelta

from hc.accounts.models import Profile, User
from hc.api.models import Check
from hc.core.state import Kind
from hc.pings.writer import record
from hc.reports.preferences import choose
from tests.factories import ping_event

NONE, HOUR, DAY = timedelta(0), timedelta(hours=1), timedelta(days=1)


def test_a_choice_plans_the_next_report(alice: User, now: datetime) -> None:
    choose(alice, "weekly", NONE, now)
    following = Profile.objects.get(user=alice).next_report_date
    assert following
    assert now + 7 * DAY - 4 * HOUR < following < now + 7 * DAY
    choose(alice, "off", NONE, now)
    assert Profile.objects.get(user=alice).next_report_date is None


def test_reminders_begin_at_once_if_something_is_down(
    alice: User, check: Check, now: datetime
) -> None:
    choose(alice, "off", HOUR, now)
    assert Profile.objects.get(user=alice).next_nag_date is None
    choose(alice, "off", NONE, now)
    record([ping_event(check.code, now, Kind.FAIL)], now)
    choose(alice, "off", HOUR, now)
    assert Profile.objects.get(user=alice).next_nag_date == now + HOUR


def test_a_reminder_that_is_planned_stays_and_ends_with_the_wish(
    alice: User, check: Check, now: datetime
) -> None:
    record([ping_event(check.code, now, Kind.FAIL)], now)
    choose(alice, "off", HOUR, now)
    choose(alice, "off", DAY, now + HOUR / 2)
    assert Profile.objects.get(user=alice).next_nag_date == now + HOUR
    choose(alice, "off", NONE, now)
    assert Profile.objects.get(user=alice).next_nag_date is None
