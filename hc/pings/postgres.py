"""A batch of pings on PostgreSQL: a few prepared statements for any number of pings.

The values of a column travel as one array, all bodies as one string of bytes. A transaction is
two round trips: it begins with the statement that locks, and ends with the one that writes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import accumulate, count
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import Error, connection, models
from psycopg2 import Binary

from hc.api.models import Check, Journal, Ping
from hc.lib.prepared import cursor_knowing
from hc.pings.batch import (
    CHECK_COLUMNS,
    JOURNAL_COLUMNS,
    LOCKED_COLUMNS,
    PING_COLUMNS,
    Batch,
    as_rows,
    fields_of,
)

Call = tuple[str, list[Any]]
# The columns at the end of CHECK_COLUMNS that change with a flip only, and the look to be planned.
STEADY = 3


def resolve(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str, UUID]]:
    """The checks with these ping keys and slugs, as (ping key, slug, code)."""
    with _prepared_cursor() as cursor:
        cursor.execute(*resolve_call(pairs))
        found: list[tuple[str, str, UUID]] = cursor.fetchall()
        return found


@contextmanager
def transaction_on(codes: Collection[UUID], now: datetime) -> Iterator[Batch]:
    """As hc.pings.sql.transaction_on. Inside of another transaction it becomes a part of it."""
    with _prepared_cursor() as cursor:
        if not connection.get_autocommit():
            cursor.execute(*lock_call("", codes))
            batch = Batch(as_rows(cursor.fetchall()))
            yield batch
            _execute(cursor, write_call(batch, now, ""))
            return
        try:
            cursor.execute(*lock_call("BEGIN;", codes))
            batch = Batch(as_rows(cursor.fetchall()))
            # Django has not seen the BEGIN: tell it not to begin or commit anything itself.
            connection.autocommit = False
            yield batch
            _execute(cursor, write_call(batch, now, "COMMIT"))
        except BaseException:
            _roll_back(cursor)
            raise
        finally:
            connection.autocommit = True


def _prepared_cursor() -> AbstractContextManager[Any]:
    """A cursor of a connection that knows our statements: planning them costs more than running."""
    return cursor_knowing(SET_UP)


def _execute(cursor: Any, call: Call) -> None:
    if call[0]:
        cursor.execute(*call)


def _roll_back(cursor: Any) -> None:
    try:
        cursor.execute("ROLLBACK")
    except Error:
        connection.close()


# --- Calls: a text and its values -------------------------------------------------------------


def resolve_call(pairs: Sequence[tuple[str, str]]) -> Call:
    return _RESOLVE_SLUGS, list(_arrays([_KINDS[models.CharField]] * 2, pairs))


def lock_call(begin: str, codes: Collection[UUID]) -> Call:
    if len(codes) == 1:
        return f"{begin}EXECUTE hc_lock_check(%s)", [code.hex for code in codes]
    array = "{" + ",".join([code.hex for code in codes]) + "}"
    return f"{begin}EXECUTE hc_lock_checks(%s)", [array]


def write_call(batch: Batch, now: datetime, end: str) -> Call:
    """The journal comes first: its row tells others that this transaction has not ended yet."""
    entries = [(name, position, now) for name, position in batch.journal.items()]
    if len(batch.pings) == len(entries) == 1 and not batch.has_flips:
        values = (*entries[0], *batch.checks[0][:-STEADY], *batch.pings[0])
        return f"{_WRITE_ONE};{end}", list(map(_adapted, values))
    calls: list[Call] = [
        (_UPSERT_JOURNAL, list(_arrays(_JOURNAL_KINDS, entries))),
        _check_call(batch),
        (_INSERT_PINGS, _ping_arrays(batch.pings)),
    ]
    text = ";".join([call for call, arrays in calls if arrays] + [end] * bool(end))
    return text, [array for _, arrays in calls for array in arrays]


def _check_call(batch: Batch) -> Call:
    """Most batches leave the status of their checks alone, and so need fewer columns."""
    if batch.has_flips:
        return _UPDATE_CHECKS, list(_arrays(_CHECK_KINDS, batch.checks))
    moves = [check[:-STEADY] for check in batch.checks]
    return _MOVE_CHECKS, list(_arrays(_CHECK_KINDS[:-STEADY], moves))


def _adapted(value: Any) -> Any:
    """A value as the driver takes it."""
    if isinstance(value, bytes):
        return Binary(value)
    return value.hex if isinstance(value, UUID) else value


# --- Values as arrays ---------------------------------------------------------------------------


def _quoted(value: object) -> str:
    return f'"{value}"'


@lru_cache(maxsize=4096)
def _timestamp(value: datetime) -> str:
    """A check holds the time of its ping in several columns."""
    return f'"{value}"'


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _interval(value: timedelta) -> str:
    return f'"{value // timedelta(microseconds=1)} us"'


# The type of a column on PostgreSQL, and how its values stand in an array.
_Kind = tuple[str, Callable[[Any], str]]
_KINDS: dict[type[models.Field[Any, Any]], _Kind] = {
    models.AutoField: ("int", str),
    models.ForeignKey: ("int", str),
    models.IntegerField: ("int", str),
    models.BigIntegerField: ("bigint", str),
    models.SmallIntegerField: ("smallint", str),
    models.BooleanField: ("bool", str),
    models.CharField: ("text", _text),
    models.DateTimeField: ("timestamptz", _timestamp),
    models.DurationField: ("interval", _interval),
    models.GenericIPAddressField: ("inet", _quoted),
    models.UUIDField: ("uuid", attrgetter("hex")),
}


def _kinds(fields: Sequence[Any]) -> list[_Kind]:
    return [_KINDS[type(field)] for field in fields]


def _arrays(kinds: Sequence[_Kind], rows: Sequence[tuple[Any, ...]]) -> list[str]:
    if not rows:
        return []
    return [
        _array(write, column)
        for (_, write), column in zip(kinds, zip(*rows, strict=True), strict=True)
    ]


def _array(write: Callable[[Any], str], column: tuple[Any, ...]) -> str:
    first = column[0]
    if column.count(first) == len(column):  # most columns hold the same value throughout
        texts = ["NULL" if first is None else write(first)] * len(column)
    else:
        texts = ["NULL" if value is None else write(value) for value in column]
    return "{" + ",".join(texts) + "}"


def _ping_arrays(pings: Sequence[tuple[Any, ...]]) -> list[Any]:
    """As the other columns; then all bodies in one, with where each begins and how long it is."""
    if not pings:
        return []
    bodies = [ping[-1] for ping in pings]
    starts = accumulate(map(len, bodies[:-1]), initial=1)
    spans = [(start, len(body)) for start, body in zip(starts, bodies, strict=True)]
    arrays = _arrays(_PING_KINDS, [ping[:-1] for ping in pings])
    return [*arrays, *_arrays(_SPAN_KINDS, spans), Binary(b"".join(bodies))]


def _call(name: str, parameters: int) -> str:
    return f"EXECUTE {name}({', '.join(['%s'] * parameters)})"


def _unnest(kinds: Sequence[_Kind]) -> str:
    return "unnest(" + ", ".join(f"${n}" for n in range(1, len(kinds) + 1)) + ")"


def _prepare(name: str, kinds: Sequence[_Kind], sql: str, *more: str) -> str:
    """`more`: the types of further parameters, which are no arrays."""
    types = [f"{kind}[]" for kind, _ in kinds]
    return f"PREPARE {name}({', '.join([*types, *more])}) AS {sql}"


_CHECK_FIELDS = fields_of(Check, ["id", *CHECK_COLUMNS])
_PING_FIELDS = fields_of(Ping, PING_COLUMNS[:-1])  # the last one is the body
_JOURNAL_FIELDS = fields_of(Journal, JOURNAL_COLUMNS)
_CHECK_KINDS = _kinds(_CHECK_FIELDS)
_PING_KINDS = _kinds(_PING_FIELDS)
_JOURNAL_KINDS = _kinds(_JOURNAL_FIELDS)
_SPAN_KINDS = [("int", str), ("int", str)]
_ONE_KINDS = [*_JOURNAL_KINDS, *_CHECK_KINDS[:-STEADY], *_PING_KINDS, ("bytea", bytes)]
_MOVED = CHECK_COLUMNS[:-STEADY]


def _update(columns: Sequence[str], *more: str) -> str:
    kinds = _CHECK_KINDS[: len(columns) + 1]
    changes = ", ".join([*(f"{name} = v.{name}" for name in columns), *more])
    return (
        f"UPDATE api_check c SET {changes} "
        f"FROM {_unnest(kinds)} AS v (id, {', '.join(columns)}) WHERE c.id = v.id"
    )


def _prepare_one() -> str:
    """What the statements for many do, at once: for one ping that causes no flip."""
    numbers = count(1)

    def values(columns: Sequence[str]) -> dict[str, str]:
        return {name: f"${next(numbers)}" for name in columns}

    journal, check, ping = map(values, (JOURNAL_COLUMNS, ["id", *_MOVED], PING_COLUMNS))
    changes = ", ".join(f"{name} = {check[name]}" for name in _MOVED)
    return (
        f"PREPARE hc_write_one({', '.join(kind for kind, _ in _ONE_KINDS)}) AS "
        f"WITH noted AS (INSERT INTO api_journal ({', '.join(journal)}) "
        f"VALUES ({', '.join(journal.values())}) ON CONFLICT (name) "
        "DO UPDATE SET position = excluded.position, updated = excluded.updated), "
        f"moved AS (UPDATE api_check SET {changes}, "
        f"sweep_at = least(sweep_at, {check['alert_after']}) WHERE id = {check['id']}) "
        f"INSERT INTO api_ping ({', '.join(ping)}) VALUES ({', '.join(ping.values())})"
    )


_RESOLVE_SLUGS = _call("hc_resolve_slugs", 2)
_WRITE_ONE = _call("hc_write_one", len(_ONE_KINDS))
_MOVE_CHECKS = _call("hc_move_checks", len(_CHECK_KINDS) - STEADY)
_UPDATE_CHECKS = _call("hc_update_checks", len(_CHECK_KINDS))
_INSERT_PINGS = _call("hc_insert_pings", len(_PING_KINDS) + 3)
_UPSERT_JOURNAL = _call("hc_upsert_journal", len(_JOURNAL_KINDS))
_STATEMENTS = (
    _prepare(
        "hc_resolve_slugs",
        [_KINDS[models.CharField]] * 2,
        "SELECT a.ping_key, a.slug, c.code FROM unnest($1, $2) AS a (ping_key, slug) "
        "JOIN accounts_project p ON p.ping_key = a.ping_key "
        "JOIN api_check c ON c.project_id = p.id AND c.slug = a.slug AND c.removed IS NULL",
    ),
    _prepare(
        "hc_lock_checks",
        [_KINDS[models.UUIDField]],
        f"SELECT {', '.join(LOCKED_COLUMNS)} FROM api_check WHERE code = ANY($1) "
        "AND removed IS NULL ORDER BY id FOR UPDATE",
    ),
    (
        f"PREPARE hc_lock_check(uuid) AS SELECT {', '.join(LOCKED_COLUMNS)} FROM api_check "
        "WHERE code = $1 AND removed IS NULL FOR UPDATE"
    ),
    _prepare_one(),
    _prepare("hc_update_checks", _CHECK_KINDS, _update(CHECK_COLUMNS)),
    _prepare(
        "hc_move_checks",
        _CHECK_KINDS[:-STEADY],
        # As hc.api.services.transitions.next_look.
        _update(_MOVED, "sweep_at = least(c.sweep_at, v.alert_after)"),
    ),
    _prepare(
        "hc_insert_pings",
        [*_PING_KINDS, *_SPAN_KINDS],
        f"INSERT INTO api_ping ({', '.join(PING_COLUMNS)}) "
        f"SELECT {', '.join(f'v.{name}' for name in PING_COLUMNS[:-1])}, "
        f"substr(${len(_PING_KINDS) + 3}, v.start, v.length) "
        f"FROM {_unnest([*_PING_KINDS, *_SPAN_KINDS])} "
        f"AS v ({', '.join(PING_COLUMNS[:-1])}, start, length)",
        "bytea",
    ),
    _prepare(
        "hc_upsert_journal",
        _JOURNAL_KINDS,
        "INSERT INTO api_journal (name, position, updated) "
        f"SELECT * FROM {_unnest(_JOURNAL_KINDS)} ON CONFLICT (name) "
        "DO UPDATE SET position = excluded.position, updated = excluded.updated",
    ),
)
# One plan for batches of all sizes: PostgreSQL would else plan those of a few pings each time.
SET_UP = "SET plan_cache_mode = force_generic_plan;" + ";".join(_STATEMENTS)
