"""The outbox in the hands of a test."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from hc.alerts import outbox
from hc.alerts.dispatcher import Space
from hc.alerts.leases import Claim
from hc.api.models import Check, Notification
from hc.core.state import Kind
from hc.integrations.base import Outcome
from hc.pings.writer import record
from tests.factories import ping_event

Lease = Claim[Notification]
Settle = Callable[[Lease, Outcome], bool]


def take(limit: int, now: datetime, busy: Collection[int] = ()) -> list[Lease]:
    return [one for lot in outbox.claim(Space(limit, busy=busy), now) for one in lot]


def fail(check: Check, at: datetime) -> None:
    record([ping_event(check.code, at, Kind.FAIL)], at)


def recover(check: Check, at: datetime) -> None:
    record([ping_event(check.code, at)], at)
