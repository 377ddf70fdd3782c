"""A ping on its way to the database, and what its sender is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from hc.core.state import Kind

METHOD_LENGTH = 10
UA_LENGTH = 200


@dataclass(frozen=True, slots=True)
class PingEvent:
    """One ping as it arrived, cut to what the columns hold. `received`: aware, in UTC.

    `action`: what its address says; what it counts as is decided with the check's rules.
    """

    code: UUID
    received: datetime
    action: Kind = Kind.SUCCESS
    exitstatus: int | None = None
    rid: UUID | None = None
    scheme: str = "http"
    method: str = ""
    remote_addr: str | None = None
    ua: str = ""
    body: bytes = b""


class Receipt(Enum):
    """What became of a ping."""

    RECORDED = "recorded"
    NOT_FOUND = "not found"
