"""The rows of all tables, to tell what a press has changed and to put it back.

Tests over a server cannot roll back. Browser tests run on SQLite; this knows no other engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, transaction

Rows = list[tuple[Any, ...]]


@dataclass
class Snapshot:
    tables: dict[str, Rows]

    @classmethod
    def take(cls) -> Snapshot:
        return cls({table: _read(table) for table in _tables()})

    def changed(self) -> dict[str, Rows]:
        """The tables that hold something else now, with their rows as they were."""
        return {table: rows for table, rows in self.tables.items() if _read(table) != rows}

    def restore(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for table, rows in self.changed().items():
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608  # ours
                _insert(cursor, table, rows)


def _tables() -> Iterator[str]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            yield model._meta.db_table


def _read(table: str) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  # ours
        return list(cursor.fetchall())


def _insert(cursor: Any, table: str, rows: Rows) -> None:
    if not rows:
        return
    places = ", ".join(["%s"] * len(rows[0]))
    name = connection.ops.quote_name(table)
    cursor.executemany(f"INSERT INTO {name} VALUES ({places})", rows)  # noqa: S608  # ours
