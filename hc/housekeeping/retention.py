"""What is too old goes: pings beyond the log limit, and all else that nobody will ask for.

Each function is a generator that yields the number of deleted rows after each small transaction,
so that nobody waits long for its locks, and the caller may stop it in between.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from hc.accounts.models import AuditEntry, Invitation, LoginToken, Profile
from hc.accounts.services import closing
from hc.accounts.services import sessions as sign_ins
from hc.api.models import (
    OPEN_STATES,
    Check,
    Flip,
    Journal,
    Notification,
    Outage,
    Ping,
    QueuedMail,
    TokenBucket,
)
from hc.api.services import heartbeats as pulses
from hc.core.object_keys import object_key
from hc.lib import objects
from hc.lib.objects import ObjectStore, StorageError
from hc.logs.models import Record
from hc.pings import bodies

logger = logging.getLogger(__name__)

CHECKS = 200
ROWS = 1000
FLIPS_KEPT = timedelta(days=730)
LOOSE_NOTIFICATIONS_KEPT = timedelta(days=90)
JOURNALS_KEPT = timedelta(days=90)
INVITATIONS_KEPT = timedelta(days=30)
BUCKETS_KEPT = MAILS_KEPT = timedelta(days=1)
_DEFAULT_LIMIT = Profile._meta.get_field("ping_log_limit").get_default()  # noqa: SLF001 - its name
_OLDEST_PING = Ping.objects.filter(n__gt=0).order_by("n")


@dataclass(frozen=True, slots=True)
class _Log:
    """A check's log of pings: those up to `last_hidden` are beyond the limit and summed up."""

    check_id: int
    code: UUID
    last_hidden: int
    oldest: int


# --- Pings ------------------------------------------------------------------------------------


def pings(_: datetime) -> Iterator[int]:
    """Pings beyond the log limit of their project's owner, and their bodies.

    Only those that the daily rollups have counted. Source: core 6.2 of the specification.
    """
    store = objects.configured()
    for logs in _logs():
        too_long = [log for log in logs if log.oldest <= log.last_hidden]
        for part in _parts(too_long):
            yield _prune(part, store)


def stray_bodies(_: datetime) -> Iterator[int]:
    """Bodies of pings that are gone: of events that were cleared, or left by a crash.

    Only of checks that are there; for the others: hc/housekeeping/inventory.py. Raises
    StorageError.
    """
    store = objects.configured()
    if store is None:
        return
    for logs in _logs():
        for log in logs:
            if log.last_hidden > 0:
                yield bodies.delete_up_to(store, log.code, log.last_hidden)


def _logs() -> Iterator[list[_Log]]:
    """The logs of all checks, by id."""
    oldest = _OLDEST_PING.filter(owner=OuterRef("pk")).values("n")[:1]
    checks = Check.objects.order_by("pk").annotate(
        limit=Coalesce(F("project__owner__profile__ping_log_limit"), _DEFAULT_LIMIT),
        oldest=Subquery(oldest),
    )
    columns = ("pk", "code", "n_pings", "rolled_n", "limit", "oldest")
    after = 0
    while rows := list(checks.filter(pk__gt=after).values_list(*columns)[:CHECKS]):
        after = rows[-1][0]
        yield [
            _Log(pk, code, min(n_pings - limit, rolled_n), oldest or n_pings + 1)
            for pk, code, n_pings, rolled_n, limit, oldest in rows
        ]


def _parts(logs: Sequence[_Log]) -> Iterator[list[_Log]]:
    """Work for one transaction each: many short logs, or a part of a long one."""
    part: list[_Log] = []
    room = ROWS
    for log in logs:
        first = log.oldest
        while first <= log.last_hidden:
            last = min(log.last_hidden, first + room - 1)
            part.append(_Log(log.check_id, log.code, last, first))
            room -= last - first + 1
            first = last + 1
            if not room:
                yield part
                part, room = [], ROWS
    if part:
        yield part


def _prune(logs: Sequence[_Log], store: ObjectStore | None) -> int:
    if store is not None:
        _delete_bodies(logs, store)
    deleted = 0
    with transaction.atomic():
        for log in logs:
            deleted += Ping.objects.filter(_hidden(log)).delete()[0]
    return deleted


def _delete_bodies(logs: Sequence[_Log], store: ObjectStore) -> None:
    """The bodies go first: rows that survive a crash will remind us of them."""
    moved = Ping.objects.filter(reduce(or_, map(_hidden, logs)), object_size__isnull=False)
    keys = [object_key(code, n or 0) for code, n in moved.values_list("owner__code", "n")]
    try:
        store.delete(keys)
    except StorageError as e:
        # The rows go all the same; `stray_bodies` will find what they leave behind.
        logger.warning("bodies not deleted", extra={"action": "prune", "reason": str(e)})


def _hidden(log: _Log) -> Q:
    return Q(owner_id=log.check_id, n__gte=log.oldest, n__lte=log.last_hidden)


# --- Messages and flips -----------------------------------------------------------------------


def notifications(now: datetime) -> Iterator[int]:
    """Messages older than the oldest ping of their check; those without check or flip in time."""
    settled = Notification.objects.exclude(state__in=OPEN_STATES)
    oldest = _OLDEST_PING.filter(owner=OuterRef("owner_id")).values("created")[:1]
    yield from _delete(settled.filter(created__lt=Subquery(oldest)))
    loose = settled.filter(Q(owner=None) | Q(flip=None))
    yield from _delete(loose.filter(created__lt=now - LOOSE_NOTIFICATIONS_KEPT))


def flips(now: datetime) -> Iterator[int]:
    """Flips older than two years and than the oldest ping of their check, with their messages."""
    oldest = _OLDEST_PING.filter(owner=OuterRef("owner_id")).values("created")[:1]
    old = Flip.objects.filter(created__lt=now - FLIPS_KEPT, processed__isnull=False)
    old = old.annotate(oldest_ping=Subquery(oldest))
    yield from _delete(old.filter(Q(oldest_ping=None) | Q(created__lt=F("oldest_ping"))))


# --- The rest ---------------------------------------------------------------------------------


def sessions(now: datetime) -> Iterator[int]:
    """Sessions that have expired, and what is noted of sessions that are gone."""
    yield from _delete(Session.objects.filter(expire_date__lt=now))
    yield from _delete(sign_ins.strays(now))


def login_tokens(now: datetime) -> Iterator[int]:
    """Mailed links that work no more."""
    return _delete(LoginToken.objects.filter(expires__lt=now))


def token_buckets(now: datetime) -> Iterator[int]:
    """Rate limits that nobody has touched for a day: they are full again."""
    return _delete(TokenBucket.objects.filter(updated__lt=now - BUCKETS_KEPT))


def log_records(now: datetime) -> Iterator[int]:
    """Log records older than LOG_RETENTION_DAYS."""
    kept = timedelta(days=settings.LOG_RETENTION_DAYS)
    return _delete(Record.objects.filter(created__lt=now - kept))


def audit_entries(now: datetime) -> Iterator[int]:
    """Entries of the audit log older than AUDIT_RETENTION_DAYS."""
    kept = timedelta(days=settings.AUDIT_RETENTION_DAYS)
    return _delete(AuditEntry.objects.filter(created__lt=now - kept))


def invitations(now: datetime) -> Iterator[int]:
    """Invitations that expired a month ago; until then they can be sent again."""
    return _delete(Invitation.objects.filter(expires__lt=now - INVITATIONS_KEPT))


def heartbeats(now: datetime) -> Iterator[int]:
    """Processes that were not heard for a day, but for the last one of each kind."""
    for rows in pulses.forgettable(now):
        yield from _delete(rows)


def journals(now: datetime) -> Iterator[int]:
    """Journals of processes and spool files that are long gone."""
    return _delete(Journal.objects.filter(updated__lt=now - JOURNALS_KEPT))


def mails(now: datetime) -> Iterator[int]:
    """Mails that were sent, or given up, more than a day ago; of notices of closing it has to be
    known for longer whether they came back."""
    yield from _delete(closing.others().filter(settled__lt=now - MAILS_KEPT))
    yield from _delete(QueuedMail.objects.filter(settled__lt=now - closing.KEPT))


def outages(now: datetime) -> Iterator[int]:
    """Outages of the service of more than two years ago."""
    return _delete(Outage.objects.filter(ended__lt=now - FLIPS_KEPT))


def _delete(rows: models.QuerySet[Any, Any]) -> Iterator[int]:
    """Delete `rows` in small transactions."""
    while True:
        some = list(rows.values_list("pk", flat=True)[:ROWS])
        if not some:
            return
        # The condition is asked again: a row may have changed since.
        rows.filter(pk__in=some).delete()
        yield len(some)
        if len(some) < ROWS:
            return
