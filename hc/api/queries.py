"""Reading checks for lists and pages: a constant number of queries, however many rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce, Length

from hc.accounts.models import Profile, Project
from hc.api.models import Channel, Check, Flip, Notification, Ping
from hc.core.durations import LONGEST_RUN, LoggedPing, durations
from hc.core.state import Kind, Shown, Status
from hc.core.uptime import Period, Uptime, uptime

# Pings before a page among which the starts of its runs are looked for.
LOOK_BACK = 1000


def checks_of(project: Project) -> list[Check]:
    """All checks of a project, oldest first."""
    return list(Check.objects.filter(project=project).order_by("created", "pk"))


def channel_counts(project: Project) -> dict[int, int]:
    """How many channels each check alerts through: {check id: number}."""
    links = Channel.checks.through.objects.filter(check__project=project, channel__disabled=False)
    rows = links.values("check_id").annotate(number=Count("id"))
    return {row["check_id"]: row["number"] for row in rows}


def down_counts(project_ids: Sequence[int], now: datetime) -> dict[int, int]:
    """How many checks are down in each project, by the stored status: {project id: number}."""
    down = Check.objects.filter(project_id__in=project_ids).filter(
        Q(status=Status.DOWN) | Q(alert_after__lte=now)
    )
    rows = down.values("project_id").annotate(number=Count("id"))
    return {row["project_id"]: row["number"] for row in rows}


@dataclass(frozen=True, slots=True)
class ProjectCard:
    """A project with its number of checks and channels, and how its checks are."""

    project: Project
    checks: int
    down: int
    late: int
    up: int
    running: int
    channels: int


def project_cards(projects: Sequence[Project], now: datetime) -> list[ProjectCard]:
    """The projects, those with trouble first."""
    by_project: dict[int, list[Check]] = {project.pk: [] for project in projects}
    columns = ("project_id", "status", "due", "grace", "last_start")
    for check in Check.objects.filter(project__in=projects).only(*columns):
        by_project[check.project_id].append(check)
    links = Channel.objects.filter(project__in=projects).values("project_id")
    channels = {r["project_id"]: r["n"] for r in links.annotate(n=Count("id"))}
    cards = []
    for project in projects:
        checks = by_project[project.pk]
        shown = [check.shown_status(now) for check in checks]
        cards.append(
            ProjectCard(
                project=project,
                checks=len(checks),
                down=shown.count(Shown.DOWN),
                late=shown.count(Shown.GRACE),
                up=shown.count(Shown.UP),
                running=sum(check.is_running(now) for check in checks),
                channels=channels.get(project.pk, 0),
            )
        )
    return sorted(cards, key=lambda card: not card.down)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of a check's log: a ping with its run time, or a flip with its messages."""

    at: datetime
    ping: Ping | None = None
    duration: timedelta | None = None
    flip: Flip | None = None
    notifications: tuple[Notification, ...] = ()


def recent_pings(check: Check, limit: int) -> list[Ping]:
    """The newest visible pings, newest first. Source: core 6.1 of the specification."""
    log_limit = Profile.of(check.project.owner_id).ping_log_limit
    visible = Ping.objects.filter(owner=check, n__gt=check.n_pings - log_limit)
    return list(visible.order_by("-n")[:limit])


class PingRow(NamedTuple):
    """A ping without its body. `size`: the bytes of its body, 0 or None if it has none."""

    n: int | None
    kind: str | None
    created: datetime
    scheme: str
    remote_addr: str | None
    method: str
    ua: str
    rid: UUID | None
    size: int | None

    def logged(self) -> LoggedPing:
        return LoggedPing(self.n or 0, Kind(self.kind or Kind.SUCCESS), self.created, self.rid)


def ping_rows(check: Check, limit: int, *, before: int | None = None) -> list[PingRow]:
    """The newest visible pings, newest first; those with numbers below `before`."""
    log_limit = Profile.of(check.project.owner_id).ping_log_limit
    rows = Ping.objects.filter(owner=check, n__gt=check.n_pings - log_limit)
    if before is not None:
        rows = rows.filter(n__lt=before)
    size = Coalesce(F("object_size"), Length("body_raw"))
    columns = [name for name in PingRow._fields if name != "size"]
    found = rows.order_by("-n").annotate(size=size).values_list(*columns, "size")[:limit]
    return [PingRow._make(row) for row in found]


def run_times_of(check: Check, rows: Sequence[PingRow]) -> dict[int, timedelta]:
    """The durations of the runs that the pings ended, {n: duration}; also of those whose starts
    came before the oldest of `rows`, which are the newest first. One query."""
    pings = [row.logged() for row in reversed(rows)]
    if not pings:
        return {}
    first = pings[0]
    earlier = Ping.objects.filter(
        owner=check, n__lt=first.n, created__gte=first.at - LONGEST_RUN
    ).order_by("-n")
    columns = ("n", "kind", "created", "rid")
    older = [
        LoggedPing(n, Kind(kind or Kind.SUCCESS), at, rid)
        for n, kind, at, rid in earlier.values_list(*columns)[:LOOK_BACK]
    ]
    found = durations([*reversed(older), *pings])
    return {ping.n: found[ping.n] for ping in pings if ping.n in found}


def run_times(pings: Sequence[Ping]) -> dict[int, timedelta]:
    """The durations of the runs among `pings`: {n: duration}."""
    return durations(
        LoggedPing(ping.n or 0, ping.signal(), ping.created, ping.rid)
        for ping in sorted(pings, key=lambda ping: ping.n or 0)
    )


def log(check: Check, pings: Sequence[Ping], limit: int) -> list[LogEntry]:
    """The newest pings and flips of a check with what was sent, newest first.

    `pings`: the newest ones; flips older than the oldest of them are left out when there are
    more pings than fit.
    """
    times = run_times(pings)
    entries = [LogEntry(ping.created, ping=ping, duration=times.get(ping.n or 0)) for ping in pings]
    flips = list(Flip.objects.filter(owner=check).order_by("-created", "-pk")[:limit])
    sent: dict[int | None, list[Notification]] = {}
    notifications = Notification.objects.filter(flip__in=flips).select_related("channel")
    for notification in notifications.order_by("pk"):
        sent.setdefault(notification.flip_id, []).append(notification)
    entries += [
        LogEntry(flip.created, flip=flip, notifications=tuple(sent.get(flip.pk, ())))
        for flip in flips
    ]
    # At the same instant the flip is the consequence of the ping, and so the later event.
    entries.sort(key=lambda entry: (entry.at, entry.flip is not None), reverse=True)
    return entries[:limit]


def uptime_of(check: Check, span: timedelta, now: datetime) -> Uptime:
    """Up and down time in the last `span`."""
    period = Period(now - span, now)
    flips = Flip.objects.filter(owner=check, created__gte=period.start).order_by("created", "pk")
    return uptime(
        [flip.change() for flip in flips],
        created=check.created,
        status=Status(check.status),
        period=period,
        now=now,
    )
