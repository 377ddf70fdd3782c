"""Reminders begin when a check that somebody may see goes down, and end when none is.

Called in the transaction of whatever changed: a flip, a pause, a removal, a membership. At most
six queries, however many checks and people; nothing but the one column is written, and mostly
nothing at all. Source: core 4.4.

Two transactions that cannot see each other may both leave a date alone, or both clear it. Nobody
waits for a lock because of that: `catch_up` begins what was left out, and a reminder that has
nothing to say is not sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q

from hc.accounts.models import Member, Profile, Project
from hc.api.models import Check

NOTHING = timedelta(0)
COLUMNS = ("pk", "nag_period", "next_nag_date", "sees_one")
STORED_DOWN = Q(status="down")


def follow_checks(
    checks: Collection[int], now: datetime, *, down: Collection[int] | None = None
) -> None:
    """Some checks have changed: those who may see them.

    `down`: which of them are down, where the rows do not say so yet.
    """
    of_checks = Check.objects.filter(pk__in=checks).distinct()
    is_down = STORED_DOWN
    if down is not None:
        is_down = Q(pk__in=down) | (is_down & ~Q(pk__in=checks))
    _follow(_people(of_checks.values_list("project_id", "project__owner_id")), now, is_down)


def follow_projects(projects: Collection[int], now: datetime) -> None:
    """The checks of some projects have changed, or their owner has: the people in these."""
    found = Project.objects.filter(pk__in=projects)
    _follow(_people(found.values_list("pk", "owner_id")), now)


def follow_people(users: Collection[int], now: datetime) -> None:
    """Somebody joined or left a project, or wants reminders now, or none any more."""
    unwanted = Profile.objects.filter(user__in=users, nag_period=NOTHING)
    unwanted.exclude(next_nag_date=None).update(next_nag_date=None)
    _follow(users, now)


def catch_up(now: datetime) -> int:
    """Begin the reminders that should have begun and have not; how many."""
    down = Check.objects.filter(STORED_DOWN, project__removed=None).distinct()
    people = _people(down.values_list("project_id", "project__owner_id"))
    waiting = Profile.objects.filter(user__in=people, user__is_active=True, next_nag_date=None)
    wanting = waiting.filter(nag_period__gt=NOTHING)
    return _begin(dict(wanting.values_list("pk", "nag_period")), now)


def _people(projects: Iterable[tuple[int, int]]) -> set[int]:
    """Owners and members of projects, which are given as (project, owner)."""
    owners = dict(projects)
    members = Member.objects.filter(project__in=owners).values_list("user_id", flat=True)
    return {*owners.values(), *members}


def _follow(users: Collection[int], now: datetime, down: Q = STORED_DOWN) -> None:
    sees_one = _sees_one(down)
    flag = ExpressionWrapper(sees_one, output_field=BooleanField())
    profiles = Profile.objects.filter(user__in=users, nag_period__gt=NOTHING)
    known = list(profiles.annotate(sees_one=flag).values_list(*COLUMNS))
    over = [pk for pk, _, date, sees in known if date and not sees]
    if over:
        Profile.objects.exclude(sees_one).filter(pk__in=over).update(next_nag_date=None)
    _begin({pk: period for pk, period, date, sees in known if sees and not date}, now)


def _begin(periods: dict[int, timedelta], now: datetime) -> int:
    begun = 0
    for period in set(periods.values()):
        ids = [pk for pk, its in periods.items() if its == period]
        begin = Profile.objects.filter(pk__in=ids, next_nag_date=None)
        begun += begin.update(next_nag_date=now + period)
    return begun


def _sees_one(such: Q) -> Q:
    """Whether somebody owns, or belongs to the project of, such a check.

    Two subqueries: with one and an OR in it, the database would read all checks for each person.
    """
    seen = Check.objects.filter(such, project__removed=None)
    owned = Exists(seen.filter(project__owner=OuterRef("user")))
    shared = Exists(seen.filter(project__member__user=OuterRef("user")))
    return Q(owned) | Q(shared)
