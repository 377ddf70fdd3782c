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
class SlugAddress:
    """A check named by its project's ping key and its slug. `create`: make it if there is none."""

    ping_key: str
    slug: str
    create: bool = False


@dataclass(frozen=True, slots=True)
class MailText:
    """The parts of a mail in which keywords are looked for, decoded."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class PingEvent:
    """One ping as it arrived, cut to what the columns hold. `received`: aware, in UTC.

    `action`: what its address says; what it counts as is decided with the check's rules.
    `mail`: for pings by mail only. `spooled`: it was kept aside while the database was away.
    """

    target: UUID | SlugAddress
    received: datetime
    action: Kind = Kind.SUCCESS
    exitstatus: int | None = None
    rid: UUID | None = None
    scheme: str = "http"
    method: str = ""
    remote_addr: str | None = None
    ua: str = ""
    body: bytes = b""
    mail: MailText | None = None
    spooled: bool = False


class Receipt(Enum):
    """What became of a ping."""

    RECORDED = "recorded"
    CREATED = "created"  # recorded, on a check that was made for it
    SPOOLED = "spooled"  # safe on disk, on its way to the database
    NOT_FOUND = "not found"
    AMBIGUOUS = "ambiguous"
    REFUSED = "refused"  # the database does not take it; an error of ours, which was logged


class Overloaded(Exception):
    """There is no room for another ping at the moment; its sender must come again."""
