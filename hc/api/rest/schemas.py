"""What the answers look like: for the description of the API and for its tests.

The answers themselves are put together elsewhere, as plain dicts, for the sake of speed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Url = Annotated[str, Field(json_schema_extra={"format": "uri"})]
UniqueKey = Annotated[str, Field(pattern="^[0-9a-f]{40}$")]
Status = Literal["new", "started", "up", "grace", "down", "paused"]
PingType = Literal["success", "fail", "start", "log", "ign"]


class Answer(BaseModel):
    """Nothing but what is told stands in an answer."""

    model_config = ConfigDict(extra="forbid")


class ErrorAnswer(Answer):
    """What is wrong, and what can be done about it."""

    error: str = Field(description="A short text, which stays the same.")
    detail: str | None = Field(None, description="What people should know; not always there.")


class CheckAnswer(Answer):
    """A check. Fields without a default stand in all answers, unless `fields` chooses some."""

    name: str
    slug: str
    tags: str = Field(description="With spaces between.")
    desc: str
    grace: int = Field(description="Seconds.")
    n_pings: int = Field(description="Pings of any kind that it ever got.")
    status: Status = Field(description="`grace`: late. `started` in version 1 only.")
    started: bool = Field(description="Whether a run has begun and not ended.")
    last_ping: Instant | None
    next_ping: Instant | None
    manual_resume: bool
    methods: Literal["", "POST"]
    subject: str = Field(deprecated=True)
    subject_fail: str = Field(deprecated=True)
    start_kw: str
    success_kw: str
    failure_kw: str
    filter_subject: bool
    filter_body: bool
    filter_http_body: bool
    filter_default_fail: bool
    badge_url: Url
    last_duration: int = Field(0, description="Seconds of the last run, if known.")
    uuid: UUID = Field(None, description="With read-write keys.")  # type: ignore[assignment]
    ping_url: Url = Field("", description="With read-write keys.")
    update_url: Url = Field("", description="With read-write keys.")
    pause_url: Url = Field("", description="With read-write keys.")
    resume_url: Url = Field("", description="With read-write keys.")
    channels: str = Field(
        "", description="With read-write keys: the ids of its integrations, commas between."
    )
    unique_key: UniqueKey = Field("", description="With read-only keys, in the place of `uuid`.")
    timeout: int = Field(0, description="Seconds between two pings; of simple schedules.")
    schedule: str = Field("", description="Of cron and OnCalendar schedules.")
    tz: str = Field("", description="Of cron and OnCalendar schedules.")
    last_success: Instant | None = Field(None, description="If `fields` asks for it.")
    last_fail: Instant | None = Field(None, description="If `fields` asks for it.")
    deadline: Instant | None = Field(
        None, description="If `fields` asks for it: when it goes down unless a ping comes."
    )


class ChecksAnswer(Answer):
    checks: list[CheckAnswer]


class PingAnswer(Answer):
    """A ping, as it was received."""

    type: PingType
    date: Instant = Field(description="To the microsecond.")
    n: int | None = Field(description="Its number among those of its check.")
    scheme: str
    remote_addr: str | None
    method: str
    ua: str
    rid: UUID | None = Field(description="The run id it carried.")
    body_url: Url | None
    duration: float = Field(0, description="Seconds of the run that it ended, if known.")


class PingsAnswer(Answer):
    pings: list[PingAnswer]


class FlipAnswer(Answer):
    """A change of status."""

    timestamp: Instant
    up: Literal[0, 1] = Field(description="1: it came up; 0: any other change.")
    status: str = Field("", description="If `fields` asks for it: the new status.")
    old_status: str = Field("", description="If `fields` asks for it.")
    reason: str = Field("", description="If `fields` asks for it: `timeout`, `fail` or nothing.")


class FlipsAnswer(Answer):
    flips: list[FlipAnswer]


class ChannelAnswer(Answer):
    """An integration."""

    id: UUID
    name: str
    kind: str
    disabled: bool = Field(False, description="Whether nothing is sent through it.")
    last_notify: Instant | None = Field(None, description="When it was last used.")
    last_error: str = Field("", description="What went wrong then; empty if nothing did.")
    settings: dict[str, Any] = Field({}, description="What its kind demands; without secrets.")
    note: str = Field("", description="What is left to do after it was stored.")


class TestAnswer(Answer):
    notification: UUID = Field(description="The id of the message.")


class ChannelsAnswer(Answer):
    channels: list[ChannelAnswer]


class BadgeUrls(Answer):
    svg: Url
    svg3: Url = Field(description="With the word `late`.")
    json_: Url = Field(alias="json")
    json3: Url
    shields: Url
    shields3: Url


class BadgesAnswer(Answer):
    badges: dict[str, BadgeUrls] = Field(description="By tag; `*` stands for all checks.")


class BulkAnswer(Answer):
    matched: int = Field(description="How many checks were meant.")
    changed: list[UUID] = Field(description="Those that were not yet so.")


class ProjectAnswer(Answer):
    uuid: UUID
    name: str
    role: Literal["readonly", "regular", "manager", "owner"]
    ping_key: str | None = Field(description="For ping addresses with slugs; null if none.")


class ProjectsAnswer(Answer):
    projects: list[ProjectAnswer]


class KeyAnswer(Answer):
    """A key of a project, without its text."""

    uuid: UUID
    name: str
    scope: Literal["rw", "ro"]
    prefix: str = Field(description="The first characters of its random part.")
    created: Instant
    expires: Instant | None
    last_used: Instant | None


class NewKeyAnswer(KeyAnswer):
    model_config = ConfigDict(title="KeyWithText")

    key: str = Field(description="The key itself. It is never shown again.")


class KeysAnswer(Answer):
    keys: list[KeyAnswer]


class CountsAnswer(Answer):
    ts: int
    max_ping_id: int | None
    max_notification_id: int | None
    num_unprocessed_flips: int
