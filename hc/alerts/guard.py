"""The guard: deadlines are judged only as far as we know that all pings have been heard.

While the web processes are away, or answered pings still wait on a disk, a silent check proves
nothing. What becomes of the deadlines then: hc.api.services.listening.
"""

from __future__ import annotations

from datetime import datetime

from hc.alerts import overdue
from hc.alerts.overdue import Swept
from hc.api.models import Listening
from hc.api.services.listening import LATE


def horizon(now: datetime) -> datetime | None:
    """The instant up to which deadlines may be judged; None if nobody has ever listened."""
    until: datetime | None = Listening.objects.values_list("until", flat=True).first()
    if until is None:
        return None
    return now if now - until <= LATE else until


def sweep(now: datetime) -> Swept:
    """Take checks down whose deadlines have passed, as far as that can be judged."""
    judged = horizon(now)
    if judged is None:
        return Swept(is_deaf=True)
    swept = overdue.sweep(now, judged)
    return Swept(swept.down, swept.has_more, is_deaf=judged < now)
