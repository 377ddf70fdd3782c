"""The page about cron expressions, with a tester, and the previews for everybody.

The previews answer 200 also to what cannot be read: then they say why. Source: web-ui 1.2, 11.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from hc.accounts.models import User
from hc.accounts.views.limits import retry_after
from hc.api.models import Limit, ScheduleKind, TokenBucket
from hc.api.services.checks import ScheduleSettings
from hc.core import zones
from hc.core.schedule import (
    MAX_EXPRESSION,
    ScheduleError,
    validate_cron,
    validate_oncalendar,
)
from hc.front.docs import Place, shell
from hc.front.forms import zone_names
from hc.front.frame import frame_of
from hc.front.preview import preview
from hc.lib.client import client_bucket

PREVIEWS = Limit(60, timedelta(minutes=1))
FIRST = "0 9,12,18 * * *"
# An expression with what it says.
EXAMPLES = (
    ("* * * * *", "every minute"),
    ("*/5 * * * *", "every five minutes"),
    ("*/15 * * * *", "every quarter of an hour"),
    ("0 * * * *", "every hour, on the hour"),
    ("30 * * * *", "every hour, at half past"),
    ("0 */2 * * *", "every two hours"),
    ("0 2 * * *", "every night at 2"),
    ("0 9-17 * * 1-5", "every hour from 9 to 17, Monday to Friday"),
    ("0 9,12,18 * * *", "at 9, 12 and 18"),
    ("15 1 * * 1-5", "at 01:15, Monday to Friday"),
    ("0 8 * * SUN", "every Sunday at 8"),
    ("0 0 1 * *", "on the first of each month"),
    ("0 0 L * *", "on the last day of each month"),
    ("0 0 1 JAN *", "once a year, on New Year’s Day"),
)
PLACES = [
    Place("#fields", "The five fields"),
    Place("#tester", "Try it"),
    Place("#examples", "Common expressions"),
    Place("#time-zones", "Time zones and summer time"),
]


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    expression = request.GET.get("schedule", FIRST)[: MAX_EXPRESSION + 1]
    zone = request.GET.get("tz", "") or str(frame_of(request).zone)
    context = {
        "expression": expression,
        "tz": zone,
        "zone_names": zone_names(),
        "examples": EXAMPLES,
        **_judged(ScheduleKind.CRON, {"schedule": expression, "tz": zone}),
        **shell("cron", PLACES),
    }
    return render(request, "docs/cron.html", context)


@require_POST
def cron_preview(request: HttpRequest) -> HttpResponse:
    return _preview(request, ScheduleKind.CRON)


@require_POST
def oncalendar_preview(request: HttpRequest) -> HttpResponse:
    return _preview(request, ScheduleKind.ONCALENDAR)


def _preview(request: HttpRequest, kind: ScheduleKind) -> HttpResponse:
    who = request.user.pk if isinstance(request.user, User) else client_bucket(request)
    wait = TokenBucket.attempt(f"preview-{who}", PREVIEWS, timezone.now())
    if wait:
        return retry_after(HttpResponse(status=429), wait)
    return render(request, "docs/_judged.html", _judged(kind, request.POST))


def _judged(kind: ScheduleKind, asked: Mapping[str, str]) -> dict[str, Any]:
    """The preview of an expression, or what is wrong with it."""
    expression = asked.get("schedule", "").strip()
    zone = zones.canonical(asked.get("tz", "") or "UTC")
    if zone is None:
        return {"problem": "There is no such time zone. Choose one such as “Europe/Riga”."}
    try:
        (validate_cron if kind == ScheduleKind.CRON else validate_oncalendar)(expression)
    except ScheduleError as e:
        return {"problem": str(e)}
    settings = ScheduleSettings(kind=kind, schedule=expression, tz=zone)
    return {"preview": preview(settings, zone, timezone.now())}
