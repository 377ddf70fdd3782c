"""A group is told through its members; there is nothing to send to itself."""

from __future__ import annotations

from hc.integrations.base import Alert, Outcome, Wire, failed
from hc.integrations.group.config import GroupConfig


async def send(alert: Alert, config: GroupConfig, wire: Wire) -> Outcome:
    return failed("No member of the group could be told")
