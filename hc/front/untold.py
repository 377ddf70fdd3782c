"""Why nobody was told of a change of status, where somebody might expect it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from hc.alerts.flapping import MOST_CHANGES, PERIOD
from hc.alerts.message import direction
from hc.api.models import Channel, Check, Flip
from hc.core import words
from hc.core.state import Reason
from hc.integrations import registry
from hc.integrations.base import BadConfig

# Enough to see that a check flaps around the flips of one page.
MOST_FLIPS = 500


def reasons(check: Check, flips: Iterable[Flip], since: datetime | None) -> dict[int, str]:
    """For each of these flips without messages: why, by its key; nothing where that is plain.

    `since`: from when on messages are kept. At most three queries.
    """
    asked = [
        flip for flip in flips if _is_of_interest(flip) and (not since or flip.created >= since)
    ]
    if not asked:
        return {}
    quiet = {flip.pk: _QUIET for flip in asked if _is_quiet(flip)}
    others = [flip for flip in asked if flip.pk not in quiet]
    if not others:
        return quiet
    flaps = _flaps(check, others)
    channels = list(Channel.objects.filter(checks=check))
    return quiet | {
        flip.pk: _flapping(flaps[flip.pk])
        if flaps[flip.pk] > MOST_CHANGES
        else _because_of(channels, flip)
        for flip in others
    }


_QUIET = "Nobody was told: it went down by a change of its schedule."


def _is_of_interest(flip: Flip) -> bool:
    """An outage and its end; a first ping and a pause are no news."""
    return flip.new_status == "down" or (flip.new_status, flip.old_status) == ("up", "down")


def _is_quiet(flip: Flip) -> bool:
    return flip.new_status == "down" and flip.why() is Reason.NONE


def _flaps(check: Check, flips: Sequence[Flip]) -> dict[int, int]:
    """How often the check had gone up or down within the hour before each flip, itself included."""
    first = min(flip.created for flip in flips) - PERIOD
    last = max(flip.created for flip in flips)
    rows = Flip.objects.filter(owner=check, created__gt=first, created__lte=last)
    changes = rows.filter(new_status__in=("up", "down")).order_by("-created")
    times = list(changes.values_list("created", flat=True)[:MOST_FLIPS])
    return {
        flip.pk: sum(flip.created - PERIOD < at <= flip.created for at in times) for flip in flips
    }


def _flapping(number: int) -> str:
    times = words.count(number, "time")
    return (
        f"Nobody was told: it had changed its status {times} within an hour, and such a check is "
        "spoken of once an hour."
    )


def _because_of(channels: Sequence[Channel], flip: Flip) -> str:
    if not channels:
        return "Nobody was told: no integration is switched on for this check."
    working = [channel for channel in channels if not channel.disabled]
    if not working:
        return "Nobody was told: the integrations of this check are switched off."
    if not any(_wants(channel, flip) for channel in working):
        return f"Nobody was told: its integrations do not send “{flip.new_status}” messages."
    if flip.processed is None:
        return "People are being told."
    return "Nobody was told: no integration was switched on at that time."


def _wants(channel: Channel, flip: Flip) -> bool:
    if registry.get(channel.kind) is None:
        return False
    try:
        return registry.load_config(channel.kind, channel.value).wants(direction(flip.new_status))
    except BadConfig:
        return True
