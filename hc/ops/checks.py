"""Conditions of the installation that Django checks at each command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections


@register
def mail(**_: Any) -> list[CheckMessage]:
    if settings.EMAIL_HOST:
        return []
    hint = "Set EMAIL_HOST, else nobody gets them."
    return [checks.Warning("Mails are printed to the console.", hint=hint, id="hc.api.W002")]


@register
def clock(**_: Any) -> list[CheckMessage]:
    if settings.TIME_ZONE == "UTC":
        return []
    return [Error("TIME_ZONE must stay UTC.", hint="Remove the override.", id="hc.api.E003")]


@register(Tags.database)
def collation(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Keys and slugs differ by letter case, and so must the columns that hold them."""
    if "default" not in (databases or ()) or connections["default"].vendor != "mysql":
        return []
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT @@collation_database")
            name = str(cursor.fetchone()[0])
    except DatabaseError as e:
        return [Error(f"The database cannot be used: {type(e).__name__}", id="hc.api.E004")]
    if name.endswith(("_bin", "_cs")):
        return []
    hint = f"ALTER DATABASE `{settings.DATABASES['default']['NAME']}` COLLATE utf8mb4_bin;"
    text = f"The collation {name} of the database does not tell capital letters from small ones."
    return [checks.Warning(text, hint=hint, id="hc.api.W007")]
