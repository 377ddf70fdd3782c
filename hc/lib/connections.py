"""The database connection of the current thread."""

from __future__ import annotations

from django.db import close_old_connections, connection


def refresh() -> None:
    """Replace it if it broke or is too old; not amid a caller's transaction."""
    if not connection.in_atomic_block:
        close_old_connections()
