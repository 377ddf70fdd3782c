"""Who does the tasks of housekeeping, when each was last done, and how far it has got.

All of it stands in the database, so that any number of copies on any number of hosts share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Q

from hc.api.models import Chore

LEASE = timedelta(minutes=5)
_LEASE_ROW = "lease"


def take(holder: str, now: datetime) -> bool:
    """Become, or stay, the one copy that works; False while another one is at it.

    The lease of a copy that died runs out.
    """
    Chore.objects.get_or_create(name=_LEASE_ROW)
    free = Q(until=None) | Q(until__lte=now) | Q(holder=holder)
    lease = Chore.objects.filter(free, name=_LEASE_ROW)
    return bool(lease.update(holder=holder, until=now + LEASE))


def give_back(holder: str) -> None:
    Chore.objects.filter(name=_LEASE_ROW, holder=holder).update(holder="", until=None)


def last_done() -> Mapping[str, datetime | None]:
    """When each task was last done, as far as known."""
    return dict(Chore.objects.values_list("name", "done"))


def finish(name: str, now: datetime) -> None:
    """The task is done; it began at `now`."""
    Chore.objects.update_or_create(name=name, defaults={"done": now})


def position(name: str) -> int:
    """How far a task has got; 0 at first. What it counts is the task's business."""
    found = Chore.objects.filter(name=name).values_list("position", flat=True).first()
    return found or 0


def advance(name: str, position: int) -> None:
    Chore.objects.update_or_create(name=name, defaults={"position": position})
