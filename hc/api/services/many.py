"""What people may change of many checks at once, beside pausing and deleting
(hc.api.services.checks)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db.models import F, QuerySet, prefetch_related_objects

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import Project
from hc.api.models import Channel, Check
from hc.api.services import reminders
from hc.api.services.checks import LimitReached, available
from hc.api.services.transitions import note_links
from hc.lib.bulk import update_rows
from hc.lib.transactions import atomically

MAX_TAGS = 500


def add_tag(checks: QuerySet[Check], tag: str) -> int:
    """Give them a tag that they do not have; how many got it. No text of tags grows too long."""
    return _retag(checks, lambda tags: tags if tag in tags else [*tags, tag])


def remove_tag(checks: QuerySet[Check], tag: str) -> int:
    """Take a tag from them; how many had it."""
    return _retag(checks, lambda tags: [t for t in tags if t != tag])


@atomically
def set_channels(checks: QuerySet[Check], on: Sequence[Channel], off: Sequence[Channel]) -> int:
    """Let all of them alert through `on`, and none through `off`; how many checks there are."""
    link = Channel.checks.through
    rows = list(_locked(checks))
    ids = [check.pk for check in rows]
    link.objects.filter(check_id__in=ids, channel__in=off).delete()
    present = set(
        link.objects.filter(check_id__in=ids, channel__in=on).values_list("check_id", "channel_id")
    )
    missing = [
        link(check_id=pk, channel_id=channel.pk)
        for pk in ids
        for channel in on
        if (pk, channel.pk) not in present
    ]
    link.objects.bulk_create(missing)
    note_links(ids)
    names = {"on": [str(ch) for ch in on], "off": [str(ch) for ch in off]}
    for check in rows:
        _note(check, names)
    return len(rows)


@atomically
def move_all(checks: QuerySet[Check], target: Project, now: datetime) -> tuple[int, list[str]]:
    """Hand checks of one project over to another as `lifecycle.move` does, with their slugs.

    Those whose slug the target has already stay: pings by it would reach neither. Returns how
    many moved, and the names of those that stayed. Raises LimitReached, then none has moved.
    """
    room = available(target, lock=True)
    rows = list(_locked(checks))
    prefetch_related_objects(rows, "project__owner")
    taken = set(Check.objects.filter(project=target).values_list("slug", flat=True)) - {""}
    moving = [check for check in rows if check.slug not in taken]
    arriving = [check for check in moving if check.project.owner_id != target.owner_id]
    if arriving and room < len(arriving):
        raise LimitReached
    ids = [check.pk for check in moving]
    Check.objects.filter(pk__in=ids).update(project=target, edits=F("edits") + 1)
    _link_anew(ids, target)
    for check in moving:
        details = {"from": str(check.project), "to": str(target)}
        for project in (check.project, target):
            what = Target(check.label(), check.unique_key)
            audit.record("check.moved", what, project=project, details=details)
    reminders.follow_projects({target.pk, *(check.project_id for check in moving)}, now)
    reminders.follow_checks(ids, now)
    return len(moving), [check.label() for check in rows if check.slug in taken]


def _link_anew(checks: Sequence[int], project: Project) -> None:
    """Let checks alert through all channels of the project, and through no others."""
    link = Channel.checks.through
    link.objects.filter(check_id__in=checks).delete()
    channels = Channel.objects.filter(project=project).values_list("pk", flat=True)
    link.objects.bulk_create(
        [link(check_id=pk, channel_id=channel) for channel in channels for pk in checks]
    )


@atomically
def _retag(checks: QuerySet[Check], change: Callable[[list[str]], list[str]]) -> int:
    changed = []
    for check in _locked(checks):
        before = check.tags_list()
        after = " ".join(change(before))
        if after == " ".join(before) or len(after) > MAX_TAGS:
            continue
        changed.append((check.pk, after, check.edits + 1))
        _note(check, {"tags": [check.tags, after]})
    update_rows(Check, ("tags", "edits"), changed)
    return len(changed)


def _locked(checks: QuerySet[Check]) -> QuerySet[Check]:
    return Check.objects.filter(pk__in=checks.values("pk")).for_update()


def _note(check: Check, details: dict[str, list[str]]) -> None:
    target = Target(check.label(), check.unique_key)
    audit.record("check.edited", target, project=check.project_id, details=details)
