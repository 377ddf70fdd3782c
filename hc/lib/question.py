"""Queries that pages ask all day long: the ORM puts them into words once, and not each time.

For a query of a few rows, that takes Django longer than the database takes to answer it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet
from django.db.models.query import get_related_populators

from hc.lib.prepared import Statement, adapted

T = TypeVar("T")

# What stands in a query for the first, second, … value of a kind, until it is known.
_STANDS_FOR: dict[str, Callable[[int], Any]] = {
    "integer": lambda number: 2_000_000_000 + number,
    "timestamptz": lambda number: datetime(2900, 1, number, tzinfo=UTC),
    "date": lambda number: date(2901, 1, number),
    "uuid": lambda number: UUID(int=number),
}


class Question(Generic[T]):
    """A query by `ask`, a function of values that are given by name, for rows of models (also with
    `select_related` and annotations) or for `values_list`.

    `name`: of the prepared statement. `kinds`: of the values, as PostgreSQL calls them: integer,
    timestamptz, date, uuid. The words of the query must not depend on them; so numbers and texts
    that `ask` adds by itself are the same each time.
    """

    def __init__(
        self, name: str, kinds: dict[str, str], ask: Callable[..., QuerySet[Any, T]]
    ) -> None:
        self._name, self._kinds, self._ask = name, kinds, ask
        self._worded: dict[str, _Worded] = {}

    def rows(self, **values: Any) -> list[T]:
        worded = self._worded.get(connection.vendor)
        if worded is None:
            worded = self._worded[connection.vendor] = self._in_words()
        return list(worded.answers(values))

    def one(self, **values: Any) -> T | None:
        return next(iter(self.rows(**values)), None)

    def _in_words(self) -> _Worded:
        stands = {
            name: _STANDS_FOR[kind](number)
            for number, (name, kind) in enumerate(self._kinds.items(), 1)
        }
        names = {adapted(self._kinds[name], value): name for name, value in stands.items()}
        query = self._ask(**stands)
        compiler = query.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        constants, places = {}, []
        for number, param in enumerate(params):
            name = names.get(param)
            if name is None and connection.vendor == "postgresql":
                places.append(_literal(param))
                continue
            if name is None:
                name = f"always_{number}"
                constants[name] = param
            places.append(f"%({name})s")
        kinds = self._kinds | dict.fromkeys(constants, "unknown")
        statement = Statement(self._name, sql % tuple(places), kinds)
        of_models = getattr(query, "_fields", None) is None
        return _Worded(statement, constants, _Reader(compiler, of_models=of_models))


def _literal(param: Any) -> str:
    """As PostgreSQL's driver writes it: the type of a placeholder would be guessed."""
    with connection.cursor() as cursor:
        return str(cursor.mogrify("%s", [param]), "utf-8")


@dataclass(frozen=True, slots=True)
class _Worded:
    """A question in the words of one kind of database. `constants`: values that are always the
    same, by their places."""

    statement: Statement
    constants: dict[str, Any]
    reader: _Reader

    def answers(self, values: dict[str, Any]) -> Iterator[Any]:
        return map(self.reader.read, self.statement.rows(**values, **self.constants))


class _Reader:
    """Makes of a row in the database what the ORM would make of it."""

    def __init__(self, compiler: Any, *, of_models: bool) -> None:
        select, about = compiler.select, compiler.klass_info
        found = compiler.get_converters([column for column, _, _ in select])
        self._converters = [(at, *converters) for at, converters in found.items()]
        self._model = about["model"] if of_models else None
        if of_models:
            self._columns = len(about["select_fields"])
            self._names = [column.target.attname for column, _, _ in select[: self._columns]]
            self._related = get_related_populators(about, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # stubs of a later Django
            self._annotations = list((compiler.annotation_col_map or {}).items())

    def read(self, row: tuple[Any, ...]) -> Any:
        values = list(row)
        for at, converters, expression in self._converters:
            for convert in converters:
                values[at] = convert(values[at], expression, connection)
        if not self._model:
            return tuple(values)
        one = self._model.from_db(DEFAULT_DB_ALIAS, self._names, values[: self._columns])
        for populator in self._related:
            populator.populate(values, one)
        for name, at in self._annotations:
            setattr(one, name, values[at])
        return one
