"""The fast door for pings: no middleware, no session, no URL resolver.

Only as much of a body as is kept stays in memory; the rest is read and thrown away.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from hc.pings import http
from hc.pings.batcher import Batcher
from hc.pings.event import Overloaded, PingEvent
from hc.pings.http import RawRequest, Reply
from hc.pings.intake import intake
from hc.pings.lane import Lane

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

lane = Lane(intake())
batcher = Batcher(lane.take)


class ClientGone(Exception):
    """The sender hung up before the request was complete."""


async def ping(scope: Scope, path: str, receive: Receive, send: Send) -> None:
    """Answer a request for `path` (below the site's prefix), which begins with /ping/."""
    try:
        body = await _read(receive, settings.PING_BODY_LIMIT)
    except ClientGone:
        return
    headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
    request = RawRequest(
        method=scope["method"],
        path=path,
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        peer=scope["client"][0] if scope.get("client") else None,
        body=body,
        received=timezone.now(),
    )
    event = http.parse(request)
    reply = event if isinstance(event, Reply) else await _record(event)
    await _answer(reply, send, head=request.method == "HEAD")


async def _record(event: PingEvent) -> Reply:
    try:
        return http.reply_to(await batcher.submit(event))
    except Overloaded:
        return http.unavailable()
    except DatabaseError:
        logger.exception("ping could not be stored", extra={"action": "ping"})
        return http.unavailable()


async def _read(receive: Receive, limit: int | None) -> bytes:
    """The first `limit` bytes of the body; the whole body is received."""
    kept = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        room = len(chunk) if limit is None else max(0, limit - len(kept))
        kept += chunk[:room]
        if not message.get("more_body", False):
            return bytes(kept)


async def _answer(reply: Reply, send: Send, *, head: bool) -> None:
    body = b"" if head else reply.text.encode()
    start = {"type": "http.response.start", "status": reply.status, "headers": _encoded(reply)}
    await send(start)
    await send({"type": "http.response.body", "body": body})


@lru_cache(maxsize=64)
def _encoded(reply: Reply) -> tuple[tuple[bytes, bytes], ...]:
    length = (b"content-length", str(len(reply.text.encode())).encode())
    return (*((k.lower().encode(), v.encode("latin-1")) for k, v in reply.headers), length)
