"""Tables of checks, pings, channels and messages. They know columns and constraints."""

from hc.api.models.channel import Channel
from hc.api.models.check import Check, ScheduleKind
from hc.api.models.flip import Flip
from hc.api.models.mail import QueuedMail
from hc.api.models.notification import OPEN_STATES, DeliveryState, Notification
from hc.api.models.ping import Ping
from hc.api.models.removed_check import RemovedCheck
from hc.api.models.service import (
    Chore,
    DailyRollup,
    Heartbeat,
    Journal,
    Listening,
    Outage,
)
from hc.api.models.token_bucket import Limit, TokenBucket

__all__ = [
    "OPEN_STATES",
    "Channel",
    "Check",
    "Chore",
    "DailyRollup",
    "DeliveryState",
    "Flip",
    "Heartbeat",
    "Journal",
    "Limit",
    "Listening",
    "Notification",
    "Outage",
    "Ping",
    "QueuedMail",
    "RemovedCheck",
    "ScheduleKind",
    "TokenBucket",
]
