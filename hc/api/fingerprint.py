"""What tells whether anything has changed that a list of checks shows, without reading the list.

Sums and counts over the checks of a project, exact in that no change leaves all of them as they
were: ids only grow, so that what comes and goes changes the number or the sum of ids; pings only
raise `n_pings`; people and scripts raise `edits`; the alert loop takes checks down; and what the
clock alone changes is counted at the time that is asked for.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db.models import Count, DateTimeField, ExpressionWrapper, F, Max, Q, Subquery, Sum

from hc.api.models import Channel, Check, Outage
from hc.core.state import Status


def of_checks(project_id: int, now: datetime) -> str:
    """40 hex digits: the same ones as long as the checks of a project look the same. 2 queries."""
    newest_outage = Outage.objects.order_by("-pk").values("pk")[:1]
    overrun_at = ExpressionWrapper(F("last_start") + F("grace"), output_field=DateTimeField())
    mine = Check.objects.filter(project=project_id).alias(overrun_at=overrun_at)
    checks = mine.aggregate(
        number=Count("pk"),
        ids=Sum("pk"),
        pings=Sum("n_pings"),
        edits=Sum("edits"),
        down=Count("pk", filter=Q(status=Status.DOWN)),
        late=Count("pk", filter=Q(status=Status.UP, due__lte=now)),
        overdue=Count("pk", filter=Q(alert_after__lte=now)),
        overrun=Count("pk", filter=Q(overrun_at__lte=now)),
        moved=Max(Subquery(newest_outage)),
    )
    links = Channel.checks.through.objects.filter(channel__project=project_id)
    figures = checks | links.aggregate(links=Count("pk"), link_ids=Sum("pk"))
    return digest(sorted(figures.items()))


def digest(seen: object) -> str:
    """40 hex digits that stand for the written form of what was seen."""
    return hashlib.sha1(repr(seen).encode(), usedforsecurity=False).hexdigest()
