"""Removing checks with a way back, for a day.

A removed check keeps its row, with all that hangs on it, and is hidden (`Check.objects`): its ping
address, its pages and its badges answer 404, no list has it, no limit counts it, and nothing is
sent for it. What must not wait for a person is removed at once and for good, by
hc.api.services.checks.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import Project
from hc.api.models import Channel, Check, DeliveryState, Flip, Notification, RemovedCheck
from hc.api.services import reminders, transitions
from hc.api.services.checks import LimitReached, available
from hc.core.state import after_absence
from hc.lib.transactions import atomically

# For so long a removed check can be brought back.
KEPT = timedelta(hours=24)
SILENCED = "The check was deleted."


@dataclass(frozen=True, slots=True)
class Restored:
    """Checks that were brought back; those in `unnamed` without their slugs, which other checks
    have got meanwhile."""

    checks: list[Check]
    unnamed: list[Check]


@atomically
def remove(code: uuid.UUID, now: datetime) -> None:
    """Hide a check until `restore` or the end of the time for that. Raises Check.DoesNotExist.

    Its row is locked: a ping that comes meanwhile waits, and finds no check.
    """
    if not remove_all(Check.objects.filter(code=code), now):
        raise Check.DoesNotExist


@atomically
def remove_all(checks: QuerySet[Check], now: datetime) -> list[Check]:
    """As `remove`, for many; those that were removed."""
    rows = list(Check.objects.filter(pk__in=checks.values("pk")).for_update())
    ids = [check.pk for check in rows]
    channels = _unlink(ids)
    by = audit.actor().name[:254]
    RemovedCheck.objects.bulk_create(
        RemovedCheck(owner=check, removed=now, by=by, channels=channels.get(check.pk, []))
        for check in rows
    )
    Check.objects.filter(pk__in=ids).update(removed=now, edits=F("edits") + 1)
    silence(ids, SILENCED, now)
    for check in rows:
        _note("check.removed", check)
    reminders.follow_projects({check.project_id for check in rows}, now)
    return rows


def removed_in(project: Project, now: datetime) -> QuerySet[RemovedCheck]:
    """The checks of a project that can be brought back, the last one first."""
    found = RemovedCheck.objects.filter(
        owner__project=project, removed__gt=now - KEPT, is_log=False
    )
    return found.order_by("-removed", "owner")


@atomically
def restore(project: Project, ids: Collection[int], now: datetime) -> Restored:
    """Bring removed checks of a project back as they were, as far as they still can be.

    Their log, settings and ping addresses are the old ones; they alert through those of their
    channels that are left. One whose deadline has passed waits for its next ping, in silence.
    Raises LimitReached, then none comes back.
    """
    room = available(project, lock=True)
    due = removed_in(project, now).filter(owner__in=ids).values_list("owner", flat=True)
    rows = list(Check.every.filter(pk__in=list(due)).exclude(removed=None).for_update())
    if room < len(rows):
        raise LimitReached
    unnamed = _take_slugs(project, rows)
    back = [check.pk for check in rows]
    Check.every.filter(pk__in=back).update(removed=None, edits=F("edits") + 1)
    _link_again(project, RemovedCheck.objects.filter(owner__in=back))
    RemovedCheck.objects.filter(owner__in=back).delete()
    for check in rows:
        check.removed, check.edits = None, check.edits + 1
        _note("check.restored", check)
    _watch(rows, now)
    reminders.follow_checks(back, now)
    return Restored(rows, unnamed)


def silence(ids: Sequence[int], why: str, now: datetime) -> None:
    """Messages about these checks that wait are not sent any more."""
    waiting = Notification.objects.filter(owner__in=ids, state=DeliveryState.QUEUED)
    waiting = Notification.objects.filter(pk__in=list(waiting.values_list("pk", flat=True)))
    waiting.filter(state=DeliveryState.QUEUED).update(
        state=DeliveryState.DROPPED, error=why, due=None, settled=now
    )


def _unlink(ids: Sequence[int]) -> dict[int, list[int]]:
    """Take the channels away from checks; which they were, by check."""
    links = Channel.checks.through.objects.filter(check_id__in=ids)
    found: dict[int, list[int]] = {}
    for check, channel in links.order_by("pk").values_list("check_id", "channel_id"):
        found.setdefault(check, []).append(channel)
    links.delete()
    return found


def _link_again(project: Project, removed: QuerySet[RemovedCheck]) -> None:
    left = set(Channel.objects.filter(project=project).values_list("pk", flat=True))
    link = Channel.checks.through
    link.objects.bulk_create(
        link(check_id=row.owner_id, channel_id=channel)
        for row in removed
        for channel in row.channels
        if channel in left
    )


def _take_slugs(project: Project, rows: Sequence[Check]) -> list[Check]:
    """Those whose slugs are taken by now lose them: pings by it would reach neither."""
    taken = set(Check.objects.filter(project=project).values_list("slug", flat=True)) - {""}
    unnamed = [check for check in rows if check.slug in taken]
    Check.every.filter(pk__in=[check.pk for check in unnamed]).update(slug="")
    for check in unnamed:
        check.slug = ""
    return unnamed


def _watch(rows: Sequence[Check], now: datetime) -> None:
    moved = [(check, after_absence(check.state(), now)) for check in rows]
    moved = [(check, found) for check, found in moved if found.state != check.state()]
    transitions.store_many(moved)
    Flip.objects.bulk_create(
        [flip for check, found in moved for flip in transitions.flips_of(check.pk, found, now)]
    )


def _note(action: str, check: Check) -> None:
    audit.record(action, Target(check.label(), check.unique_key), project=check.project_id)
