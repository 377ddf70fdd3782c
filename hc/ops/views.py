"""Addresses for probes, scrapes and monitors of this service. They need no sign-in, and write
nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import Error, connection
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST

from hc.api.models import Flip, Notification, Outage, Ping
from hc.ops import health, scrape

logger = logging.getLogger(__name__)


def live(request: HttpRequest) -> HttpResponse:
    """The process answers. Asks no database: pings are taken while that is away."""
    return HttpResponse("OK", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """Everything that belongs to the service works; else 503 with what does not.

    An outage that is over is told, too, for a day, but is no problem any more. Late messages are
    none: a load balancer would only take the web away as well.
    """
    now, outage = timezone.now(), None
    try:
        found = health.problems(now)
        outage = health.last_outage(now)
        if health.has_unapplied_migrations():
            found.append("the tables are not up to date")
    except Error as e:
        found = [f"the database does not answer ({type(e).__name__})"]
    answer = {
        "status": "degraded" if found else "ok",
        "problems": found,
        "last_outage": outage and _told(outage),
    }
    return JsonResponse(answer, status=503 if found else 200)


def metrics(request: HttpRequest) -> HttpResponse:
    """The figures of all processes, for Prometheus."""
    if not settings.METRICS_KEY:
        return HttpResponse("Set METRICS_KEY to have metrics.\n", "text/plain", status=404)
    if not _has_key(request):
        return HttpResponse(status=403)
    return HttpResponse(scrape.text(timezone.now()), content_type=CONTENT_TYPE_LATEST)


def status(request: HttpRequest) -> HttpResponse:
    """The status address of the API; 200 as long as the database answers.

    Clients compare the text with "OK": an outage that is over is named in a header, and where
    there is something to read anyway.
    """
    now = timezone.now()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        found = health.problems(now) + health.late_messages(now)
        outage = health.last_outage(now)
    except Error as e:
        logger.warning("no database", extra={"action": "status", "reason": type(e).__name__})
        return HttpResponse("The database does not answer.", status=500)
    if outage is None:
        return HttpResponse(_text(found))
    told = "{started}/{ended}".format(**_told(outage))
    if found:
        found.append(f"pings could not be heard in {told}")
    return HttpResponse(_text(found), headers={"X-Last-Outage": told})


def _text(found: list[str]) -> str:
    return "\n".join(["DEGRADED", *found]) if found else "OK"


def _told(outage: Outage) -> dict[str, object]:
    """Times in UTC; `checks`: how many were given more time."""
    started, ended = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (outage.started, outage.ended))
    return {"started": started, "ended": ended, "checks": outage.checks}


def counts(request: HttpRequest) -> HttpResponse:
    """Four numbers, as JSON. Source: operations 8.2."""
    if not _has_key(request):
        return HttpResponse(status=403)
    return JsonResponse(
        {
            "ts": int(time.time()),
            "max_ping_id": Ping.objects.aggregate(m=Max("pk"))["m"],
            "max_notification_id": Notification.objects.aggregate(m=Max("pk"))["m"],
            "num_unprocessed_flips": Flip.objects.filter(processed=None).count(),
        }
    )


def _has_key(request: HttpRequest) -> bool:
    given = request.headers.get("X-Metrics-Key", "")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer":
        given = token
    known = settings.METRICS_KEY
    return bool(known) and constant_time_compare(given.encode(), known.encode())


PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/-/live": live,
    "/-/ready": ready,
    "/-/metrics": metrics,
}


class Probes:
    """Middleware: the fixed addresses answer whatever the host or the prefix of the site."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        if probe is None or request.method not in ("GET", "HEAD"):
            return self._get_response(request)
        response = probe(request)
        response["Cache-Control"] = "no-store"
        return response
