"""Counting checks for badges, by one query that loads none of them.

A badge is looked up by its public key. Where there is no such project or check (any more) the
answer is None: what is gone must not look as if it were up. The counts are plain SQL, the same on
all databases: to build such a query anew each time would take longer than to run it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from hc.accounts.models import Project
from hc.core.badge import Counts
from hc.lib.prepared import Statement

# The rule of `shown_status`, told by the database.
_LATE = """c.due <= %(now)s AND c.status = 'up'
 AND (c.alert_after IS NULL OR c.alert_after > %(now)s)"""
_DOWN = "c.alert_after <= %(now)s OR c.status = 'down'"
_COUNTED = f"""
SELECT COUNT(*), COUNT(CASE WHEN {_LATE} THEN 1 END), COUNT(CASE WHEN {_DOWN} THEN 1 END){{tags}}
FROM api_check c WHERE c.removed IS NULL AND c.project_id = (
 SELECT p.id FROM accounts_project p WHERE p.badge_key = %(key)s AND p.removed IS NULL){{only}}"""
_ONE = f"""
SELECT c.name, c.slug, CASE WHEN {_LATE} THEN 1 ELSE 0 END, CASE WHEN {_DOWN} THEN 1 ELSE 0 END
FROM api_check c JOIN accounts_project p ON p.id = c.project_id
WHERE c.badge_key = %(key)s AND c.removed IS NULL AND p.removed IS NULL"""
_KINDS = {"now": "timestamptz", "key": "text"}
_OF_PROJECT = Statement("hc_badge", _COUNTED.format(tags="", only=""), _KINDS)
_OF_TAG = Statement(
    "hc_badge_of_tag",
    _COUNTED.format(tags=", c.tags", only=" AND c.tags LIKE %(like)s ESCAPE '!' GROUP BY c.tags"),
    _KINDS | {"like": "text"},
)
_OF_CHECK = Statement("hc_badge_of_check", _ONE, _KINDS | {"key": "uuid"})


def project_counts(badge_key: str, now: datetime) -> Counts | None:
    """How the checks of a project are."""
    (row,) = _OF_PROJECT.rows(now=now, key=badge_key)
    return Counts(*row) if row[0] else _of_none(badge_key)


def tag_counts(badge_key: str, tag: str, now: datetime) -> Counts | None:
    """How the checks of a project that have this tag are.

    A check keeps its tags in one text, of which the database can tell only that it contains the
    tag, on SQLite in whatever letter case. So it counts by that text, and what has the very tag
    is told here.
    """
    escaped = "".join(f"!{c}" if c in "!%_" else c for c in tag)
    rows = _OF_TAG.rows(now=now, key=badge_key, like=f"%{escaped}%")
    matching = [Counts(*numbers) for *numbers, tags in rows if tag in tags.split()]
    return sum(matching, Counts()) if matching else _of_none(badge_key)


def check_counts(badge_key: UUID, now: datetime) -> tuple[str, Counts] | None:
    """What to call a check in public, and how it is. Its code is a secret."""
    for name, slug, late, down in _OF_CHECK.rows(now=now, key=badge_key):
        return name.strip() or slug or "check", Counts(1, late, down)
    return None


def _of_none(badge_key: str) -> Counts | None:
    """Where no checks were found: those of a project without such checks, or of no project."""
    return Counts() if Project.objects.present().filter(badge_key=badge_key).exists() else None
