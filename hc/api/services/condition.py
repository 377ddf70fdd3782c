"""What every page says of the service itself: one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from hc.api.models import Outage
from hc.api.services.heartbeats import STALE
from hc.api.services.listening import is_deaf
from hc.lib.prepared import Statement

_ASKED = Statement(
    "hc_condition",
    """
SELECT o.id, o.checks, (SELECT MAX(h.beat) FROM api_heartbeat h WHERE h.process = 'sendalerts'),
 (SELECT MAX(l.until) FROM api_listening l), o.started, o.ended, o.excused_until
FROM (SELECT 1 AS one) always LEFT JOIN api_outage o ON o.id = (
 SELECT p.id FROM api_outage p WHERE p.excused_until > %(now)s ORDER BY p.ended DESC LIMIT 1)""",
    {"now": "timestamptz"},
)


@dataclass(frozen=True, slots=True)
class Condition:
    """`alerts_silent`: nobody sends alerts, whether it was stopped, died, or never ran.
    `deaf_since`: since when deadlines wait, because pings may not be in the database yet.
    `outage`: the last one after which some checks still have more time."""

    alerts_silent: bool
    deaf_since: datetime | None
    outage: Outage | None


def condition(now: datetime) -> Condition:
    ((pk, checks, *moments),) = _ASKED.rows(now=now)
    beat, until, started, ended, excused = map(_read, moments)
    return Condition(
        alerts_silent=beat is None or beat < now - STALE,
        deaf_since=until if until and is_deaf(until, now) else None,
        outage=Outage(pk, started, ended, excused, checks) if pk else None,
    )


def _read(moment: Any) -> Any:
    """A time as the database gave it, or None; PostgreSQL's driver makes one of it by itself."""
    convert = getattr(connection.ops, "convert_datetimefield_value", None)
    return convert(moment, None, connection) if convert else moment
