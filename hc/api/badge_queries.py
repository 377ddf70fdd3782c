"""Counting checks for badges: one query each, which loads no checks.

A badge is looked up by its public key. Where there is no such project or check (any more) the
answer is None: what is gone must not look as if it were up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, FilteredRelation, Q

from hc.accounts.models import Project
from hc.api.models import Check
from hc.core.badge import Counts
from hc.core.state import Shown, Status, shown_status


def project_counts(badge_key: str, now: datetime) -> Counts | None:
    """How the checks of a project are."""
    rows = Project.objects.present().filter(badge_key=badge_key).values("pk")
    row = rows.annotate(**_counting("check__", now)).first()
    return _counts(row) if row else None


def tag_counts(badge_key: str, tag: str, now: datetime) -> Counts | None:
    """How the checks of a project that have this tag are.

    A check keeps its tags in one text, of which the database can tell only that it contains the
    tag, on SQLite in whatever letter case. So it counts by that text, and what has the very tag
    is told here. A project without such checks still has a row: one without tags.
    """
    tagged = FilteredRelation("check", condition=Q(check__tags__contains=tag))
    projects = Project.objects.present().filter(badge_key=badge_key).annotate(tagged=tagged)
    rows = list(projects.values("tagged__tags").annotate(**_counting("tagged__", now)))
    matching = (_counts(row) for row in rows if tag in (row["tagged__tags"] or "").split())
    return sum(matching, Counts()) if rows else None


def check_counts(badge_key: UUID, now: datetime) -> tuple[str, Counts] | None:
    """What to call a check in public, and how it is. Its code is a secret."""
    columns = ("name", "slug", "status", "due", "alert_after")
    found = Check.objects.filter(badge_key=badge_key, project__removed=None)
    row = found.values_list(*columns).first()
    if row is None:
        return None
    name, slug, status, due, alert_after = row
    shown = shown_status(Status(status), due=due, alert_after=alert_after, now=now)
    counts = Counts(1, int(shown is Shown.GRACE), int(shown is Shown.DOWN))
    return name.strip() or slug or "check", counts


def _counting(to_check: str, now: datetime) -> dict[str, Count]:
    """The rule of `shown_status`, counted by the database. `to_check`: the path to the checks."""

    def where(**columns: Any) -> Q:
        return Q(**{to_check + name: value for name, value in columns.items()})

    down = where(status=Status.DOWN) | where(alert_after__lte=now)
    can_wait = where(alert_after__isnull=True) | where(alert_after__gt=now)
    late = where(status=Status.UP, due__lte=now) & can_wait
    pk = f"{to_check}pk"
    return {
        "total": Count(pk),
        "late": Count(pk, filter=late),
        "down": Count(pk, filter=down),
    }


def _counts(row: Mapping[str, Any]) -> Counts:
    return Counts(row["total"], row["late"], row["down"])
