"""Reminders begin and end with few queries, whoever changes what."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hc.accounts.models import Profile, Project, Role, User
from hc.accounts.services.accounts import create_account
from hc.api.models import Check
from hc.api.services import reminders
from tests.factories import make_check, make_member

HOUR = timedelta(hours=1)


@pytest.fixture
def wanting(alice: User) -> User:
    Profile.objects.filter(user=alice).update(nag_period=HOUR)
    return alice


@pytest.fixture
def down(check: Check) -> Check:
    """A check that went down while nobody looked after reminders."""
    Check.objects.filter(pk=check.pk).update(status="down")
    return check


def next_date(user: User) -> datetime | None:
    return Profile.objects.get(user=user).next_nag_date


def test_what_is_about_to_be_written_counts_more_than_the_rows(
    wanting: User, check: Check, now: datetime
) -> None:
    reminders.follow_checks([check.pk], now, down=[check.pk])
    assert next_date(wanting) == now + HOUR
    Check.objects.filter(pk=check.pk).update(status="down")
    reminders.follow_checks([check.pk], now, down=[])
    assert next_date(wanting) is None


def test_the_queries_do_not_grow_with_checks_and_people(
    wanting: User, project: Project, now: datetime
) -> None:
    def queries(number: int) -> int:
        for _ in range(number):
            make_check(project)
            member = create_account(f"{Profile.objects.count()}@example.org")
            make_member(project, member, Role.REGULAR)
        Profile.objects.update(nag_period=HOUR, next_nag_date=None)
        checks = list(Check.objects.filter(project=project).values_list("pk", flat=True))
        with CaptureQueriesContext(connection) as captured:
            reminders.follow_checks(checks, now, down=checks)
        return len(captured)

    assert queries(1) == queries(10) == 4


def test_nothing_is_written_while_nothing_changes(
    wanting: User, check: Check, now: datetime
) -> None:
    reminders.follow_checks([check.pk], now, down=[check.pk])
    with CaptureQueriesContext(connection) as captured:
        reminders.follow_checks([check.pk], now, down=[check.pk])
    assert [q for q in captured.captured_queries if q["sql"].startswith("UPDATE")] == []


@pytest.mark.parametrize("role", Role)
def test_who_joins_a_project_with_a_check_that_is_down_is_reminded(
    bob: User, down: Check, now: datetime, role: Role
) -> None:
    Profile.objects.filter(user=bob).update(nag_period=HOUR)
    member = make_member(down.project, bob, role)
    reminders.follow_people([bob.pk], now)
    assert next_date(bob) == now + HOUR
    member.delete()
    reminders.follow_people([bob.pk], now)
    assert next_date(bob) is None


def test_a_project_that_changes_hands_is_followed(
    wanting: User, bob: User, down: Check, now: datetime
) -> None:
    reminders.follow_people([wanting.pk], now)
    Profile.objects.filter(user=bob).update(nag_period=HOUR)
    Project.objects.filter(pk=down.project_id).update(owner=bob)
    reminders.follow_projects([down.project_id], now)
    reminders.follow_people([wanting.pk], now)
    assert (next_date(wanting), next_date(bob)) == (None, now + HOUR)


def test_what_was_left_out_is_caught_up(
    wanting: User, bob: User, down: Check, now: datetime
) -> None:
    Profile.objects.filter(user=bob).update(nag_period=HOUR)
    assert reminders.catch_up(now) == 1
    assert reminders.catch_up(now) == 0
    assert (next_date(wanting), next_date(bob)) == (now + HOUR, None)


def test_nobody_who_was_deactivated_is_caught_up(wanting: User, down: Check, now: datetime) -> None:
    User.objects.update(is_active=False)
    assert reminders.catch_up(now) == 0
