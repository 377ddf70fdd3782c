"""How the checks of each project are, for the overview: counted by the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, DateTimeField, ExpressionWrapper, F, Max, Q

from hc.accounts.models import Project
from hc.api.models import Channel, Check, Flip
from hc.core.state import Shown, Status

# For how long the overview remembers that something was down.
REMEMBERED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ProjectCard:
    """A project with its number of checks and channels, and how its checks are.

    `incident`: when a check went down last, if that is not too long ago (REMEMBERED).
    """

    project: Project
    checks: int = 0
    down: int = 0
    late: int = 0
    up: int = 0
    paused: int = 0
    new: int = 0
    running: int = 0
    channels: int = 0
    incident: datetime | None = None

    @property
    def worst(self) -> Shown | None:
        """The status that a project has as a whole; None as long as nothing is watched."""
        states = ((self.down, Shown.DOWN), (self.late, Shown.GRACE), (self.up, Shown.UP))
        return next((shown for number, shown in states if number), None)


def project_cards(projects: Sequence[Project], now: datetime) -> list[ProjectCard]:
    """The projects, those with trouble first. Three queries, which load no checks."""
    mine = [project.pk for project in projects]
    counted = {row.pop("project_id"): row for row in _counted(mine, now)}
    links = Channel.objects.filter(project_id__in=mine).values("project_id")
    channels = dict(links.annotate(n=Count("id")).values_list("project_id", "n"))
    last = _incidents(mine, now - REMEMBERED)
    cards = [
        ProjectCard(
            project,
            channels=channels.get(project.pk, 0),
            incident=last.get(project.pk),
            **counted.get(project.pk, {}),
        )
        for project in projects
    ]
    return sorted(cards, key=lambda card: (-card.down, -card.late))


def _counted(projects: list[int], now: datetime) -> Any:
    """The rule of `shown_status`, a row for each project that has checks."""
    down = Q(status=Status.DOWN) | Q(alert_after__lte=now)
    can_wait = Q(alert_after__isnull=True) | Q(alert_after__gt=now)
    on_time = Q(due__isnull=True) | Q(due__gt=now)
    overrun_at = ExpressionWrapper(F("last_start") + F("grace"), output_field=DateTimeField())
    checks = Check.objects.filter(project_id__in=projects).alias(overrun_at=overrun_at)
    return checks.values("project_id").annotate(
        checks=Count("pk"),
        down=Count("pk", filter=down),
        late=Count("pk", filter=Q(status=Status.UP, due__lte=now) & can_wait),
        up=Count("pk", filter=Q(status=Status.UP) & on_time & can_wait),
        paused=Count("pk", filter=Q(status=Status.PAUSED) & can_wait),
        new=Count("pk", filter=Q(status=Status.NEW) & can_wait),
        running=Count("pk", filter=Q(overrun_at__gt=now)),
    )


def _incidents(projects: list[int], since: datetime) -> dict[int, datetime]:
    """When a check of each project went down last."""
    flips = Flip.objects.filter(
        owner__project_id__in=projects,
        owner__removed=None,
        new_status=Status.DOWN,
        created__gte=since,
    )
    found = flips.values("owner__project_id").annotate(last=Max("created"))
    return dict(found.values_list("owner__project_id", "last"))
