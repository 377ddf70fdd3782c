"""The projects that every page offers to switch to: one query, however many checks they have."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from hc.lib.prepared import Statement

_MINE = Statement(
    "hc_project_menu",
    """
SELECT p.id, p.code, p.name, u.email, (
 SELECT COUNT(*) FROM api_check c WHERE c.project_id = p.id AND c.removed IS NULL
 AND (c.status = 'down' OR c.alert_after <= %(now)s))
FROM accounts_project p JOIN auth_user u ON u.id = p.owner_id
WHERE p.removed IS NULL AND (p.owner_id = %(user)s OR p.id IN (
 SELECT m.project_id FROM accounts_member m WHERE m.user_id = %(user)s))""",
    {"now": "timestamptz", "user": "integer"},
)


class MenuProject(NamedTuple):
    """A project by its key, code and title, and how many of its checks are down."""

    pk: int
    code: UUID
    title: str
    down: int


def menu_of(user_id: int, now: datetime) -> list[MenuProject]:
    """The projects that somebody owns or belongs to, by title without letter case."""
    rows = _MINE.rows(now=now, user=user_id)
    found = [
        MenuProject(pk, code if isinstance(code, UUID) else UUID(code), name or email, down)
        for pk, code, name, email, down in rows
    ]
    return sorted(found, key=lambda project: (project.title.lower(), project.pk))
