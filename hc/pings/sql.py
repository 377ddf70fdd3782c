"""A batch of pings in the database: a transaction in which its checks are locked.

The statements stand here and in postgres.py, by hand, since they are what the service does most.
"""

from __future__ import annotations

import fcntl
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, models, transaction

from hc.api.models import Check, Journal, Ping
from hc.pings import postgres
from hc.pings.batch import (
    CHECK_COLUMNS,
    JOURNAL_COLUMNS,
    LOCKED_COLUMNS,
    PING_COLUMNS,
    Batch,
    as_rows,
    fields_of,
)


def resolve(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str, UUID]]:
    """The checks with these ping keys and slugs, as (ping key, slug, code)."""
    if connection.vendor == "postgresql":
        return postgres.resolve(pairs)
    keys, slugs = zip(*pairs, strict=True)
    rows = Check.objects.filter(project__ping_key__in=keys, slug__in=slugs)
    found = list(rows.values_list("project__ping_key", "slug", "code"))
    return [(key or "", slug, code) for key, slug, code in found]


@contextmanager
def transaction_on(codes: Collection[UUID], now: datetime) -> Iterator[Batch]:
    """The checks with these codes, locked in the order of their ids until the block ends."""
    if connection.vendor == "postgresql":
        with postgres.transaction_on(codes, now) as batch:
            yield batch
        return
    with _turn(), transaction.atomic():
        ids = Check.objects.filter(code__in=codes).values_list("pk", flat=True)
        checks = Check.objects.for_update().filter(pk__in=list(ids))
        batch = Batch(as_rows(list(checks.values_list(*LOCKED_COLUMNS))))
        yield batch
        entries = [(name, position, now) for name, position in batch.journal.items()]
        with connection.cursor() as cursor:
            _each(cursor, _UPDATE_CHECK, _CHECK_FIELDS, [(*c[1:], c[0]) for c in batch.checks])
            _each(cursor, _INSERT_PING, _PING_FIELDS, batch.pings)
            _each(cursor, _upsert_entry(), _JOURNAL_FIELDS, entries)


@contextmanager
def _turn() -> Iterator[None]:
    """SQLite has one writer at a time, and lets those who wait look again and again, at longer and
    longer intervals: processes that write pings queue at a lock file instead."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    try:
        file = Path(f"{connection.settings_dict['NAME']}-queue").open("w")  # noqa: SIM115 - below
    except OSError as e:
        raise OperationalError("the folder of the database cannot be written") from e
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


_ADAPTED = (models.DurationField, models.UUIDField)
_CHECK_FIELDS = fields_of(Check, [*CHECK_COLUMNS, "id"])
_PING_FIELDS = fields_of(Ping, PING_COLUMNS)
_JOURNAL_FIELDS = fields_of(Journal, JOURNAL_COLUMNS)
_UPDATE_CHECK = (
    f"UPDATE api_check SET {', '.join(f'{name} = %s' for name in CHECK_COLUMNS)} WHERE id = %s"
)
_INSERT_PING = f"INSERT INTO api_ping ({', '.join(PING_COLUMNS)}) VALUES ({', '.join(['%s'] * len(PING_COLUMNS))})"


def _upsert_entry() -> str:
    insert = "INSERT INTO api_journal (name, position, updated) VALUES (%s, %s, %s) "
    if connection.vendor == "mysql":
        return insert + (
            "ON DUPLICATE KEY UPDATE position = VALUES(position), updated = VALUES(updated)"
        )
    return insert + (
        "ON CONFLICT (name) DO UPDATE SET position = excluded.position, updated = excluded.updated"
    )


def _each(cursor: Any, sql: str, fields: Sequence[Any], rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        columns = [_adapted(*pair) for pair in zip(fields, zip(*rows, strict=True), strict=True)]
        cursor.executemany(sql, list(zip(*columns, strict=True)))


def _adapted(field: Any, values: tuple[Any, ...]) -> Sequence[Any]:
    """A column as the driver takes it."""
    if isinstance(field, models.DateTimeField):
        return [None if v is None else _instant(v, connection.vendor) for v in values]
    if not isinstance(field, _ADAPTED):
        return values
    return [None if v is None else field.get_db_prep_save(v, connection) for v in values]


@lru_cache(maxsize=4096)
def _instant(value: datetime, _: str) -> Any:
    """As the engine stores it; remembered, since a ping writes its own into several columns."""
    return connection.ops.adapt_datetimefield_value(value)
