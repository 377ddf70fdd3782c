"""What came of messages, in words: "told in 1.2 s", "Connection failed; try 3 at 01:52:03"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from hc.api.models import DeliveryState, Notification
from hc.core import words
from hc.front.rows import clock

AWAITED = timedelta(seconds=30)
_TONES = {
    DeliveryState.SENT: "up-text",
    DeliveryState.FAILED: "down-text",
    DeliveryState.DROPPED: "quiet",
}


def tone(notification: Notification) -> str:
    return _TONES.get(DeliveryState(notification.state), "late-text")


def latency(notification: Notification) -> timedelta | None:
    """From the cause of a message to its delivery."""
    if notification.state != DeliveryState.SENT or notification.settled is None:
        return None
    return notification.settled - notification.created


def outcome(notification: Notification, zone: tzinfo) -> str:
    """How a message went, to be read after the name of its channel."""
    taken = latency(notification)
    if taken is not None:
        return f"told in {words.run_time(taken)}" + _at_which_try(notification)
    if notification.state == DeliveryState.FAILED:
        return f"could not be told: {notification.error}" + _after_tries(notification)
    if notification.state == DeliveryState.DROPPED:
        return f"not told: {notification.error}"
    return next_step(notification, zone) or "not told yet"


def next_step(notification: Notification, zone: tzinfo) -> str:
    """What happens to a message that has been tried, but is not settled; else nothing."""
    number = notification.attempts
    if notification.state == DeliveryState.SENDING:
        return "being told" if number < 2 else f"being told, {ordinal(number)} try"
    if notification.state != DeliveryState.QUEUED or not number or not notification.due:
        return ""
    when = f"{notification.due.astimezone(zone):%H:%M:%S}"
    return f"{notification.error}; try {number + 1} at {when}"


def last_told(notification: Notification, zone: tzinfo, now: datetime) -> str:
    """How the last message to a channel went: "told 01:45:01", or what went wrong."""
    if notification.state == DeliveryState.SENT and notification.settled:
        return f"told {clock(notification.settled, now, zone)}"
    if not notification.is_open():
        return notification.error
    return next_step(notification, zone) or "being told"


def is_awaited(test: Notification, now: datetime) -> bool:
    """Whether somebody is likely to be looking for the outcome of a test message."""
    return test.is_open() and now - test.created < AWAITED


def fate(notification: Notification, zone: tzinfo) -> str:
    """How a message went so far, to be read by itself."""
    taken = latency(notification)
    if taken is not None:
        return f"delivered in {words.run_time(taken)}" + _at_which_try(notification)
    if not notification.is_open():
        return notification.error + _after_tries(notification)
    if notification.state == DeliveryState.SENDING:
        return "being sent"
    return next_step(notification, zone) or "waiting to be sent"


def without_groups(notifications: Sequence[Notification]) -> list[Notification]:
    """The messages but those to groups whose members are among them."""
    groups = {n.group_id for n in notifications if n.group_id}
    return [n for n in notifications if n.pk not in groups]


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th … 11th, 21st."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if number % 100 in (11, 12, 13) else endings.get(number % 10, "th")
    return f"{number}{ending}"


def _at_which_try(notification: Notification) -> str:
    return f", at the {ordinal(notification.attempts)} try" if notification.attempts > 1 else ""


def _after_tries(notification: Notification) -> str:
    return f" ({notification.attempts} tries)" if notification.attempts > 1 else ""
