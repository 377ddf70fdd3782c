"""What every integration is made of: its manifest, its config, and what it is told.

A transport is `async def send(alert, config, wire) -> Outcome` in `<kind>/transport.py`. It gets
frozen values and the adapters it may use, and gives back what happened: no database, no clock, no
settings beyond its own. So its test is a table of inputs and requests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from hc.core.schedule import Schedule
from hc.core.state import Kind, Reason
from hc.lib.env import Var

if TYPE_CHECKING:
    from hc.lib.http import Answer, HttpClient, HttpError
    from hc.lib.mail import Mailer

Direction = Literal["up", "down"]
DIRECTIONS: tuple[Direction, ...] = ("down", "up")
MAX_ERROR = 200
OK_STATUSES = frozenset({200, 201, 202, 204})
BUSY_STATUSES = frozenset({408, 425, 429})
# Answers that say "not like this" are tried again a few times only: somebody may be deploying.
REFUSED_ATTEMPTS = 3


# --- What a channel is told -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Site:
    """This service, as messages name it. `logo_url` is absolute."""

    name: str
    root: str
    logo_url: str


@dataclass(frozen=True, slots=True)
class LastPing:
    """The newest ping up to the flip; `body` as it was received, None if it had none.

    `unread`: the bytes of a body that is there, but could not be read in time.
    """

    kind: Kind
    at: datetime
    n: int
    exitstatus: int | None = None
    scheme: str = "http"
    method: str = ""
    remote_addr: str | None = None
    body: bytes | None = None
    unread: int = 0

    def text(self) -> str:
        return (self.body or b"").decode("utf-8", "replace")

    @property
    def by_mail(self) -> bool:
        return self.scheme == "email"


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """The check a message is about. `label` never gives the ping address away; `code` does.

    `json`: the check as the API shows it to its owner (v3).
    """

    code: UUID
    unique_key: str
    label: str
    name: str
    slug: str
    tags: tuple[str, ...]
    desc: str
    schedule: Schedule
    grace: timedelta
    created: datetime
    n_pings: int
    json: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    code: UUID
    name: str


@dataclass(frozen=True, slots=True)
class OtherDown:
    """Another check of the project that is down at the moment."""

    label: str
    last_ping: datetime | None


@dataclass(frozen=True, slots=True)
class ProjectSummary:
    """A project of the reader and how many of its checks are down."""

    name: str
    down: int
    url: str


@dataclass(frozen=True, slots=True)
class Reader:
    """The person who reads the message: zone, and all their projects if they have an account."""

    tz: tzinfo
    projects: tuple[ProjectSummary, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """One message: a check went down or came up again. Instants are aware, in UTC.

    `id` stays the same over all attempts. `link` needs a sign-in and does not reveal the ping
    address. `others` are the checks of the project that are down, the alerted one excluded;
    `others_total` counts the project's other checks. `changes`: how often a flapping check changed
    its status in the last hour; 0 for all others. `callback_url` is for services that tell later
    how a delivery went, and for nobody else: who knows it may switch the channel off.
    """

    id: UUID
    status: Direction
    at: datetime
    check: CheckFacts
    project: ProjectFacts
    site: Site
    reader: Reader
    link: str
    unsubscribe_url: str
    reason: Reason = Reason.NONE
    downtime: timedelta | None = None
    last_ping: LastPing | None = None
    others: tuple[OtherDown, ...] = ()
    others_total: int = 0
    verified: bool = True
    sent_at: datetime | None = None
    changes: int = 0
    callback_url: str = field(default="", repr=False)


# --- What came of it --------------------------------------------------------------------------


class Result(StrEnum):
    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"
    DEAD = "dead"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt.

    RETRY: try again, not before `retry_after`, and give up after `max_attempts` if that is set.
    FAILED: this message cannot be delivered. DEAD: no message can; the channel is switched off.
    DROPPED: nobody needs it any more.
    """

    result: Result
    error: str = ""
    retry_after: timedelta | None = None
    max_attempts: int | None = None

    def __post_init__(self) -> None:
        printable = "".join(c if c.isprintable() else " " for c in self.error[:MAX_ERROR])
        object.__setattr__(self, "error", printable)


def delivered() -> Outcome:
    return Outcome(Result.DELIVERED)


def retry(error: str, after: timedelta | None = None, *, attempts: int | None = None) -> Outcome:
    return Outcome(Result.RETRY, error, after, attempts)


def failed(error: str) -> Outcome:
    return Outcome(Result.FAILED, error)


def dead(error: str) -> Outcome:
    return Outcome(Result.DEAD, error)


def dropped(why: str) -> Outcome:
    return Outcome(Result.DROPPED, why)


def outcome_of(answer: Answer) -> Outcome:
    """How an HTTP answer is read unless a service has rules of its own."""
    if answer.status in OK_STATUSES:
        return delivered()
    error = f"Received status code {answer.status}"
    if answer.status in BUSY_STATUSES or answer.status >= 500:
        return retry(error, retry_after(answer))
    return retry(error, attempts=REFUSED_ATTEMPTS)


def outcome_of_error(error: HttpError) -> Outcome:
    return failed(str(error)) if error.permanent else retry(str(error))


def retry_after(answer: Answer) -> timedelta | None:
    """The pause that the answer asks for in whole seconds, at most an hour."""
    text = answer.headers.get("retry-after", "")
    return timedelta(seconds=min(int(text), 3600)) if re.fullmatch("[0-9]{1,9}", text) else None


# --- What an integration is -------------------------------------------------------------------


class BadConfig(ValueError):
    """A stored value that its integration cannot use. The text holds nothing of the value."""


class Config(BaseModel):
    """The settings of one channel, stored as JSON unless a kind reads and writes otherwise."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def load(cls, value: str) -> Self:
        """The config in a channel's stored value; raises BadConfig."""
        try:
            return cls.model_validate_json(value)
        except ValidationError as e:
            raise BadConfig(f"{e.error_count()} unreadable fields") from None

    def dump(self) -> str:
        return self.model_dump_json()

    def tells_together(self) -> bool:
        """Whether many checks may be told of in one message, where the kind can do that."""
        return True

    def wants(self, status: Direction) -> bool:
        """Whether there is anything to do for this status."""
        return True

    def title(self) -> str:
        """What tells this channel from others of its kind, in a few words; may be empty."""
        return ""

    def details(self) -> str:
        """A line for the list of channels, beside the title; may be empty."""
        return ""

    def destination(self, status: Direction) -> str:
        """Whose servers are called to tell of this status: those that do not answer must not hold
        up messages to others."""
        return type(self).__module__

    def members(self) -> tuple[UUID, ...]:
        """The codes of the channels that are told in its place, for kinds that fan out."""
        return ()

    def reader_address(self) -> str | None:
        """The e-mail address of the person who reads the messages, where it is known."""
        return None


@dataclass(frozen=True, slots=True)
class Wire:
    """The adapters through which a transport reaches the world."""

    http: HttpClient
    mail: Mailer


class Send(Protocol):
    async def __call__(self, alert: Alert, config: Any, wire: Wire) -> Outcome: ...


class SendMany(Protocol):
    """Tells of many checks of one project in one message; all went the same way."""

    async def __call__(self, alerts: Sequence[Alert], config: Any, wire: Wire) -> Outcome: ...


@dataclass(frozen=True)
class Integration:
    """The manifest of a kind. Everything about it derives from here and from its folder.

    `enabled` gets the values of the kind's own settings. `paging`: wakes people up, so it is
    sent first. `confirms`: its address has to be confirmed before it is used. `sends_many`: its
    transport has a `send_many`. `fans_out`: other channels are told in its place.
    """

    kind: str
    label: str
    blurb: str
    settings: tuple[Var, ...] = ()
    enabled: Callable[[Mapping[str, Any]], bool] = lambda _: True
    paging: bool = False
    confirms: bool = False
    sends_many: bool = False
    fans_out: bool = False
