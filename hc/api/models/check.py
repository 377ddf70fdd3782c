"""A check: what is expected of a job, and how it has gone so far.

Rows are written by several processes at once, so changes go column by column: `update()` of a
locked row (`for_update`), never a bare `save()`.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models
from django.db.models.functions import Length
from django.utils import timezone

from hc.accounts.models import Project
from hc.core.keywords import Rules
from hc.core.schedule import Cron, OnCalendar, Schedule, Simple
from hc.core.state import CheckState, Shown, Status, is_running, shown_status

DEFAULT_TIMEOUT = timedelta(days=1)
DEFAULT_GRACE = timedelta(hours=1)


class ScheduleKind(models.TextChoices):
    SIMPLE = "simple", "Simple"
    CRON = "cron", "Cron"
    ONCALENDAR = "oncalendar", "OnCalendar"


class StatusChoice(models.TextChoices):
    NEW = "new", "New"
    UP = "up", "Up"
    DOWN = "down", "Down"
    PAUSED = "paused", "Paused"


def unique_key(code: uuid.UUID) -> str:
    """The public name of a check, which does not give away its ping address.

    Source: core 1.1 of the specification: hex SHA-1 of the first 16 hex digits of the code.
    """
    return hashlib.sha1(code.hex[:16].encode("ascii"), usedforsecurity=False).hexdigest()


class CheckQuerySet(models.QuerySet["Check"]):
    def for_update(self) -> CheckQuerySet:
        """The rows locked in the order of their ids, so that two writers cannot deadlock."""
        locked = self.select_for_update(of=("self",) if _can_lock_one_table() else ())
        return locked.order_by("id")

    def locked(self, code: uuid.UUID) -> Check:
        """The check with this code, locked; raises Check.DoesNotExist.

        It is locked by its id: by its code, MySQL would lock the index of codes before the row,
        and a deletion the row before that index.
        """
        with_code = Check.every.filter(code=code).values("pk")
        return self.for_update().get(pk=models.Subquery(with_code))

    def exactly(self, **columns: Any) -> CheckQuerySet:
        """Those with these values; MySQL would ignore spaces at the end of texts."""
        found = self.filter(**columns)
        texts = {name: value for name, value in columns.items() if isinstance(value, str)}
        if connection.vendor == "mysql":
            found = found.alias(**{f"{name}_length": Length(name) for name in texts})
            found = found.filter(**{f"{name}_length": len(value) for name, value in texts.items()})
        return found


class _Present(models.Manager["Check"]):
    """The checks that there are. Those that were removed and can still be brought back are hidden
    from everything: hc.api.services.trash."""

    def get_queryset(self) -> models.QuerySet[Check]:
        return super().get_queryset().filter(removed=None)


CheckManager = _Present.from_queryset(CheckQuerySet)


def _can_lock_one_table() -> bool:
    return connection.features.has_select_for_update_of


class Check(models.Model):
    code = models.UUIDField(default=uuid.uuid4, unique=True)
    unique_key = models.CharField(max_length=40, db_index=True, editable=False)
    name = models.CharField(max_length=100, blank=True, default="")
    slug = models.CharField(max_length=100, blank=True, default="")
    tags = models.CharField(max_length=500, blank=True, default="")
    desc = models.TextField(blank=True, default="")
    project = models.ForeignKey(Project, models.CASCADE)
    created = models.DateTimeField(default=timezone.now)

    kind = models.CharField(max_length=10, default=ScheduleKind.SIMPLE, choices=ScheduleKind)
    timeout = models.DurationField(default=DEFAULT_TIMEOUT)
    grace = models.DurationField(default=DEFAULT_GRACE)
    schedule = models.CharField(max_length=100, default="* * * * *")
    tz = models.CharField(max_length=36, default="UTC")

    filter_subject = models.BooleanField(default=False)
    filter_body = models.BooleanField(default=False)
    filter_http_body = models.BooleanField(default=False)
    filter_default_fail = models.BooleanField(default=False)
    start_kw = models.CharField(max_length=200, blank=True, default="")
    success_kw = models.CharField(max_length=200, blank=True, default="")
    failure_kw = models.CharField(max_length=200, blank=True, default="")
    methods = models.CharField(max_length=30, blank=True, default="")
    manual_resume = models.BooleanField(default=False)
    badge_key = models.UUIDField(default=uuid.uuid4, unique=True)

    n_pings = models.IntegerField(default=0)
    last_ping = models.DateTimeField(null=True, blank=True)
    last_start = models.DateTimeField(null=True, blank=True)
    last_start_rid = models.UUIDField(null=True, blank=True)
    last_duration = models.DurationField(null=True, blank=True)
    has_confirmation_link = models.BooleanField(default=False)
    alert_after = models.DateTimeField(null=True, blank=True, editable=False)
    # When the alert loop looks at the check next: alert_after or earlier. A ping moves alert_after
    # on, but leaves this alone, so that it changes no indexed column.
    sweep_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The deadline that was moved because we could not hear pings; of no meaning once alert_after
    # is another one.
    excused_until = models.DateTimeField(null=True, blank=True, editable=False)
    # When people were last told that this check changes its status all the time.
    flapping_told = models.DateTimeField(null=True, blank=True, editable=False)
    status = models.CharField(max_length=6, default=StatusChoice.NEW, choices=StatusChoice)

    # What lists show stands in the row they list: no list reads pings or evaluates a schedule.
    status_since = models.DateTimeField(null=True, blank=True)
    due = models.DateTimeField(null=True, blank=True, editable=False)
    last_success = models.DateTimeField(null=True, blank=True)
    last_fail = models.DateTimeField(null=True, blank=True)
    outcomes = models.CharField(max_length=20, blank=True, default="")
    # Grows with each change by a person or a script, so that readers notice it; not with pings.
    edits = models.IntegerField(default=0, editable=False)
    # Up to which ping the daily rollups have counted.
    rolled_n = models.IntegerField(default=0, editable=False)
    # Since when nothing and nobody can find the check; NULL for all that are there.
    removed = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CheckManager()
    # With the removed ones: for what brings them back, and what deletes them for good.
    every = CheckQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["sweep_at"],
                name="api_check_sweep_at",
                condition=models.Q(sweep_at__isnull=False),
            ),
            models.Index(
                fields=["flapping_told"],
                name="api_check_flapping",
                condition=models.Q(flapping_told__isnull=False),
            ),
            models.Index(fields=["project", "slug"], name="api_check_project_slug"),
        ]

    def __str__(self) -> str:
        return self.name or str(self.code)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.unique_key = unique_key(self.code)
        super().save(*args, **kwargs)

    # --- Words ---

    def label(self) -> str:
        """A name for people and for other services; never the code, which is a secret."""
        return self.name or self.slug or f"unnamed {self.unique_key[:8]}"

    def tags_list(self) -> list[str]:
        return self.tags.split()

    # --- The rules' view of the row ---

    def schedule_rule(self) -> Schedule:
        return _schedule(vars(self))

    def ping_rules(self) -> Rules:
        return rules_of(vars(self))

    def state(self) -> CheckState:
        return state_of(vars(self))

    def shown_status(self, now: datetime) -> Shown:
        return shown_status(
            Status(self.status), due=self.due, alert_after=self.alert_after, now=now
        )

    def is_unsure(self, now: datetime) -> bool:
        """Whether a ping may be missing only because we could not hear it."""
        excused = self.excused_until is not None and self.alert_after == self.excused_until
        began = self.last_start is not None or (self.due is not None and self.due <= now)
        return excused and began and self.status != Status.DOWN

    def is_running(self, now: datetime) -> bool:
        return is_running(self.last_start, self.grace, now)


_RULE_COLUMNS = tuple(f.name for f in fields(Rules))
_STATE_FIELDS = CheckState._fields[1:]  # all but the schedule
# What `rules_of` and `state_of` need of a row.
RULE_AND_STATE_COLUMNS = (*_RULE_COLUMNS, *_STATE_FIELDS, "kind", "timeout", "schedule", "tz")


def rules_of(row: Mapping[str, Any]) -> Rules:
    return Rules(*[row[name] for name in _RULE_COLUMNS])


def state_of(row: Mapping[str, Any]) -> CheckState:
    state = CheckState(_schedule(row), *[row[name] for name in _STATE_FIELDS])
    return state._replace(status=Status(row["status"]))


def _schedule(row: Mapping[str, Any]) -> Schedule:
    if row["kind"] == ScheduleKind.CRON:
        return Cron(row["schedule"], row["tz"])
    if row["kind"] == ScheduleKind.ONCALENDAR:
        return OnCalendar(row["schedule"], row["tz"])
    return Simple(row["timeout"])


def changed_columns(before: CheckState, after: CheckState) -> dict[str, Any]:
    """The columns in which two states of a check differ, with their new values."""
    changes = {
        name: getattr(after, name)
        for name in _STATE_FIELDS
        if getattr(before, name) != getattr(after, name)
    }
    if "status" in changes:
        changes["status"] = str(changes["status"])
    return changes
