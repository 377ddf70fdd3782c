"""A check as JSON: the API's version 3, in the form its owner sees (http-api 3.5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from hc.api.models import Check, ScheduleKind
from hc.core.state import Status


def check_json(check: Check, now: datetime) -> dict[str, Any]:
    """The check with all its addresses. Two queries less when `channel_set` is prefetched."""
    update_url = f"{settings.SITE_ROOT}/api/v3/checks/{check.code}"
    described: dict[str, Any] = {
        "name": check.name,
        "slug": check.slug,
        "tags": check.tags,
        "desc": check.desc,
        "grace": int(check.grace.total_seconds()),
        "n_pings": check.n_pings,
        "status": str(check.shown_status(now)),
        "started": check.is_running(now),
        "last_ping": _iso(check.last_ping),
        "next_ping": _iso(_next_ping(check)),
        "manual_resume": check.manual_resume,
        "methods": check.methods,
        "subject": check.success_kw if check.filter_subject else "",
        "subject_fail": check.failure_kw if check.filter_subject else "",
        "start_kw": check.start_kw,
        "success_kw": check.success_kw,
        "failure_kw": check.failure_kw,
        "filter_subject": check.filter_subject,
        "filter_body": check.filter_body,
        "filter_http_body": check.filter_http_body,
        "filter_default_fail": check.filter_default_fail,
        "badge_url": f"{settings.SITE_ROOT}/b/2/{check.badge_key}.svg",
    }
    if check.last_duration:
        described["last_duration"] = int(check.last_duration.total_seconds())
    described |= {
        "uuid": str(check.code),
        "ping_url": f"{settings.PING_ENDPOINT}{check.code}",
        "update_url": update_url,
        "pause_url": f"{update_url}/pause",
        "resume_url": f"{update_url}/resume",
        "channels": ",".join(sorted(str(channel.code) for channel in check.channel_set.all())),
    }
    if check.kind == ScheduleKind.SIMPLE:
        return described | {"timeout": int(check.timeout.total_seconds())}
    return described | {"schedule": check.schedule, "tz": check.tz}


def _next_ping(check: Check) -> datetime | None:
    """When the watched interval begins: the next due time, or the start of a run before it."""
    due = check.due if check.status == Status.UP else None
    start = check.last_start if check.status != Status.DOWN else None
    return min((moment for moment in (due, start) if moment), default=None)


def _iso(moment: datetime | None) -> str | None:
    return moment.replace(microsecond=0).isoformat() if moment else None
