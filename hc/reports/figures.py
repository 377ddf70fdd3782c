"""What a report says: the downtimes of a person's checks in the periods that it covers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from hc.accounts.models import Member, Project, User
from hc.api.models import Check, Flip
from hc.core import words
from hc.core.state import Shown, Status
from hc.core.uptime import Change, Uptime, uptime
from hc.reports.dates import Span

# People whose jobs have been silent for so long are not written to.
SILENT = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one period of a check comes to in words; all empty if there is no data."""

    text: str = ""
    outages: str = ""
    length: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A check in a report; one entry per period, the newest first."""

    check: Check
    shown: Shown
    uptimes: tuple[Uptime, ...]

    @property
    def cells(self) -> list[Cell]:
        return [cell(found) for found in self.uptimes]


@dataclass(frozen=True, slots=True)
class Section:
    project: Project
    lines: tuple[Line, ...]


def checks_of(user: User) -> QuerySet[Check]:
    """All checks of projects that somebody owns or belongs to."""
    return Check.objects.filter(project__in=projects_of(user))


def projects_of(user: User) -> list[int]:
    """The keys of these projects: with an OR over tables in it, a query reads all checks."""
    mine = Project.objects.present().filter(owner=user).values_list("pk", flat=True)
    memberships = Member.objects.filter(user=user, project__removed=None)
    joined = memberships.values_list("project_id", flat=True)
    return list(mine.union(joined))


def is_silent(user: User, now: datetime) -> bool:
    """Whether no check of theirs has pinged for half a year."""
    return not checks_of(user).filter(last_ping__gt=now - SILENT).exists()


def sections(user: User, spans: Sequence[Span], now: datetime) -> list[Section]:
    """The projects by name; in each the checks with most downtime first."""
    found: dict[Project, list[Line]] = defaultdict(list)
    projects = projects_of(user)
    # In this order: a check that flips in between must not come without its flip.
    checks = list(Check.objects.filter(project__in=projects).select_related("project__owner"))
    changes = _changes(projects, min(span.period.start for span in spans))
    for check in checks:
        uptimes = tuple(
            uptime(
                changes[check.pk],
                created=check.created,
                status=Status(check.status),
                period=span.period,
                now=now,
            )
            for span in spans
        )
        found[check.project].append(Line(check, check.shown_status(now), uptimes))
    ordered = sorted(found, key=lambda project: (natural(str(project)), project.pk))
    return [Section(project, tuple(sorted(found[project], key=_worst))) for project in ordered]


def summary(found: Iterable[Section]) -> tuple[int, int]:
    """How many checks had downtime in the newest period, and how many downtimes there were."""
    outages = [line.uptimes[0].outages for section in found for line in section.lines]
    return sum(number > 0 for number in outages), sum(outages)


def cell(found: Uptime) -> Cell:
    """Number and length of the downtimes, even of a check that was watched for no other time."""
    if found.outages:
        outages, length = words.count(found.outages, "downtime"), words.brief(found.down)
        return Cell(f"{outages}, {length}", outages, length)
    return Cell("no problems" if found.watched else "")


def natural(text: str) -> list[tuple[int, str]]:
    """A key for sorting names: without letter case, and "job 9" before "job 10"."""
    parts = re.split(r"(\d+)", text.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _worst(line: Line) -> tuple[timedelta, list[tuple[int, str]], int]:
    return -line.uptimes[0].down, natural(line.check.label()), line.check.pk


def _changes(projects: Sequence[int], since: datetime) -> dict[int, list[Change]]:
    """The changes of status of each check, which are kept for longer than any report reaches."""
    found: dict[int, list[Change]] = defaultdict(list)
    flips = Flip.objects.filter(
        owner__project__in=projects, owner__removed=None, created__gte=since
    )
    columns = flips.order_by("created", "pk").values_list(
        "owner_id", "created", "old_status", "new_status"
    )
    for check, at, old, new in columns.iterator(chunk_size=2000):
        found[check].append(Change(at, Status(old), Status(new)))
    return found
