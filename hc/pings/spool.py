"""The spool: where answered pings wait on disk while the database is away.

A folder with one file per process and outage. A file is a row of frames, each with the pings of
one batch; a frame counts once it was synced to disk, and a torn one at the end (the machine
crashed while it was written) was never answered. How much of a file has reached the database
stands in the database (hc.api.models.Journal), so that no ping is stored twice.
"""

from __future__ import annotations

import base64
import fcntl
import heapq
import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from hc.core.state import Kind
from hc.pings.event import MailText, PingEvent, SlugAddress

SUFFIX = ".pings"
_HEAD = struct.Struct("!4sII")
_MAGIC = b"HCp1"


class SpoolFull(Exception):
    """The spool has reached its size limit."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The transaction that may have stored these pings before the connection broke: its number in
    the journal of its process."""

    journal: str
    number: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A batch of pings in a file. `end`: the position in the file behind it."""

    file: str
    end: int
    events: Sequence[PingEvent]
    attempt: Attempt | None = None


class Spool:
    """The folder, seen by one process. `limit`: bytes that all files together may take."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._own: int | None = None
        self.name = ""  # of our own file
        self.size = 0  # of our own file

    def append(self, events: Sequence[PingEvent], attempt: Attempt | None = None) -> None:
        """Keep a batch; returns when it is on disk. Raises SpoolFull, OSError."""
        frame = _encode(events, attempt)
        if self.total() + len(frame) > self._limit:
            raise SpoolFull
        own = self._create() if self._own is None else self._own
        try:
            _write(own, frame)
            os.fsync(own)
        except OSError:
            os.ftruncate(own, self.size)
            os.lseek(own, self.size, os.SEEK_SET)
            raise
        self.size += len(frame)

    def close(self) -> None:
        """Leave our file to whoever replays it; the next batch begins another one."""
        if self._own is not None:
            os.close(self._own)
        self._own, self.name, self.size = None, "", 0

    def files(self) -> list[str]:
        """The files of all processes."""
        try:
            return sorted(entry.name for entry in os.scandir(self._folder) if _is_ours(entry.name))
        except FileNotFoundError:
            return []

    def total(self) -> int:
        """Bytes in all files."""
        sizes = 0
        for name in self.files():
            try:
                sizes += (self._folder / name).stat().st_size
            except FileNotFoundError:  # another process has just finished with it
                continue
        return sizes

    def frames(self, positions: Mapping[str, int]) -> Iterator[Frame]:
        """All frames beyond `positions`, those of different files in the order of their times."""
        streams = [self._frames_of(name, positions.get(name, 0)) for name in self.files()]
        return heapq.merge(*streams, key=lambda frame: frame.events[0].received)

    def is_read(self, name: str, position: int) -> bool:
        """Whether no whole frame lies beyond `position` of a file."""
        return next(self._frames_of(name, position), None) is None

    def is_abandoned(self, name: str) -> bool:
        """Whether the process that wrote a file has ended."""
        try:
            with (self._folder / name).open("rb") as f:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except FileNotFoundError:
            return False
        return True

    def set_aside(self, event: PingEvent) -> None:
        """Keep a ping that the database does not take, for somebody to look at."""
        with (self._folder / "rejected").open("ab") as f:
            f.write(_encode([event], None))

    def remove(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    @contextmanager
    def replaying(self) -> Iterator[None]:
        """The right to replay the files of this machine; one process at a time has it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "replay.lock").open("w") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            yield

    def _create(self) -> int:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{uuid4().hex}{SUFFIX}"
        self._own = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._own, fcntl.LOCK_EX)
        self.name, self.size = name, 0
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return self._own

    def _frames_of(self, name: str, position: int) -> Iterator[Frame]:
        try:
            file = (self._folder / name).open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(position)
            while len(head := file.read(_HEAD.size)) == _HEAD.size:
                magic, length, checksum = _HEAD.unpack(head)
                payload = file.read(length)
                if magic != _MAGIC or len(payload) < length or zlib.crc32(payload) != checksum:
                    return
                position += _HEAD.size + length
                yield _decode(name, position, payload)


def _is_ours(name: str) -> bool:
    return name.endswith(SUFFIX)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


# --- Frames as bytes ----------------------------------------------------------------------------


def _encode(events: Sequence[PingEvent], attempt: Attempt | None) -> bytes:
    document = {
        "attempt": [attempt.journal, attempt.number] if attempt else None,
        "events": [_as_json(event) for event in events],
    }
    payload = json.dumps(document, separators=(",", ":")).encode()
    return _HEAD.pack(_MAGIC, len(payload), zlib.crc32(payload)) + payload


def _decode(file: str, end: int, payload: bytes) -> Frame:
    document = json.loads(payload)
    events = [_from_json(values) for values in document["events"]]
    attempt = Attempt(*document["attempt"]) if document["attempt"] else None
    return Frame(file, end, events, attempt)


def _as_json(event: PingEvent) -> dict[str, Any]:
    target, mail = event.target, event.mail
    return {
        "target": asdict(target) if isinstance(target, SlugAddress) else str(target),
        "received": event.received.isoformat(),
        "action": str(event.action),
        "exitstatus": event.exitstatus,
        "rid": str(event.rid) if event.rid else None,
        "scheme": event.scheme,
        "method": event.method,
        "remote_addr": event.remote_addr,
        "ua": event.ua,
        "body": base64.b64encode(event.body).decode("ascii"),
        "mail": [mail.subject, mail.body] if mail else None,
    }


def _from_json(values: dict[str, Any]) -> PingEvent:
    target, rid, mail = values["target"], values["rid"], values["mail"]
    return PingEvent(
        target=SlugAddress(**target) if isinstance(target, dict) else UUID(target),
        received=datetime.fromisoformat(values["received"]),
        action=Kind(values["action"]),
        exitstatus=values["exitstatus"],
        rid=UUID(rid) if rid else None,
        scheme=values["scheme"],
        method=values["method"],
        remote_addr=values["remote_addr"],
        ua=values["ua"],
        body=base64.b64decode(values["body"]),
        mail=MailText(*mail) if mail else None,
        spooled=True,
    )
