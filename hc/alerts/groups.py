"""Groups of channels: who is told instead of a group, and what became of it.

A group has a notification of its own, which is never due: it is settled when those of its members
are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from hc.alerts import telemetry
from hc.alerts.configs import config_of
from hc.api.models import OPEN_STATES, Channel, DeliveryState, Flip, Notification
from hc.integrations import registry
from hc.integrations.base import Result
from hc.lib.bulk import update_rows

AT_ONCE = 1000
GIVEN_UP = "None of its members was to be told any more"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A channel to be told, and the group through which it is reached, if any."""

    channel: Channel
    group: Channel | None = None


def expand(channels: Mapping[int, Sequence[Channel]]) -> dict[int, list[Recipient]]:
    """Who is told of each check: its channels, groups replaced by their members.

    Members that are switched off are left out, and nobody is told twice. One query.
    """
    groups = {c.pk: c for of in channels.values() for c in of if registry.fans_out(c.kind)}
    members = members_of(list(groups.values()))
    found: dict[int, list[Recipient]] = {}
    for check, its in channels.items():
        direct = [Recipient(channel) for channel in its if channel.pk not in groups]
        told = {recipient.channel.pk for recipient in direct}
        found[check] = direct
        for group in (channel for channel in its if channel.pk in groups):
            for member in members.get(group.pk, []):
                if member.pk not in told:
                    told.add(member.pk)
                    direct.append(Recipient(member, group))
    return found


def members_of(groups: Sequence[Channel]) -> dict[int, list[Channel]]:
    """The members of each group that are switched on, in their order."""
    codes = {group.pk: _codes(group) for group in groups}
    wanted = {code for of in codes.values() for code in of}
    if not wanted:
        return {}
    known = {c.code: c for c in Channel.objects.filter(code__in=wanted, disabled=False)}
    return {
        group.pk: [
            known[code]
            for code in codes[group.pk]
            if code in known
            and known[code].project_id == group.project_id
            and not registry.fans_out(known[code].kind)
        ]
        for group in groups
    }


def settle_groups(ids: Collection[int], now: datetime) -> set[int]:
    """Settle those of the groups' notifications whose members are; the flips they were about.

    To be called after the members were settled, in the same transaction: the rows of the groups
    are locked, so that of two processes that settle the last members one sees both. A row that
    was settled before is judged again, since a delivery may be reported to have failed later.
    """
    if not ids:
        return set()
    with transaction.atomic():
        locked = Notification.objects.select_for_update().filter(pk__in=ids).order_by("pk")
        rows = list(locked)
        news = {row.pk for row in rows if row.is_open()}
        counts = _counts(row.pk for row in rows)
        changed = [row for row in rows if _judge(row, counts.get(row.pk, {}), now)]
        columns = ("state", "error", "settled")
        values = [(row.pk, str(row.state), row.error, row.settled) for row in changed]
        update_rows(Notification, columns, values)
        _record_on_channels(changed)
        _count([row for row in changed if row.pk in news])
    return {row.flip_id for row in changed if row.flip_id}


def settle_finished(now: datetime) -> None:
    """Settle the groups that were missed: their last messages were given up, or went with channels
    that were removed."""
    waiting = Notification.objects.filter(due=None, state__in=OPEN_STATES)
    flips = Flip.objects.filter(processed=None).order_by("pk").values_list("pk", flat=True)
    for rows in (waiting.filter(flip__in=list(flips[:AT_ONCE])), waiting.filter(owner=None)):
        settle_groups(set(rows.values_list("pk", flat=True)[:AT_ONCE]), now)


def _counts(ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """How many members of each group are in each state: {group: {state: number}}."""
    rows = Notification.objects.filter(group__in=list(ids)).values_list("group", "state")
    found: dict[int, dict[str, int]] = {}
    for group, state, number in rows.annotate(number=Count("pk")).order_by():
        found.setdefault(group, {})[state] = number
    return found


def _judge(row: Notification, counts: Mapping[str, int], now: datetime) -> bool:
    """Give the row the state that follows from its members; whether that is another one.

    Members that had not to be told any more do not count.
    """
    if any(counts.get(state) for state in OPEN_STATES):
        return False
    before = (row.state, row.error)
    sent, failed = counts.get(DeliveryState.SENT, 0), counts.get(DeliveryState.FAILED, 0)
    if failed:
        row.state = DeliveryState.FAILED
        row.error = f"{failed} out of {sent + failed} notifications failed"
    elif sent:
        row.state, row.error = DeliveryState.SENT, ""
    elif row.is_open():
        row.state, row.error = DeliveryState.DROPPED, GIVEN_UP
    row.settled = row.settled or now
    return (row.state, row.error) != before


def _record_on_channels(rows: Iterable[Notification]) -> None:
    """The last message of each group, column by column."""
    told = [row for row in rows if row.settled and row.state != DeliveryState.DROPPED]
    last = {row.channel_id: row for row in sorted(told, key=lambda row: row.created)}
    update_rows(
        Channel,
        ("last_notify", "last_notify_duration", "last_error"),
        [
            (pk, row.created, row.settled - row.created if row.settled else None, row.error)
            for pk, row in last.items()
        ],
    )


def _count(rows: Sequence[Notification]) -> None:
    """Messages to groups that are settled for the first time."""
    kinds: dict[int, str] = {}
    if rows:
        heads = Channel.objects.filter(pk__in={row.channel_id for row in rows})
        kinds = dict(heads.values_list("pk", "kind"))
    results = {DeliveryState.SENT: Result.DELIVERED, DeliveryState.FAILED: Result.FAILED}
    telemetry.settled(
        (row, kinds[row.channel_id], results.get(DeliveryState(row.state), Result.DROPPED))
        for row in rows
    )


def _codes(group: Channel) -> tuple[UUID, ...]:
    config = config_of(group)
    return config.members() if config else ()
