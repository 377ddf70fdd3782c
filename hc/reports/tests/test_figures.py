"""Downtimes by hand, over changes of the clock and ends of months, in three zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hc.accounts.models import Project, Role, User
from hc.accounts.services.projects import create_project
from hc.api.models import Check, Flip
from hc.reports import figures
from hc.reports.dates import covered
from tests.factories import make_check, make_member


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def old(check: Check) -> Check:
    """The only check there is; it has been up since last year."""
    Check.objects.exclude(pk=check.pk).delete()
    Check.objects.update(created=at("2025-01-01 00:00"), status="up")
    return check


def outage(check: Check, began: str, ended: str) -> None:
    for when, old, new in ((began, "up", "down"), (ended, "down", "up")):
        Flip.objects.create(
            owner=check, created=at(when), processed=at(when), old_status=old, new_status=new
        )


def cells(user: User, kind: str, zone: str, now: str) -> list[str]:
    spans = covered(kind, at(now), ZoneInfo(zone))
    (section,) = figures.sections(user, spans, at(now))
    return [cell.text for cell in section.lines[0].cells]


@pytest.mark.parametrize(
    ("zone", "kind", "now", "began", "ended", "expected"),
    [
        # Riga, 29 March 2026: midnight is 22:00 UTC on Saturday, 21:00 UTC on Sunday.
        (
            *("Europe/Riga", "daily", "2026-03-30 06:00", "2026-03-28 21:00", "2026-03-29 21:30"),
            ["1 downtime, 23 h", "1 downtime, 1 h"],
        ),
        # New York, 1 November 2026: the day has 25 hours, from 04:00 UTC to 05:00 UTC.
        (
            *("America/New_York", "daily", "2026-11-02 14:00"),
            *("2026-11-01 03:00", "2026-11-02 05:00"),
            ["1 downtime, 1 day 1 h", "1 downtime, 1 h"],
        ),
        # Kolkata: the month of May ends at 18:30 UTC.
        (
            *("Asia/Kolkata", "monthly", "2026-07-01 04:00"),
            *("2026-05-31 18:00", "2026-05-31 20:00"),
            ["1 downtime, 1 h 30 min", "1 downtime, 30 min"],
        ),
        # New York: the end of February, which is 05:00 UTC on 1 March.
        (
            *("America/New_York", "monthly", "2026-04-01 14:00"),
            *("2026-03-01 04:30", "2026-03-01 05:20"),
            ["1 downtime, 20 min", "1 downtime, 30 min"],
        ),
        # Riga: the week from 19 to 25 October 2026 ends with the day of 25 hours.
        (
            *("Europe/Riga", "weekly", "2026-10-26 08:00", "2026-10-25 21:59", "2026-10-25 22:01"),
            ["1 downtime, 1 min", "no problems"],
        ),
    ],
)
def test_downtimes_belong_to_the_readers_days(
    alice: User,
    old: Check,
    zone: str,
    kind: str,
    now: str,
    began: str,
    ended: str,
    expected: list[str],
) -> None:
    outage(old, began, ended)
    assert cells(alice, kind, zone, now) == expected


def test_a_check_that_did_not_exist_has_no_data(alice: User, old: Check) -> None:
    Check.objects.update(created=at("2026-05-10 00:00"))
    assert cells(alice, "monthly", "UTC", "2026-06-15 12:00") == ["no problems", ""]


def test_what_was_down_longest_comes_first_then_names_in_their_natural_order(
    alice: User, project: Project, bob: User
) -> None:
    Check.objects.all().delete()
    for name in ("job 10", "Job 9", "zebra"):
        made = make_check(project, name=name)
        Check.objects.filter(pk=made.pk).update(created=at("2025-01-01 00:00"), status="up")
    outage(Check.objects.get(name="zebra"), "2026-05-03 10:00", "2026-05-03 11:00")
    theirs = create_project("Another", bob)
    make_check(theirs, name="shared")
    make_member(theirs, alice, Role.READONLY)
    spans = covered("monthly", at("2026-06-01 09:00"), ZoneInfo("UTC"))
    found = figures.sections(alice, spans, at("2026-06-01 09:00"))
    assert [str(section.project) for section in found] == ["Another", "Production"]
    assert [line.check.name for line in found[1].lines] == ["zebra", "Job 9", "job 10"]
    assert figures.summary(found) == (1, 1)


def test_the_number_of_queries_does_not_grow_with_the_checks(alice: User, project: Project) -> None:
    spans = covered("monthly", at("2026-06-01 09:00"), ZoneInfo("UTC"))

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            figures.sections(alice, spans, at("2026-06-01 09:00"))
        return len(captured)

    make_check(project)
    few = queries()
    for _ in range(10):
        make_check(project)
    assert queries() == few <= 3


def test_people_whose_jobs_are_silent_for_half_a_year(alice: User, old: Check) -> None:
    now = at("2026-06-15 12:00")
    assert figures.is_silent(alice, now)
    Check.objects.filter(pk=old.pk).update(last_ping=now - timedelta(days=179))
    assert not figures.is_silent(alice, now)
