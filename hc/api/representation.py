"""A check as JSON: what the API answers, and what messages carry. Source: http-api 3.5."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings

from hc.api.models import Check, ScheduleKind
from hc.core.state import Status, is_running, shown_status

CURRENT_VERSION = 3
# Given when they are asked for by name; those of all answers stand in `described`.
EXTRA_FIELDS = ("last_success", "last_fail", "deadline")


class CheckRow(NamedTuple):
    """The columns of a check that its JSON is made of: cheaper than a model's object."""

    id: int
    code: UUID
    unique_key: str
    name: str
    slug: str
    tags: str
    desc: str
    kind: str
    timeout: timedelta
    grace: timedelta
    schedule: str
    tz: str
    n_pings: int
    status: str
    last_ping: datetime | None
    last_start: datetime | None
    last_duration: timedelta | None
    last_success: datetime | None
    last_fail: datetime | None
    due: datetime | None
    alert_after: datetime | None
    manual_resume: bool
    methods: str
    start_kw: str
    success_kw: str
    failure_kw: str
    filter_subject: bool
    filter_body: bool
    filter_http_body: bool
    filter_default_fail: bool
    badge_key: UUID

    @classmethod
    def of(cls, check: Check) -> CheckRow:
        return cls(*[getattr(check, name) for name in cls._fields])


@dataclass(frozen=True, slots=True)
class View:
    """How a caller sees checks: by which version of the API, when, and whether by a key that must
    not learn ping addresses."""

    now: datetime
    version: int = CURRENT_VERSION
    readonly: bool = False


def check_json(check: Check, now: datetime) -> dict[str, Any]:
    """The check as its owner sees it, by the current version.

    One query less when `channel_set` is prefetched.
    """
    codes = [channel.code for channel in check.channel_set.all()]
    return described(CheckRow.of(check), View(now), codes)


def described(row: CheckRow, view: View, channels: Iterable[UUID] = ()) -> dict[str, Any]:
    """The check as JSON, its keys in the order of the specification.

    `channels`: the codes of those that it alerts through; not needed for a read-only view.
    """
    facts: dict[str, Any] = {
        "name": row.name,
        "slug": row.slug,
        "tags": row.tags,
        "desc": row.desc,
        "grace": _seconds(row.grace),
        "n_pings": row.n_pings,
        "status": status_of(row, view),
        # Also of a run that has taken too long.
        "started": row.last_start is not None,
        "last_ping": iso(row.last_ping),
        "next_ping": iso(_next_ping(row)),
        "manual_resume": row.manual_resume,
        "methods": row.methods,
        "subject": row.success_kw if row.filter_subject else "",
        "subject_fail": row.failure_kw if row.filter_subject else "",
        "start_kw": row.start_kw,
        "success_kw": row.success_kw,
        "failure_kw": row.failure_kw,
        "filter_subject": row.filter_subject,
        "filter_body": row.filter_body,
        "filter_http_body": row.filter_http_body,
        "filter_default_fail": row.filter_default_fail,
        "badge_url": f"{settings.SITE_ROOT}/b/2/{row.badge_key}.svg",
    }
    if row.last_duration:
        facts["last_duration"] = _seconds(row.last_duration)
    if view.readonly:
        facts["unique_key"] = row.unique_key
    else:
        _add_addresses(facts, row, view, channels)
    if row.kind == ScheduleKind.SIMPLE:
        facts["timeout"] = _seconds(row.timeout)
    else:
        facts["schedule"] = row.schedule
        facts["tz"] = row.tz
    return facts


def extras(row: CheckRow) -> dict[str, Any]:
    """The fields that are given only when they are asked for."""
    return {
        "last_success": iso(row.last_success),
        "last_fail": iso(row.last_fail),
        "deadline": iso(row.alert_after),
    }


def status_of(row: CheckRow, view: View) -> str:
    """The status at that time; version 1 has a word of its own for running checks."""
    if view.version == 1 and is_running(row.last_start, row.grace, view.now):
        return "started"
    shown = shown_status(Status(row.status), due=row.due, alert_after=row.alert_after, now=view.now)
    return shown.value


def iso(moment: datetime | None) -> str | None:
    """A moment as ISO 8601, in whole seconds."""
    return moment.isoformat(timespec="seconds") if moment else None


def _add_addresses(
    facts: dict[str, Any], row: CheckRow, view: View, channels: Iterable[UUID]
) -> None:
    code = str(row.code)
    update_url = f"{settings.SITE_ROOT}/api/v{view.version}/checks/{code}"
    facts["uuid"] = code
    facts["ping_url"] = settings.PING_ENDPOINT + code
    facts["update_url"] = update_url
    facts["pause_url"] = f"{update_url}/pause"
    facts["resume_url"] = f"{update_url}/resume"
    facts["channels"] = ",".join(sorted(map(str, channels)))


def _next_ping(row: CheckRow) -> datetime | None:
    """When the watched interval begins: the next due time, or the start of a run before it."""
    due = row.due if row.status == Status.UP else None
    start = row.last_start if row.status != Status.DOWN else None
    return min(due, start) if due and start else due or start


def _seconds(duration: timedelta) -> int:
    return duration.days * 86_400 + duration.seconds
