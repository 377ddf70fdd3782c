"""The fast door for pings: no middleware, no session, no URL resolver.

Only as much of a body as is kept stays in memory; the rest is read and thrown away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from hc.pings import http, writer
from hc.pings.event import PingEvent
from hc.pings.http import RawRequest, Reply

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# One thread, and so one database connection, per web process.
_writer = ThreadPoolExecutor(1, thread_name_prefix="pings")


class ClientGone(Exception):
    """The sender hung up before the request was complete."""


async def ping(scope: Scope, path: str, receive: Receive, send: Send) -> None:
    """Answer a request for `path` (below the site's prefix), which begins with /ping/."""
    received = timezone.now()
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
        received=received,
    )
    event = http.parse(request)
    reply = event if isinstance(event, Reply) else await _record(event)
    await _answer(reply, send, head=request.method == "HEAD")


async def _record(event: PingEvent) -> Reply:
    loop = asyncio.get_running_loop()
    try:
        receipts = await loop.run_in_executor(_writer, _store, event)
    except DatabaseError:
        logger.exception("ping could not be stored")
        return http.unavailable()
    return http.reply_to(receipts[0])


def _store(event: PingEvent) -> Any:
    close_old_connections()
    return writer.record([event], timezone.now())


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
    body = reply.text.encode()
    headers = [(k.lower().encode(), v.encode("latin-1")) for k, v in reply.headers.items()]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})
