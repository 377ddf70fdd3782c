"""The checks of a project as figures for Prometheus, for whoever has a read-only key of it.

http-api 5 of the specification. Better than there: the key has to be of the project in the
address. Keys in addresses are for old configurations; a header keeps them out of proxies' logs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from hc.accounts.models import Project, Scope
from hc.accounts.services import keys
from hc.api.models import Check
from hc.api.rest.answers import Problem
from hc.api.rest.call import keep_to_the_limit
from hc.api.rest.dispatch import without_database
from hc.core.state import Shown, Status, shown_status

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BEARER = "Bearer "

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Refused(Exception):
    """The caller may not see the figures; with the status that says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Row(NamedTuple):
    """The columns of a check that its figures are made of."""

    name: str
    tags: str
    unique_key: str
    status: str
    due: datetime | None
    alert_after: datetime | None
    last_start: datetime | None
    last_ping: datetime | None
    last_duration: timedelta | None


class Seen(NamedTuple):
    """A check at an instant. `labels`: what names it in each line."""

    row: Row
    labels: str
    shown: Shown
    now: datetime


# --- The door ---------------------------------------------------------------------------------


@csrf_exempt
@require_safe
def metrics(request: HttpRequest, code: UUID, key: str | None = None) -> HttpResponse:
    """The figures of the project `code`; the key is that of the address, or else a bearer."""
    if not settings.PROMETHEUS_ENABLED:
        return HttpResponse(status=404)
    now = timezone.now()
    try:
        text = text_of(_project(code, _bearer(request) if key is None else key, now), now)
    except Refused as refused:
        challenge = {"WWW-Authenticate": "Bearer"} if refused.status == 401 else {}
        return HttpResponse(status=refused.status, headers=challenge)
    except Problem as problem:
        return problem.answer()
    except (OperationalError, InterfaceError) as e:
        return without_database(e)
    return HttpResponse(text, content_type=CONTENT_TYPE)


def _bearer(request: HttpRequest) -> str:
    header = request.headers.get("Authorization", "")
    if not header.startswith(BEARER):
        raise Refused(401)
    return header.removeprefix(BEARER)


def _project(code: UUID, key: str, now: datetime) -> Project:
    """The project `code`, if the key may read it. Others are not told whether it exists."""
    if len(key) != keys.KEY_LENGTH:
        raise Refused(400)
    caller = keys.caller_of(key, now)
    if caller is None or caller.expired or caller.scope is not Scope.READONLY:
        raise Refused(403)
    if caller.project is None or caller.project.code != code:
        raise Refused(403)
    keep_to_the_limit(caller, now)
    return caller.project


# --- The figures ------------------------------------------------------------------------------


def text_of(project: Project, now: datetime) -> str:
    """All figures of a project in the text format of Prometheus. One query."""
    columns = Check.objects.filter(project=project).order_by("pk").values_list(*Row._fields)
    return text([_seen(Row._make(row), now) for row in columns])


def text(checks: Sequence[Seen]) -> str:
    down = sum(check.shown is Shown.DOWN for check in checks)
    blocks = [_of_checks(*gauge, checks) for gauge in GAUGES]
    blocks.append(_of_tags(checks))
    blocks.append(_block("hc_checks_total", "The number of checks.", [f" {len(checks)}"]))
    blocks.append(
        _block("hc_checks_down_total", "The number of checks that are down.", [f" {down}"])
    )
    blocks += [_of_checks(*gauge, checks) for gauge in MORE_GAUGES]
    return "\n\n".join(blocks) + "\n"


Value = Callable[[Seen], float | None]
# Names, meanings and order are those of existing dashboards.
GAUGES: tuple[tuple[str, str, Value], ...] = (
    (
        "hc_check_up",
        "Whether the check is not down (1); new, paused and late ones are not.",
        lambda check: check.shown is not Shown.DOWN,
    ),
    (
        "hc_check_started",
        "Whether a run has begun (1) that has not ended.",
        lambda check: check.row.last_start is not None,
    ),
    (
        "hc_check_grace",
        "Whether the check is late (1), but not down yet.",
        lambda check: check.shown is Shown.GRACE,
    ),
    (
        "hc_check_paused",
        "Whether the check is paused (1).",
        lambda check: check.shown is Shown.PAUSED,
    ),
)
MORE_GAUGES: tuple[tuple[str, str, Value], ...] = (
    (
        "hc_check_last_ping_age_seconds",
        "Time since the last ping that said how a run ended.",
        lambda check: _seconds(check.now - check.row.last_ping) if check.row.last_ping else None,
    ),
    (
        "hc_check_last_duration_seconds",
        "Time that the last run took.",
        lambda check: _seconds(check.row.last_duration) if check.row.last_duration else None,
    ),
    (
        "hc_check_deadline_timestamp_seconds",
        "When the check goes down unless a ping comes, as Unix time.",
        lambda check: check.row.alert_after.timestamp() if check.row.alert_after else None,
    ),
)


def _seen(row: Row, now: datetime) -> Seen:
    shown = shown_status(Status(row.status), due=row.due, alert_after=row.alert_after, now=now)
    named = {"name": row.name, "tags": row.tags, "unique_key": row.unique_key}
    return Seen(row, _labels(named), shown, now)


def _labels(named: dict[str, str]) -> str:
    pairs = [f'{name}="{value.translate(_ESCAPES)}"' for name, value in named.items()]
    return f"{{{', '.join(pairs)}}}"


def _of_checks(name: str, about: str, value: Value, checks: Sequence[Seen]) -> str:
    """A line for each check that has a value."""
    found = ((check.labels, value(check)) for check in checks)
    return _block(name, about, (f"{labels} {_number(v)}" for labels, v in found if v is not None))


def _of_tags(checks: Sequence[Seen]) -> str:
    up: dict[str, bool] = {}
    for check in checks:
        for tag in check.row.tags.split():
            up[tag] = up.get(tag, True) and check.shown is not Shown.DOWN
    lines = (f"{_labels({'tag': tag})} {int(up[tag])}" for tag in sorted(up))
    return _block("hc_tag_up", "Whether no check with the tag is down (1).", lines)


def _block(name: str, about: str, lines: Iterable[str]) -> str:
    head = [f"# HELP {name} {about}", f"# TYPE {name} gauge"]
    return "\n".join([*head, *(name + line for line in lines)])


def _seconds(time: timedelta) -> float:
    return max(0.0, time.total_seconds())


def _number(value: float) -> str:
    """Whole numbers without a fraction; three digits of one are enough for times."""
    return str(int(value)) if value == int(value) else f"{value:.3f}"


urlpatterns = [
    path("projects/<uuid:code>/metrics/", metrics),
    path("projects/<uuid:code>/metrics/<str:key>", metrics),
    path("projects/<uuid:code>/checks/metrics/<str:key>", metrics),
]
