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
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Min, Q

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
DAY = timedelta(days=1)


class Gap(NamedTuple):
    """A time in which pings were lost."""

    started: datetime
    ended: datetime


def advance(now: datetime, since: datetime, refused: Gap | None = None) -> bool:
    """All pings that this process took up to `now` are in the database; whether the mark moved.

    It has listened since `since`, but had to refuse pings in the time `refused`. The mark moves on
    unless another process holds it back, or has just moved it. If nobody had listened for a while,
    or pings were refused, that is an outage of ours.
    """
    row = Listening.objects.first()
    if row is None:
        return Listening.objects.get_or_create(pk=1, defaults={"until": now})[1]
    is_fresh = row.until >= now - timedelta(seconds=BEAT_SECONDS) * 0.8
    if (is_fresh and not refused) or _is_held_back(now):
        return False
    with transaction.atomic():
        row = Listening.objects.select_for_update().get(pk=row.pk)
        began = min(since, _earliest_start(now) or since)
        if gap := _gap(row.until, began, refused):
            _record_outage(*gap)
        Listening.objects.filter(pk=row.pk, until__lt=now).update(until=now)
    return True


def _gap(until: datetime, began: datetime, refused: Gap | None) -> Gap | None:
    """The time in which pings may have been lost, if there was one: everything was heard up to
    `until` and again from `began` on, but for what was `refused`."""
    silent = Gap(until, began) if began > until + LATE else None
    if refused is None:
        return silent
    # What one process refuses has reached no other, whether those listened or not. They all lose
    # the database at once, and each tells of it: what was told need not be excused again.
    ended = max(refused.ended, silent.ended if silent else refused.ended)
    newest = Outage.objects.filter(ended__gte=refused.started).aggregate(at=Max("ended"))
    told: datetime | None = newest["at"]
    if told is None:
        return Gap(min(until, refused.started), ended)
    return Gap(told, ended) if ended > told + LATE else None


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
    """Since when somebody who is still there has listened.

    Who was not heard for longer than that may have been frozen together with us, and say so soon.
    """
    alive = Heartbeat.objects.filter(process="web", beat__gt=now - LATE)
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


# --- What is said of it -------------------------------------------------------------------------


def recent_outage(now: datetime) -> Outage | None:
    """The last outage of ours within a day."""
    return Outage.objects.filter(ended__gt=now - DAY).order_by("-ended").first()


def deaf_since(now: datetime) -> datetime | None:
    """Since when deadlines wait, if they have waited for more than a moment."""
    until: datetime | None = Listening.objects.values_list("until", flat=True).first()
    return until if until and is_deaf(until, now) else None


def is_deaf(until: datetime, now: datetime) -> bool:
    """Whether pings that came after `until` may still be missing, if not only for a moment."""
    return until < now - 3 * LATE
