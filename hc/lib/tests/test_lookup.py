"""Rows by a unique value are the same ones that the ORM finds."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import Model

from hc.accounts.models import Profile, Project, User
from hc.api.models import Check
from hc.lib.lookup import Lookup
from tests.factories import make_check
from tests.queries import count_queries

USERS = Lookup("hc_test_users", lambda: User.objects.select_related("profile"), "id", "integer")
CHECKS = Lookup(
    "hc_test_checks", lambda: Check.objects.select_related("project__owner"), "code", "uuid"
)


def values(row: Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_all_columns_have_their_values(project: Project, now: datetime) -> None:
    check = make_check(project, name="Backup", timeout=now - now.replace(hour=0))
    Check.objects.filter(pk=check.pk).update(last_ping=now, outcomes="sf", last_start_rid=uuid4())
    found = CHECKS.find(check.code)
    assert found is not None
    assert values(found) == values(Check.objects.get(pk=check.pk))
    assert count_queries(lambda: (found.project.name, found.project.owner.email)) == 0
    assert values(found.project) == values(Project.objects.get(pk=project.pk))
    assert not found._state.adding


def test_each_value_has_its_own_row(project: Project) -> None:
    codes = {make_check(project, name=str(n)).code: str(n) for n in range(3)}
    assert {code: found.name for code in codes if (found := CHECKS.find(code))} == codes


def test_what_refers_to_the_row_comes_along(alice: User) -> None:
    Profile.objects.filter(user=alice).update(tz="Europe/Riga", list_view={"addresses": True})
    found = USERS.find(alice.pk)
    assert found == alice
    assert count_queries(lambda: (found.profile.tz, found.profile.user.email)) == 0
    assert (found.profile.tz, found.profile.list_view) == ("Europe/Riga", {"addresses": True})


def test_it_may_have_none(alice: User) -> None:
    Profile.objects.filter(user=alice).delete()
    found = USERS.find(alice.pk)
    assert found is not None
    with pytest.raises(Profile.DoesNotExist):
        _ = found.profile


def test_nothing_has_that_value(check: Check) -> None:
    assert CHECKS.find(UUID(int=5)) is None


def test_a_removed_check_is_not_among_the_rows(check: Check, now: datetime) -> None:
    Check.every.filter(pk=check.pk).update(removed=now)
    assert CHECKS.find(check.code) is None
