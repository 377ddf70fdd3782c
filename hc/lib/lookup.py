"""Rows that every page asks for: the ORM puts the question into words once, and not each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Field, Model, QuerySet
from django.db.models.query import get_related_populators

from hc.lib.prepared import Statement

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class _Question:
    """In the words of one kind of database, and how to read what it answers."""

    statement: Statement
    place: Field[Any, Any]
    converters: list[tuple[int, list[Callable[..., Any]], Any]]
    model: type[Model]
    names: list[str]
    related: list[Any]

    def answers(self, value: Any) -> list[Model]:
        said = self.place.get_db_prep_value(value, connection)
        found = []
        for answer in self.statement.rows(value=said):
            row = list(answer)
            for at, converters, expression in self.converters:
                for convert in converters:
                    row[at] = convert(row[at], expression, connection)
            one = self.model.from_db(DEFAULT_DB_ALIAS, self.names, row[: len(self.names)])
            for populator in self.related:
                populator.populate(row, one)
            found.append(one)
        return found


class Lookup(Generic[M]):
    """The row with some value in a column that is unique, with what `select_related` adds to it.

    `name`: of the prepared statement. `rows`: among which it is looked for; a query without values
    of its own. `kind`: the type of the column on PostgreSQL.
    """

    def __init__(self, name: str, rows: Callable[[], QuerySet[M]], column: str, kind: str) -> None:
        self._name, self._rows, self._column, self._kind = name, rows, column, kind
        self._questions: dict[str, _Question] = {}

    def find(self, value: Any) -> M | None:
        question = self._questions.get(connection.vendor)
        if question is None:
            question = self._questions[connection.vendor] = self._asked_for(value)
        found: list[Any] = question.answers(value)
        return found[0] if found else None

    def _asked_for(self, value: Any) -> _Question:
        rows = self._rows()
        compiler = rows.filter(**{self._column: value}).query.get_compiler(DEFAULT_DB_ALIAS)
        sql, _ = compiler.as_sql()
        select: list[Any] = compiler.select or []
        about: dict[str, Any] = compiler.klass_info or {}
        columns = about["select_fields"]
        found = compiler.get_converters([column for column, _, _ in select])
        place: Any = rows.model._meta.get_field(self._column)
        named = sql.replace("%s", "%(value)s")
        return _Question(
            statement=Statement(self._name, named, {"value": self._kind}),
            place=place,
            converters=[(at, *converters) for at, converters in found.items()],
            model=rows.model,
            names=[column.target.attname for column, _, _ in select[: len(columns)]],
            related=get_related_populators(about, select, DEFAULT_DB_ALIAS),  # type: ignore[call-arg]  # stubs of a later Django
        )
