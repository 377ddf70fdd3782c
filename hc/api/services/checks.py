"""What people and scripts may do with checks: one named function per change.

Each locks the row, changes only the columns it means, and writes what must be written with it in
the same transaction. The time is an argument.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import Profile, Project
from hc.api.models import Channel, Check, Flip, ScheduleKind
from hc.api.models.check import DEFAULT_GRACE, DEFAULT_TIMEOUT
from hc.api.services import reminders, transitions
from hc.core.schedule import Cron, OnCalendar, Schedule, Simple
from hc.core.state import (
    CheckState,
    Status,
    Transition,
    after_pause,
    after_resume,
    after_schedule_change,
)
from hc.lib.transactions import atomically

Columns = Mapping[str, Any]
# What people set of a check, apart from its channels.
SETTINGS = [
    "name",
    "slug",
    "tags",
    "desc",
    "kind",
    "timeout",
    "grace",
    "schedule",
    "tz",
    "methods",
    "manual_resume",
    "filter_subject",
    "filter_body",
    "filter_http_body",
    "filter_default_fail",
    "start_kw",
    "success_kw",
    "failure_kw",
]


class LimitReached(Exception):
    """The owner of the project has as many checks as the account allows."""


class Conflict(Exception):
    """Somebody else has changed the settings of the check in the meantime."""


class NotPaused(Exception):
    """Only a paused check can be resumed."""


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """When pings are expected, as the columns hold it."""

    kind: str = ScheduleKind.SIMPLE
    timeout: timedelta = DEFAULT_TIMEOUT
    schedule: str = "* * * * *"
    tz: str = "UTC"
    grace: timedelta = DEFAULT_GRACE

    def rule(self) -> Schedule:
        if self.kind == ScheduleKind.CRON:
            return Cron(self.schedule, self.tz)
        if self.kind == ScheduleKind.ONCALENDAR:
            return OnCalendar(self.schedule, self.tz)
        return Simple(self.timeout)

    def columns(self) -> dict[str, Any]:
        """What to store; the fields of the other kinds keep their values."""
        columns: dict[str, Any] = {"kind": self.kind, "grace": self.grace}
        if self.kind == ScheduleKind.SIMPLE:
            return columns | {"timeout": self.timeout}
        return columns | {"schedule": self.schedule, "tz": self.tz}


@dataclass(frozen=True, slots=True)
class Details:
    """What a check is called and which pings it takes; the columns of the same names."""

    columns: Columns = field(default_factory=dict)


@atomically
def create(
    project: Project,
    details: Details,
    schedule: ScheduleSettings,
    channels: list[Channel] | None = None,
) -> Check:
    """A new check, alerting through `channels` (None: all of the project).

    Raises LimitReached. The owner's profile is locked, so parallel calls cannot exceed the limit.
    """
    return _add(project, dict(details.columns) | schedule.columns(), channels)


@atomically
def upsert(
    project: Project,
    columns: Columns,
    now: datetime,
    *,
    unique: Columns | None = None,
    channels: list[Channel] | None = None,
) -> tuple[Check, bool]:
    """The oldest check of the project with all the values of `unique`, changed; or else a new one.

    Returns it with whether it was made now. Nothing in `unique`: always a new one. `channels`
    None: those that the check has; a new one has none. Raises LimitReached. The owner's profile
    is locked before a check is made, so that parallel calls make one.
    """
    if unique:
        found = _first_like(project, unique)
        if found is None:
            available(project, lock=True)
            found = _first_like(project, unique)
        if found is not None:
            return _change(found, columns, now, channels), False
    return _add(project, columns, channels or []), True


@atomically
def provision(project: Project, slug: str) -> tuple[Check, bool]:
    """The check with this slug, made now if there is none, and whether it was made.

    The owner's profile is locked, so that parallel calls make one check. Up to twice the check
    limit may be made this way. Raises LimitReached, Check.MultipleObjectsReturned.
    """
    room = available(project, lock=True, factor=2)
    try:
        return Check.objects.get(project=project, slug=slug), False
    except Check.DoesNotExist:
        if room <= 0:
            raise LimitReached from None
    return _insert(project, {"name": slug, "slug": slug}), True


def available(project: Project, *, lock: bool = False, factor: int = 1) -> int:
    """How many checks the owner of `project` may still add. `lock`: hold that number still."""
    profile = Profile.of(project.owner_id)
    if lock:
        profile = Profile.objects.select_for_update().get(pk=profile.pk)
    mine = Check.objects.filter(project__owner=project.owner_id, project__removed=None)
    used = mine.count()
    return profile.check_limit * factor - used


@atomically
def edit(
    code: uuid.UUID,
    details: Details,
    schedule: ScheduleSettings,
    now: datetime,
    *,
    seen: str = "",
) -> None:
    """Change a check's details and schedule together.

    A check that is overdue by the new schedule goes down without a message: the person who
    shortened it is looking at it. `seen`: the `revision` of what was edited; raises Conflict if
    there is another one by now.
    """
    check = Check.objects.locked(code)
    if seen and seen != revision(check):
        raise Conflict
    columns = dict(details.columns) | schedule.columns()
    _change(check, columns, now, quiet=True)


def revision(check: Check) -> str:
    """Stands for what people have set of a check; pausing and pings do not change it."""
    values = [str(getattr(check, name)) for name in SETTINGS]
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


@atomically
def change(
    code: uuid.UUID, columns: Columns, now: datetime, channels: list[Channel] | None = None
) -> Check:
    """Change some columns of a check, and its channels unless they are None; the check after it.

    A check that is overdue by a new schedule is left to the alert loop, which tells people: nobody
    is looking at it. Raises Check.DoesNotExist.
    """
    return _change(Check.objects.locked(code), columns, now, channels)


@atomically
def pause(code: uuid.UUID, now: datetime) -> Check:
    """Stop watching a check; a paused one stays as it is."""
    check = Check.objects.locked(code)
    before = check.state()
    transition = after_pause(before, now)
    if transition.flips:
        _note("check.paused", check)
    return _store(check, before, transition, now)


@atomically
def resume(code: uuid.UUID, now: datetime) -> Check:
    """Watch a paused check again, from its next ping on; raises NotPaused."""
    check = Check.objects.locked(code)
    before = check.state()
    transition = after_resume(before, now)
    if not transition.flips:
        raise NotPaused
    _note("check.resumed", check)
    return _store(check, before, transition, now)


@atomically
def remove(code: uuid.UUID, now: datetime) -> None:
    """Delete a check with its pings, flips and messages.

    Its row is locked until then: a ping that comes meanwhile waits, and finds it gone.
    """
    check = Check.objects.locked(code)
    _note("check.removed", check)
    check.delete()
    reminders.follow_projects([check.project_id], now)


@atomically
def set_channel(code: uuid.UUID, channel: Channel, *, enabled: bool) -> None:
    """Whether a check alerts through a channel of its project; saying it twice is harmless."""
    check = Check.objects.filter(project=channel.project_id).locked(code)
    if enabled:
        check.channel_set.add(channel)
    else:
        check.channel_set.remove(channel)
    transitions.note_links([check.pk])
    _note("check.edited", check, {"channel": str(channel), "on": enabled})


def pause_all(checks: QuerySet[Check], now: datetime) -> list[uuid.UUID]:
    """Stop watching checks; the codes of those that were watched."""
    return _move_all(checks, after_pause, now)


def resume_all(checks: QuerySet[Check], now: datetime) -> list[uuid.UUID]:
    """Watch paused checks again; the codes of those that were paused."""
    return _move_all(checks, after_resume, now)


@atomically
def remove_all(checks: QuerySet[Check], now: datetime) -> list[uuid.UUID]:
    """Delete checks as `remove` does; their codes."""
    rows = list(_in_order(checks))
    for check in rows:
        _note("check.removed", check)
    Check.objects.filter(pk__in=[check.pk for check in rows]).delete()
    reminders.follow_projects({check.project_id for check in rows}, now)
    return [check.code for check in rows]


@atomically
def _move_all(
    checks: QuerySet[Check], move: Callable[[CheckState, datetime], Transition], now: datetime
) -> list[uuid.UUID]:
    moved = [(check, move(check.state(), now)) for check in _in_order(checks)]
    moved = [(check, found) for check, found in moved if found.flips]
    transitions.store_many(moved)
    transitions.store_flips(
        [flip for check, found in moved for flip in transitions.flips_of(check.pk, found, now)]
    )
    reminders.follow_checks([check.pk for check, _ in moved], now)
    for check, found in moved:
        _note(_NAMES[found.state.status], check)
    return [check.code for check, _ in moved]


_NAMES = {Status.PAUSED: "check.paused", Status.NEW: "check.resumed"}


def _in_order(checks: QuerySet[Check]) -> QuerySet[Check]:
    return Check.objects.filter(pk__in=checks.values("pk")).for_update()


def _first_like(project: Project, wanted: Columns) -> Check | None:
    """The oldest check of the project that equals `wanted`, locked.

    It is looked for without locks, for MySQL locks every row that it looks at.
    """
    alike = Check.objects.filter(project=project).exactly(**wanted).order_by("id")
    while (pk := alike.values_list("pk", flat=True).first()) is not None:
        if found := alike.for_update().filter(pk=pk).first():
            return found
    return None


def _add(project: Project, columns: Columns, channels: list[Channel] | None) -> Check:
    if available(project, lock=True) <= 0:
        raise LimitReached
    return _insert(project, columns, channels)


def _insert(project: Project, columns: Columns, channels: list[Channel] | None = None) -> Check:
    check = Check(project=project, **columns)
    check.save(force_insert=True)
    _note("check.created", check)
    if channels is None:
        channels = list(Channel.objects.filter(project=project))
    check.channel_set.set(channels)
    return check


def _change(
    check: Check,
    columns: Columns,
    now: datetime,
    channels: list[Channel] | None = None,
    *,
    quiet: bool = False,
) -> Check:
    """Change a locked check; it holds the new values afterwards."""
    before = check.state()
    changed = audit.changes({name: getattr(check, name) for name in columns}, columns)
    for name, value in columns.items():
        setattr(check, name, value)
    Check.objects.filter(pk=check.pk).update(edits=F("edits") + 1, **columns)
    rule, grace = check.schedule_rule(), check.grace
    # The same schedule is no reason to be quiet about a deadline that has just passed.
    if (rule, grace) != (before.schedule, before.grace):
        _store(check, before, after_schedule_change(before, rule, grace, now, quiet=quiet), now)
    if channels is not None:
        changed |= _set_channels(check, channels)
    if changed:
        _note("check.edited", check, changed)
    return check


def _set_channels(check: Check, channels: list[Channel]) -> dict[str, Any]:
    """Let it alert through exactly these; what that changed, for the audit log."""
    before = {channel.pk: str(channel) for channel in check.channel_set.all()}
    after = {channel.pk: str(channel) for channel in channels}
    check.channel_set.set(channels)
    names = [", ".join(sorted(some.values())) for some in (before, after)]
    return {"channels": names} if before.keys() != after.keys() else {}


def _note(action: str, check: Check, details: Columns | None = None) -> None:
    """Write it into the audit log."""
    target = Target(check.label(), check.unique_key)
    audit.record(action, target, project=check.project_id, details=details)


def _store(check: Check, before: CheckState, transition: Transition, now: datetime) -> Check:
    """Write what the rules decided; the check holds the new values afterwards."""
    flips = transitions.store(check, before, transition, now)
    Flip.objects.bulk_create(flips)
    if flips:
        reminders.follow_checks([check.pk], now)
    return check
