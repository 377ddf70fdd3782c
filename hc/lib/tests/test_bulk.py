from __future__ import annotations

from datetime import datetime, timedelta

from pytest_django import DjangoAssertNumQueries

from hc.accounts.models import Project
from hc.api.models import Check, Flip
from hc.lib.bulk import insert, update_rows
from tests.factories import make_check


def test_each_row_gets_its_own_values(project: Project, now: datetime) -> None:
    one, two, other = (make_check(project) for _ in range(3))
    rows = [
        (two.pk, "two", None, timedelta(seconds=2), True),
        (one.pk, "one", now, timedelta(minutes=1, microseconds=5), False),
    ]
    update_rows(Check, ("name", "last_ping", "grace", "manual_resume"), rows)
    for check in (one, two, other):
        check.refresh_from_db()
    assert (one.name, one.last_ping, one.grace, one.manual_resume) == (
        "one",
        now,
        timedelta(minutes=1, microseconds=5),
        False,
    )
    assert (two.name, two.last_ping, two.manual_resume) == ("two", None, True)
    assert other.name == ""


def test_no_rows_are_no_statement(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        update_rows(Check, ("name",), [])


def test_rows_are_inserted_with_all_their_columns(check: Check, now: datetime) -> None:
    flips = [
        Flip(owner=check, created=now, old_status="up", new_status="down", reason="fail"),
        Flip(owner=check, created=now, processed=now, old_status="down", new_status="up"),
    ]
    insert(flips)
    columns = ("owner", "created", "processed", "old_status", "new_status", "reason")
    assert set(Flip.objects.values_list(*columns)) == {
        (check.pk, now, None, "up", "down", "fail"),
        (check.pk, now, now, "down", "up", ""),
    }
    insert([])
