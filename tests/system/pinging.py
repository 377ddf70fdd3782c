"""Jobs that ping without pause, and remember what they were told."""

from __future__ import annotations

import asyncio
import itertools
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4


@dataclass
class Answered:
    """A ping that was answered 2xx: when it was sent, and when the answer came."""

    path: str
    sent: datetime
    answered: datetime


@dataclass
class Load:
    """`statuses`: how often each status was answered; a broken connection counts as 0."""

    port: int
    paths: Sequence[str]
    answered: dict[str, Answered] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    refusals: list[bytes] = field(default_factory=list)
    stopped: bool = False

    async def run(self, connections: int) -> None:
        paths = itertools.cycle(self.paths)
        await asyncio.gather(*(self._job(paths) for _ in range(connections)))

    async def _job(self, paths: Iterator[str]) -> None:
        while not self.stopped:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await self._broken()
                continue
            try:
                while not self.stopped:
                    await self._ping(reader, writer, next(paths))
            except (OSError, asyncio.IncompleteReadError):
                await self._broken()
            finally:
                writer.close()

    async def _broken(self) -> None:
        self.statuses[0] += 1
        await asyncio.sleep(0.05)

    async def _ping(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str
    ) -> None:
        rid, sent = str(uuid4()), datetime.now(UTC)
        head = f"POST {path}?rid={rid} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n"
        writer.write(head.encode() + b"hello")
        answer = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)
        body = await reader.readexactly(int(length[1]) if length else 0)
        status = int(answer.split()[1])
        self.statuses[status] += 1
        if 200 <= status < 300:
            self.answered[rid] = Answered(path, sent, datetime.now(UTC))
        else:
            self.refusals.append(answer + body)


@contextmanager
def load(port: int, paths: Sequence[str], connections: int = 32) -> Iterator[Load]:
    """Pings from so many connections while the block runs."""
    pinging = Load(port, paths)
    thread = threading.Thread(target=lambda: asyncio.run(pinging.run(connections)))
    thread.start()
    try:
        yield pinging
    finally:
        pinging.stopped = True
        thread.join(60)


def wait_until_answered(pinging: Load, number: int, seconds: float = 30) -> None:
    """Until that many pings were answered."""
    until = time.monotonic() + seconds
    while len(pinging.answered) < number:
        assert time.monotonic() < until, pinging.statuses
        time.sleep(0.02)
