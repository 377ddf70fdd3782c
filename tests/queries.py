"""How many queries something takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from django.db import connection
from django.test.utils import CaptureQueriesContext

T = TypeVar("T")


def count_queries(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def asked_by(work: Callable[[], T]) -> tuple[T, list[str]]:
    """What comes of it, and what the database was asked, prepared statements in full."""
    with CaptureQueriesContext(connection) as captured:
        answer = work()
    prepared = {}
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, statement FROM pg_prepared_statements")
            prepared = dict(cursor.fetchall())
    asked = [query["sql"] for query in captured.captured_queries]
    return answer, [_EXECUTE.sub(lambda match: prepared[match[1]], sql) for sql in asked]


_EXECUTE = re.compile(r"^EXECUTE (\w+).*", re.DOTALL)
