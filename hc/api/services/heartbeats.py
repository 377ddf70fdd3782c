"""Heartbeats: how the processes of the service know of each other that they are alive."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from hc.api.models import Heartbeat
from hc.lib import metrics

STALE = timedelta(seconds=30)
FORGOTTEN = timedelta(days=1)


class Pulse:
    """The heartbeat of this process."""

    def __init__(self, process: str) -> None:
        self._who: dict[str, Any] = {
            "process": process,
            "host": socket.gethostname()[:100],
            "pid": os.getpid(),
        }
        self._started = timezone.now()

    def beat(self, now: datetime, *, spooling_since: datetime | None = None) -> None:
        """Say that we are alive; forgets the dead of former days.

        `spooling_since`: when answered pings began to wait on this machine's disk, if they do.
        """
        Heartbeat.objects.update_or_create(
            **self._who,
            defaults={
                "beat": now,
                "started": self._started,
                "spooling_since": spooling_since,
                "figures": metrics.snapshot(),
            },
        )
        Heartbeat.objects.filter(beat__lt=now - FORGOTTEN).delete()

    def stop(self) -> None:
        """Say that we stop on purpose."""
        Heartbeat.objects.filter(**self._who).delete()


def silent_since(process: str, now: datetime) -> datetime | None:
    """When the last copy of `process` was heard, if that is too long ago; None if all is well.

    A process that was stopped on purpose, or never ran, is silent since the beginning of time.
    """
    last = (
        Heartbeat.objects.filter(process=process)
        .order_by("-beat")
        .values_list("beat", flat=True)
        .first()
    )
    if last is None:
        return datetime.min.replace(tzinfo=now.tzinfo)
    return last if last < now - STALE else None
