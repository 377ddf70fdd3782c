"""Up to when we have heard all pings, and what becomes of deadlines that passed while we were deaf.

Web processes say every few seconds that they take pings and that what they took is in the
database; then `Listening.until` moves on. It stands still while the service or the database is
away, or answered pings wait on a disk; deadlines beyond it are not judged (hc.alerts.guard). When
nobody listened at all, the deadlines that were touched are moved, and nobody is paged.
"""

from __future__ import annotations

import logging
import os
import socket
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, Q

from hc.api.models import Check, Heartbeat, Listening, Outage
from hc.api.services import mails
from hc.core import words
from hc.lib.mail import Mail

logger = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
# Who was heard so short a time ago is still there.
LATE = timedelta(seconds=5)
# Others need that long to tell of their spools once the database is back.
RECONNECT = timedelta(seconds=10)
# A process that vanished without a farewell may be cut off from the database, and hold pings.
VANISHED = timedelta(seconds=60)
LONGEST_SPOOLING = timedelta(minutes=5)
DOORS = ("web", "smtpd")
# A restart that touched nobody is not told.
WORTH_A_MAIL = timedelta(minutes=1)


def advance(now: datetime, since: datetime) -> None:
    """All pings that reached this process up to `now` are in the database; it has listened since
    `since`. The mark moves on unless another process holds it back; if nobody had listened for a
    while, that is an outage of ours."""
    row = Listening.objects.first()
    if row is None:
        Listening.objects.get_or_create(pk=1, defaults={"until": now})
        return
    if row.until >= now - timedelta(seconds=BEAT_SECONDS) * 0.8 or _is_held_back(now):
        return
    with transaction.atomic():
        row = Listening.objects.select_for_update().get(pk=row.pk)
        began = min(since, _earliest_start(now) or since)
        if began > row.until + LATE:
            _record_outage(row.until, began)
        Listening.objects.filter(pk=row.pk, until__lt=now).update(until=now)


def _is_held_back(now: datetime) -> bool:
    """Whether another process may hold pings that are not in the database yet."""
    holding = Q(spooling_since__isnull=False, beat__gt=now - LONGEST_SPOOLING)
    vanished = Q(beat__gt=now - VANISHED, beat__lt=now - RECONNECT)
    others = Heartbeat.objects.filter(holding | vanished, process__in=DOORS)
    for other in others.exclude(host=socket.gethostname()[:100], pid=os.getpid()):
        if not _has_ended(other):
            return True
        other.delete()
    return False


def _has_ended(heartbeat: Heartbeat) -> bool:
    """Whether it is known that the process does not run any more: we are on its machine."""
    if heartbeat.host != socket.gethostname()[:100]:
        return False
    try:
        os.kill(heartbeat.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _earliest_start(now: datetime) -> datetime | None:
    """Since when somebody who is still there has listened."""
    alive = Heartbeat.objects.filter(process="web", beat__gt=now - RECONNECT)
    started: datetime | None = alive.aggregate(first=Min("started"))["first"]
    return started


# --- Our outages --------------------------------------------------------------------------------


def _record_outage(started: datetime, ended: datetime) -> None:
    """Give the checks more time whose pings may have been lost; tell the operators."""
    extra = ended - started + timedelta(seconds=settings.OUTAGE_SETTLE_SECONDS)
    number = _excuse(started, ended, extra)
    outage = Outage.objects.create(
        started=started, ended=ended, excused_until=ended + extra, checks=number
    )
    # An error would be mailed to the operators as well.
    logger.warning(
        "pings could not be heard",
        extra={"action": "outage", "seconds": (ended - started).total_seconds(), "checks": number},
    )
    if number or ended - started >= WORTH_A_MAIL:
        _tell_operators(outage)


def _excuse(started: datetime, ended: datetime, extra: timedelta) -> int:
    """Move the deadlines of the checks that were expected to ping while nobody listened."""
    settled = ended + timedelta(seconds=settings.OUTAGE_SETTLE_SECONDS)
    touched = Q(alert_after__lte=settled) | Q(due__lte=ended) | Q(last_start__lte=ended)
    checks = Check.objects.filter(touched, alert_after__gt=started).exclude(status="down")
    # In this order: MySQL computes the second from what the first has left.
    return checks.update(
        excused_until=F("alert_after") + extra, alert_after=F("alert_after") + extra
    )


def _tell_operators(outage: Outage) -> None:
    duration = words.brief(outage.ended - outage.started)
    text = (
        f"{settings.SITE_NAME} could not hear pings from {outage.started:%Y-%m-%d %H:%M:%S} to "
        f"{outage.ended:%H:%M:%S} UTC ({duration}).\n\n"
        f"Nobody was alerted because of that: {words.count(outage.checks, 'check')} whose pings "
        f"may have been missed got more time, until {outage.excused_until:%H:%M:%S} UTC at the "
        "latest.\n"
    )
    mails.post_all(
        [
            Mail(
                to=address,
                subject=f"{settings.SITE_NAME} was away for {duration}",
                text=text,
                html="",
                headers={"Auto-Submitted": "auto-generated"},
            )
            for _, address in settings.ADMINS
        ],
        outage.ended,
    )


# --- What pages say of it -----------------------------------------------------------------------


def last_outage(now: datetime) -> Outage | None:
    """The outage of ours after which some checks still have more time."""
    return Outage.objects.filter(excused_until__gt=now).order_by("-ended").first()


def deaf_since(now: datetime) -> datetime | None:
    """Since when deadlines wait, if they have waited for more than a moment."""
    until: datetime | None = Listening.objects.values_list("until", flat=True).first()
    return until if until and until < now - 3 * LATE else None
