from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction

from hc.accounts.models import Project
from hc.lib.transactions import TRIES, atomically, is_conflict

DEADLOCK = OperationalError(1213, "Deadlock found when trying to get lock")
FULL = OperationalError("database or disk is full")


@atomically
def rename(project: Project, name: str) -> str:
    Project.objects.create(owner=project.owner, name="made before", badge_key=name)
    Project.objects.filter(pk=project.pk).update(name=name)
    return name


class Loses:
    """A database that refuses the first updates with these errors."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE") and self.errors:
            raise self.errors.pop(0)
        return execute(sql, *rest)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_lost_is_tried_again(project: Project) -> None:
    with connection.execute_wrapper(Loses(DEADLOCK, DEADLOCK)):
        assert rename(project, "new") == "new"
    project.refresh_from_db()
    assert project.name == "new"
    assert Project.objects.filter(name="made before").count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_is_not_tried_for_ever(project: Project) -> None:
    losing = Loses(*[DEADLOCK] * (TRIES + 1))
    with connection.execute_wrapper(losing), pytest.raises(OperationalError):
        rename(project, "new")
    assert len(losing.errors) == 1


@pytest.mark.django_db(transaction=True)
def test_other_errors_are_not_tried_again(project: Project) -> None:
    losing = Loses(FULL, FULL)
    with connection.execute_wrapper(losing), pytest.raises(OperationalError):
        rename(project, "new")
    assert len(losing.errors) == 1
    assert not Project.objects.filter(name="made before").exists()


@pytest.mark.django_db(transaction=True)
def test_a_part_of_a_transaction_is_not_tried_again_alone(project: Project) -> None:
    """The database has already undone what came before it."""
    losing = Loses(DEADLOCK, DEADLOCK)
    with connection.execute_wrapper(losing), pytest.raises(OperationalError), transaction.atomic():
        rename(project, "new")
    assert len(losing.errors) == 1


class Refused(Exception):
    def __init__(self, pgcode: str) -> None:
        self.pgcode = pgcode


def caused(error: DatabaseError, pgcode: str) -> DatabaseError:
    error.__cause__ = Refused(pgcode)
    return error


@pytest.mark.parametrize(
    ("error", "conflict"),
    [
        (OperationalError(1205, "Lock wait timeout exceeded"), True),
        (IntegrityError(1452, "Cannot add or update a child row"), True),
        (IntegrityError(1062, "Duplicate entry"), False),
        (caused(OperationalError("deadlock detected"), "40P01"), True),
        (caused(IntegrityError("violates foreign key constraint"), "23503"), True),
        (caused(IntegrityError("duplicate key value"), "23505"), False),
        (OperationalError("server closed the connection"), False),
        (OperationalError(), False),
    ],
    ids=["wait", "parent gone", "twin", "deadlock", "row gone", "twin row", "away", "bare"],
)
def test_what_may_succeed_if_tried_again(error: DatabaseError, conflict: bool) -> None:
    assert is_conflict(error) == conflict
