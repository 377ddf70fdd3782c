"""Statements that are planned once for each connection."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from hc.lib.prepared import Statement, cursor_knowing

SUM = Statement("hc_test_sum", "SELECT %(a)s + %(b)s, %(a)s", {"b": "integer", "a": "integer"})

postgresql_only = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="only PostgreSQL has prepared statements of this kind"
)


@pytest.mark.django_db
def test_values_go_where_their_names_are() -> None:
    assert SUM.rows(a=1, b=10) == [(11, 1)]
    assert SUM.rows(b=5, a=2) == [(7, 2)]


@postgresql_only
@pytest.mark.django_db(transaction=True)
def test_known_after_a_rollback_and_on_a_new_connection() -> None:
    with transaction.atomic():
        SUM.rows(a=1, b=2)
        transaction.set_rollback(True)
    assert SUM.rows(a=1, b=2) == [(3, 1)]
    connection.close()
    assert SUM.rows(a=1, b=2) == [(3, 1)]


@postgresql_only
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_others_had_used_before() -> None:
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("PREPARE hc_test_sum AS SELECT 'another'")
    assert SUM.rows(a=1, b=2) == [(3, 1)]


@pytest.fixture
def table(transactional_db: None) -> Iterator[None]:
    run("CREATE TABLE hc_test_names (name varchar(5))")
    run("INSERT INTO hc_test_names VALUES ('Alice')")
    yield
    run("DROP TABLE hc_test_names")


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@postgresql_only
def test_a_column_may_change_its_type_meanwhile(table: None) -> None:
    """As a migration does while processes of the old version still run."""
    names = Statement("hc_test_names", "SELECT name FROM hc_test_names", {})
    assert names.rows() == [("Alice",)]
    run("ALTER TABLE hc_test_names ALTER name TYPE varchar(50)")
    assert names.rows() == [("Alice",)]


@postgresql_only
@pytest.mark.django_db
def test_set_up_once() -> None:
    with cursor_knowing("PREPARE hc_test_one AS SELECT 1") as cursor:
        cursor.execute("EXECUTE hc_test_one")
    # To prepare it a second time would be an error.
    with cursor_knowing("PREPARE hc_test_one AS SELECT 1") as cursor:
        cursor.execute("EXECUTE hc_test_one")
        assert cursor.fetchall() == [(1,)]
