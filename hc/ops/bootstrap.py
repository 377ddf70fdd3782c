"""What must be true before the first process starts: tables, an administrator, static files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

LOCK_NAME = 72_410_615  # any number; the same in all copies


def migrate() -> bool:
    """Bring the tables up to date, one copy of the service at a time; whether there was work."""
    with _alone():
        executor = MigrationExecutor(connection)
        if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        call_command("migrate", interactive=False, verbosity=0)
    return True


@contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock of the database server; SQLite locks its file by itself."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_NAME])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_NAME])
    elif connection.vendor == "mysql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT GET_LOCK(%s, 600)", [f"hc-{LOCK_NAME}"])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT RELEASE_LOCK(%s)", [f"hc-{LOCK_NAME}"])
    else:
        yield
