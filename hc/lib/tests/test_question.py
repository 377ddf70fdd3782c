"""The answers are those that the ORM would give."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import Case, F, Model, When

from hc.accounts.models import Profile, Project, User
from hc.api.models import Check, DailyRollup, Ping
from hc.core.state import Kind
from hc.lib.question import Question
from hc.pings.writer import record
from tests.factories import make_check, ping_event
from tests.queries import count_queries

USERS = Question(
    "hc_test_users",
    {"key": "integer"},
    lambda key: User.objects.select_related("profile").filter(pk=key),
)
CHECKS = Question(
    "hc_test_checks",
    {"code": "uuid"},
    lambda code: Check.objects.select_related("project__owner").filter(code=code),
)
PINGS = Question(
    "hc_test_pings",
    {"check": "integer", "since": "timestamptz", "after": "integer"},
    lambda check, since, after: (
        Ping.objects.filter(owner=check, created__gte=since, n__gt=after)
        .exclude(kind__in=("log", "ign"))
        .annotate(half=F("n") / 2, email=Case(When(scheme="email", then=True), default=False))
        .order_by("-n")
        .values_list("n", "created", "kind", "email", "half")[:2]
    ),
)
DAYS = Question(
    "hc_test_days",
    {"day": "date"},
    lambda day: DailyRollup.objects.filter(day=day).annotate(twice=F("successes") * 2),
)

SECOND = timedelta(seconds=1)


def values(row: Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_all_columns_have_their_values(project: Project, now: datetime) -> None:
    check = make_check(project, name="Backup", timeout=now - now.replace(hour=0))
    Check.objects.filter(pk=check.pk).update(last_ping=now, outcomes="sf", last_start_rid=uuid4())
    found = CHECKS.one(code=check.code)
    assert found is not None
    assert values(found) == values(Check.objects.get(pk=check.pk))
    assert count_queries(lambda: (found.project.name, found.project.owner.email)) == 0
    assert values(found.project) == values(Project.objects.get(pk=project.pk))
    assert not found._state.adding


def test_each_value_has_its_own_row(project: Project) -> None:
    codes = {make_check(project, name=str(n)).code: str(n) for n in range(3)}
    assert {code: found.name for code in codes if (found := CHECKS.one(code=code))} == codes


def test_what_refers_to_the_row_comes_along(alice: User) -> None:
    Profile.objects.filter(user=alice).update(tz="Europe/Riga", list_view={"addresses": True})
    found = USERS.one(key=alice.pk)
    assert found == alice
    assert count_queries(lambda: (found.profile.tz, found.profile.user.email)) == 0
    assert (found.profile.tz, found.profile.list_view) == ("Europe/Riga", {"addresses": True})


def test_it_may_have_none(alice: User) -> None:
    Profile.objects.filter(user=alice).delete()
    found = USERS.one(key=alice.pk)
    assert found is not None
    with pytest.raises(Profile.DoesNotExist):
        _ = found.profile


def test_nothing_has_that_value(check: Check) -> None:
    assert CHECKS.one(code=UUID(int=5)) is None


def test_a_removed_check_is_not_among_the_rows(check: Check, now: datetime) -> None:
    Check.every.filter(pk=check.pk).update(removed=now)
    assert CHECKS.one(code=check.code) is None


def test_values_and_constants_go_where_they_belong(check: Check, now: datetime) -> None:
    kinds = ["", "fail", "log", "", "fail"]
    record(
        [
            ping_event(check.code, now + n * SECOND, Kind(kind or "success"))
            for n, kind in enumerate(kinds, 1)
        ],
        now,
    )
    found = PINGS.rows(check=check.pk, since=now + 2 * SECOND, after=1)
    assert [(n, at, kind, bool(email)) for n, at, kind, email, _ in found] == [
        (5, now + 5 * SECOND, "fail", False),
        (4, now + 4 * SECOND, None, False),
    ]
    assert [row[0] for row in PINGS.rows(check=check.pk, since=now, after=4)] == [5]
    assert PINGS.rows(check=check.pk + 1, since=now, after=0) == []
    assert PINGS.rows(check=check.pk, since=now + 6 * SECOND, after=0) == []


def test_days_and_annotations(check: Check, now: datetime) -> None:
    times = {"2.5": 3}
    for ago in range(2):
        day = now.date() - timedelta(days=ago)
        DailyRollup.objects.create(owner=check, day=day, successes=7 + ago, run_times=times)
    found = DAYS.one(day=now.date())
    assert found is not None
    assert (found.twice, found.run_times, found.day) == (14, times, now.date())
