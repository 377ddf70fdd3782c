"""Heartbeats: how the processes of the service know of each other that they are alive."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet
from django.utils import timezone

from hc.api.models import Heartbeat
from hc.lib import metrics

STALE = timedelta(seconds=30)
FORGOTTEN = timedelta(days=1)
# For so long the heartbeat of one that died may still hold back deadlines (listening.py).
REPLACED = timedelta(minutes=5)


class Pulse:
    """The heartbeat of this process."""

    def __init__(self, process: str) -> None:
        self._who: dict[str, Any] = {
            "process": process,
            "host": socket.gethostname()[:100],
            "pid": os.getpid(),
        }
        self._started = timezone.now()
        self._last: datetime | None = None

    def beat(
        self,
        now: datetime,
        *,
        since: datetime | None = None,
        spooling_since: datetime | None = None,
    ) -> None:
        """Say that we are alive; forgets those of our kind who died long ago.

        `since`: since when we run without a break, if not since our start. `spooling_since`: when
        answered pings began to wait on this machine's disk, or pings were lost, if they were.
        """
        Heartbeat.objects.update_or_create(
            **self._who,
            defaults={
                "beat": now,
                "started": since or self._started,
                "spooling_since": spooling_since,
                "figures": metrics.snapshot(),
            },
        )
        self._last = now
        # Nobody but one of its kind, or an operator, makes up for a process that died.
        _of_kind(self._who["process"]).filter(beat__lt=now - FORGOTTEN).delete()

    def stop(self) -> None:
        """Say that we stop on purpose. Those of our kind who died before were replaced by us."""
        Heartbeat.objects.filter(**self._who).delete()
        if self._last:
            _of_kind(self._who["process"]).filter(beat__lt=self._last - REPLACED).delete()


def forgettable(now: datetime) -> Iterator[QuerySet[Heartbeat]]:
    """The dead of former days, kind by kind; the last one of a kind stays, and is missed until
    another one runs, or an operator deletes it."""
    newest = Heartbeat.objects.values_list("process").annotate(last=Max("beat")).order_by("process")
    for process, last in list(newest):
        yield _of_kind(process).filter(beat__lt=min(last, now - FORGOTTEN))


def _of_kind(process: str) -> QuerySet[Heartbeat]:
    return Heartbeat.objects.filter(process=process)
