"""Statements that PostgreSQL plans once for each connection, where planning them anew would cost
about as much as running them. Other databases run them as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from django.db import NotSupportedError, connection
from django.db.models import UUIDField

# What each connection knows: texts that were run on it.
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
_NAMED = re.compile(r"%\((\w+)\)s")


@contextmanager
def cursor_knowing(set_up: str) -> Iterator[Any]:
    """A cursor of a PostgreSQL connection on which `set_up` was run: one or more PREPARE."""
    with connection.cursor() as cursor:
        known = _known.get(connection.connection)
        if known is None:  # a pooler may have lent this one to others
            _run("DEALLOCATE ALL")
            known = _known[connection.connection] = set()
        if set_up not in known:
            _run(set_up)
            known.add(set_up)
        yield cursor


def _run(sql: str) -> None:
    """Past Django's cursor: how many queries something takes does not depend on what ran before."""
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute(sql)


_UUID: UUIDField[Any, Any] = UUIDField()


def adapted(kind: str, value: Any) -> Any:
    """As this kind of database takes it."""
    if kind == "timestamptz":
        return connection.ops.adapt_datetimefield_value(value)
    if kind == "date":
        return connection.ops.adapt_datefield_value(value)
    return _UUID.get_db_prep_value(value, connection) if kind == "uuid" else value


class Statement:
    """A query in plain SQL with `%(name)s` for its values.

    `name`: of the prepared statement. `kinds`: the type of each value on PostgreSQL, by its name.
    """

    def __init__(self, name: str, sql: str, kinds: dict[str, str]) -> None:
        self._sql, self._kinds = sql, kinds
        places = {name: f"${place}" for place, name in enumerate(kinds, 1)}
        numbered = _NAMED.sub(lambda match: places[match[1]], sql)
        types, marks = ", ".join(kinds.values()), ", ".join(f"%({name})s" for name in kinds)
        self._set_up = f"PREPARE {name}{types and f' ({types})'} AS {numbered}"
        self._call = f"EXECUTE {name}{marks and f' ({marks})'}"

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """`values` as Python has them."""
        values = {name: adapted(kind, values[name]) for name, kind in self._kinds.items()}
        if connection.vendor != "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(self._sql, values)
                return list(cursor.fetchall())
        try:
            return self._prepared(values)
        except NotSupportedError:
            if connection.in_atomic_block:
                raise
            # A migration has changed the type of a column since: planned anew.
            _known.pop(connection.connection, None)
            return self._prepared(values)

    def _prepared(self, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        with cursor_knowing(self._set_up) as cursor:
            cursor.execute(self._call, values)
            return list(cursor.fetchall())
