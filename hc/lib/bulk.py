"""Many rows of a table in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from django.db import connection
from django.db.models import Model


def update_rows(model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Set `columns` of the rows with the given keys; a row is (key, value, value …).

    One statement on PostgreSQL, a prepared one run for each row elsewhere.
    """
    if not rows:
        return
    meta = model._meta
    fields: list[Any] = [meta.pk, *(meta.get_field(name) for name in columns)]
    values = [
        [f.get_db_prep_value(v, connection) for f, v in zip(fields, row, strict=True)]
        for row in sorted(rows, key=itemgetter(0))
    ]
    names = [_quoted(f.column) for f in fields]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            types = [f"%s::{f.db_type(connection)}[]" for f in fields]
            cursor.execute(
                f"UPDATE {_quoted(meta.db_table)} AS t"
                f" SET {', '.join(f'{name} = v.{name}' for name in names[1:])}"
                f" FROM unnest({', '.join(types)}) AS v ({', '.join(names)})"
                f" WHERE t.{names[0]} = v.{names[0]}",
                [list(column) for column in zip(*values, strict=True)],
            )
        else:
            cursor.executemany(
                f"UPDATE {_quoted(meta.db_table)}"
                f" SET {', '.join(f'{name} = %s' for name in names[1:])}"
                f" WHERE {names[0]} = %s",
                [[*row[1:], row[0]] for row in values],
            )


def insert(rows: Sequence[Model]) -> None:
    """Insert objects of one model, which do not get their keys.

    As `bulk_create`, at half its cost on PostgreSQL.
    """
    if not rows:
        return
    model = type(rows[0])
    if connection.vendor != "postgresql":
        model._default_manager.bulk_create(rows)
        return
    fields: list[Any] = [f for f in model._meta.concrete_fields if not f.primary_key]
    names = ", ".join(_quoted(f.column) for f in fields)
    types = ", ".join(f"%s::{f.db_type(connection)}[]" for f in fields)
    columns = [
        [f.get_db_prep_save(getattr(row, f.attname), connection) for row in rows] for f in fields
    ]
    with connection.cursor() as cursor:
        table = _quoted(model._meta.db_table)
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT * FROM unnest({types})", columns)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
