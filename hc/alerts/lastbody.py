"""The body of the last ping, for messages, when it lies in object storage.

It is read while its own message is being sent, on threads that do nothing else, and for a few
seconds at most: no other message waits for it, and a message goes out without it rather than late.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from hc.api.bodies import BodyUnavailable, read_object
from hc.integrations.base import Alert, Outcome, Send, Wire
from hc.lib.crew import Crew

LONGEST_WAIT = 2.0
READS_AT_ONCE = 16

_threads = Crew(READS_AT_ONCE, "bodies")


def with_body(send: Send) -> Send:
    """`send`, which gets the body of the last ping first."""

    async def complete(alert: Alert, config: Any, wire: Wire) -> Outcome:
        return await send(await _completed(alert), config, wire)

    return complete


async def _completed(alert: Alert) -> Alert:
    ping = alert.last_ping
    if ping is None or not ping.unread:
        return alert
    reading = asyncio.get_running_loop().run_in_executor(
        _threads, read_object, alert.check.code, ping.n, ping.unread, LONGEST_WAIT
    )
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            body = await reading
    except (BodyUnavailable, TimeoutError):
        return alert
    if body is None:
        return alert
    return replace(alert, last_ping=replace(ping, body=body, unread=0))
