"""Reading checks for lists and pages: a constant number of queries, however many rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce, Length

from hc.accounts.models import Profile, Project
from hc.api.models import Channel, Check, Ping
from hc.core.durations import LONGEST_RUN, LoggedPing, durations
from hc.core.state import Kind

# Pings before a page among which the starts of its runs are looked for.
LOOK_BACK = 1000


def checks_of(project: Project) -> list[Check]:
    """All checks of a project, oldest first."""
    return list(Check.objects.filter(project=project).order_by("created", "pk"))


def channel_counts(project: Project, checks: Sequence[int]) -> dict[int, int]:
    """How many channels each of the checks alerts through: {check id: number}."""
    links = Channel.checks.through.objects.filter(
        check_id__in=checks, channel__project=project, channel__disabled=False
    )
    rows = links.values("check_id").annotate(number=Count("id"))
    return {row["check_id"]: row["number"] for row in rows}


class ChannelCounts(NamedTuple):
    """How many channels a project has, and how many of them could not deliver last."""

    total: int
    failing: int


def channels_in(project_id: int) -> ChannelCounts:
    """One query. A channel that was switched off because of a failure still counts as failing;
    one that a person has switched off does not."""
    counted = Channel.objects.filter(project=project_id).aggregate(
        total=Count("pk"), failing=Count("pk", filter=~Q(last_error=""))
    )
    return ChannelCounts(**counted)


def counted(channels: Sequence[Channel]) -> ChannelCounts:
    """The same of all channels of a project."""
    return ChannelCounts(len(channels), sum(channel.last_error != "" for channel in channels))


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
    exitstatus: int | None
    size: int | None

    @classmethod
    def of(cls, ping: Ping) -> PingRow:
        size = ping.object_size if ping.body_raw is None else len(ping.body_raw)
        return cls._make(getattr(ping, name, size) for name in cls._fields)

    def logged(self) -> LoggedPing:
        return LoggedPing(self.n or 0, Kind(self.kind or Kind.SUCCESS), self.created, self.rid)


def ping_rows(check: Check, limit: int, *, before: int | None = None) -> list[PingRow]:
    """The newest visible pings, newest first; those with numbers below `before`."""
    log_limit = Profile.known(check.project.owner).ping_log_limit
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
