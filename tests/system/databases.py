"""Empty databases on the servers of the tests, and how the service reaches them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg2
import pymysql

ENGINES = ("sqlite", "postgres", "mariadb")


@contextmanager
def empty_database(engine: str) -> Iterator[dict[str, str]]:
    """Its environment variables; the database goes when the block ends."""
    if engine == "sqlite":
        yield {}
        return
    name = f"hc_system_{uuid4().hex[:12]}"
    create, drop, run = _STATEMENTS[engine]
    run(create.format(name))
    try:
        yield {"DB": engine, "DB_HOST": "127.0.0.1", "DB_NAME": name}
    finally:
        run(drop.format(name))


def _on_postgres(statement: str) -> None:
    connection = psycopg2.connect(host="127.0.0.1", user="postgres", dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def _on_mariadb(statement: str) -> None:
    with (
        pymysql.connect(host="127.0.0.1", user="root") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


_STATEMENTS = {
    "postgres": ("CREATE DATABASE {}", "DROP DATABASE {} WITH (FORCE)", _on_postgres),
    "mariadb": (
        "CREATE DATABASE {} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        "DROP DATABASE {}",
        _on_mariadb,
    ),
}
