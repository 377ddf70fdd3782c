"""How the service is: what an operator has to know, in one word each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Max, Min

from hc.alerts import outbox
from hc.api.models import Heartbeat, Outage
from hc.api.services import listening
from hc.api.services.heartbeats import STALE

OLDEST_DUE = timedelta(seconds=60)
# What has to run for the service to do what it is there for.
NEEDED = ("web", "sendalerts")


@dataclass(frozen=True, slots=True)
class Queue:
    """Messages that are due: how many, and since when the oldest one waits."""

    depth: int
    oldest: datetime | None


def problems(now: datetime) -> list[str]:
    """What is wrong; empty if all is well. Raises as the database does while it is away."""
    found = [f"{process} is not heard" for process in _silent(now)]
    if listening.deaf_since(now):
        found.append("deadlines wait until all pings are stored")
    return found


def late_messages(now: datetime) -> list[str]:
    """As `problems`: whether messages are sent in time. That says nothing about a web process."""
    queue = due_messages(now)
    if queue.oldest and queue.oldest < now - OLDEST_DUE:
        return [f"{queue.depth} messages are due for more than a minute"]
    return []


def due_messages(now: datetime) -> Queue:
    """What should have been taken up by now; not what waits for a destination that fails."""
    facts = outbox.overdue(now).aggregate(depth=Count("pk"), oldest=Min("due"))
    return Queue(facts["depth"], facts["oldest"])


def last_outage(now: datetime) -> Outage | None:
    """The last time within a day in which pings could not be heard."""
    return listening.recent_outage(now)


def has_unapplied_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _silent(now: datetime) -> list[str]:
    """Needed processes without a living copy, and others that died without a farewell."""
    newest = dict(Heartbeat.objects.values_list("process").annotate(Max("beat")))
    missing = [process for process in NEEDED if process not in newest]
    return missing + sorted(process for process, beat in newest.items() if beat < now - STALE)
