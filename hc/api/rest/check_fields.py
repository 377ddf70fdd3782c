"""What a script may say about a check: one model for all versions. Source: http-api 3.4."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from django.utils.text import slugify
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from hc.api.models import Check, ScheduleKind
from hc.core import zones
from hc.core.schedule import (
    LONGEST,
    MAX_EXPRESSION,
    SHORTEST,
    ScheduleError,
    validate_cron,
    validate_oncalendar,
)

MAX_NAME = 100
MAX_TAGS = 500
MAX_KEYWORDS = 200
SLUG = r"^[a-z0-9_-]*$"

Unique = Literal["name", "slug", "tags", "timeout", "grace"]
# What lives on under another name, with the columns that it writes.
_PLAIN = (
    *("name", "slug", "tags", "desc", "manual_resume", "methods"),
    *("start_kw", "success_kw", "failure_kw"),
    *("filter_subject", "filter_body", "filter_http_body", "filter_default_fail"),
)


def _wrong(text: str) -> PydanticCustomError:
    return PydanticCustomError("said", text)


def _storable(text: str) -> str:
    """No NUL, and no half of a UTF-16 pair: databases take neither."""
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise _wrong("does not match pattern")
    return text


def _expression(text: str) -> str:
    text = text.strip()
    validate = validate_cron if is_cron(text) else validate_oncalendar
    try:
        validate(text)
    except ScheduleError:
        raise _wrong("is not a valid cron or OnCalendar expression") from None
    return text


def _zone(name: str) -> str:
    today = zones.canonical(name)
    if today is None:
        raise _wrong("is not a valid timezone")
    return today


def _true_is_one(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def is_cron(expression: str) -> bool:
    """Whether a schedule is read as cron: one line of five words."""
    return len(expression.splitlines()) == 1 and len(expression.split()) == 5


NO_NUL = {"pattern": r"^[^\u0000]*$"}
Text = Annotated[str, AfterValidator(_storable), Field(json_schema_extra=NO_NUL)]
Keywords = Annotated[Text, Field(max_length=MAX_KEYWORDS)]
Seconds = Annotated[
    int,
    Field(ge=int(SHORTEST.total_seconds()), le=int(LONGEST.total_seconds())),
    BeforeValidator(_true_is_one),
]


class CheckFields(BaseModel):
    """The settings of a check. All may be left out: a new check then has the defaults, an existing
    one keeps what it has."""

    model_config = ConfigDict(strict=True, extra="ignore", title="CheckSettings")

    channels: Text = Field(
        "",
        description="Integrations to alert through: their ids or exact names with commas between,"
        " `*` for all of the project, empty for none.",
        json_schema_extra={"format": "channel-names"},
    )
    desc: Text = Field("", description="Notes for people.")
    failure_kw: Keywords = Field("", description="Words that mean failure, commas between.")
    filter_subject: bool = Field(False, description="Look for the words in subjects of mails.")
    filter_body: bool = Field(False, description="Look for the words in texts of mails.")
    filter_http_body: bool = Field(False, description="Look for the words in bodies of requests.")
    filter_default_fail: bool = Field(
        False, description="With a filter on and no word found: true counts the ping as a failure."
    )
    grace: Seconds = Field(
        3600, description="How late a ping may be, and how long a run may take, in seconds."
    )
    manual_resume: bool = Field(False, description="While paused, ignore pings.")
    methods: Literal["", "POST"] = Field("", description="`POST`: only POST requests count.")
    name: Annotated[Text, Field(max_length=MAX_NAME)] = Field("", description="Its name.")
    schedule: Annotated[Text, Field(max_length=MAX_EXPRESSION), AfterValidator(_expression)] = (
        Field(
            default_factory=lambda: "* * * * *",
            description="A cron expression, or OnCalendar expressions by line.",
            json_schema_extra={"format": "schedule"},
        )
    )
    slug: Annotated[Text, Field(max_length=MAX_NAME, pattern=SLUG)] = Field(
        "",
        description="Its name in ping addresses that go by ping key.",
        json_schema_extra={"pattern": SLUG},
    )
    start_kw: Keywords = Field("", description="Words that mean a start, commas between.")
    subject: Keywords = Field(
        "", description="Sets `success_kw` and `filter_subject`.", deprecated=True
    )
    subject_fail: Keywords = Field(
        "", description="Sets `failure_kw` and `filter_subject`.", deprecated=True
    )
    success_kw: Keywords = Field("", description="Words that mean success, commas between.")
    tags: Annotated[Text, Field(max_length=MAX_TAGS)] = Field(
        "", description="Tags with spaces between."
    )
    timeout: Seconds = Field(86_400, description="The time between two pings, in seconds.")
    tz: Annotated[Text, AfterValidator(_zone)] = Field(
        "UTC",
        description="The time zone of the schedule.",
        json_schema_extra={"format": "time-zone"},
    )
    unique: list[Unique] = Field(
        default_factory=list,
        description="Change the check that equals these fields, if there is one.",
    )

    def columns(self, version: int, before: Check | None = None) -> dict[str, Any]:
        """What to store: the columns of all that was said. `before`: the check as it is."""
        said = self.model_fields_set
        columns = self._old_columns(before)
        columns |= {name: getattr(self, name) for name in _PLAIN if name in said}
        if version < 3 and "name" in said and "slug" not in said:
            columns["slug"] = slugify(self.name)
        if "grace" in said:
            columns["grace"] = timedelta(seconds=self.grace)
        return columns | self._schedule_columns()

    def unique_columns(self) -> dict[str, Any]:
        """What an existing check must be equal in; nothing if a part of it was not said."""
        if not set(self.unique) <= self.model_fields_set:
            return {}
        values = {name: getattr(self, name) for name in self.unique}
        return {k: timedelta(seconds=v) if isinstance(v, int) else v for k, v in values.items()}

    def _schedule_columns(self) -> dict[str, Any]:
        said = self.model_fields_set
        columns: dict[str, Any] = {"tz": self.tz} if "tz" in said else {}
        if "schedule" in said:
            kind = ScheduleKind.CRON if is_cron(self.schedule) else ScheduleKind.ONCALENDAR
            return columns | {"kind": kind.value, "schedule": self.schedule}
        if "timeout" in said:
            seconds = timedelta(seconds=self.timeout)
            return columns | {"kind": ScheduleKind.SIMPLE.value, "timeout": seconds}
        return columns

    def _old_columns(self, before: Check | None) -> dict[str, Any]:
        """What the two fields of former times say: they switch the filter of subjects as well."""
        names = {"subject": "success_kw", "subject_fail": "failure_kw"}
        columns = {names[old]: getattr(self, old) for old in names if old in self.model_fields_set}
        if not columns:
            return {}
        kept = {new: getattr(before, new) if before else "" for new in names.values()}
        return columns | {"filter_subject": any((kept | columns).values())}
