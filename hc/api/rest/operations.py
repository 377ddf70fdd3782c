"""The one list of what the API can do. Source: http-api 3.1; what is marked as of version 3 only
is ours."""

from __future__ import annotations

from hc.api.rest import badge_list, bulk, channels, checks, log, projects
from hc.api.rest import schemas as s
from hc.api.rest.call import MAX_PAGE, USUAL_PAGE
from hc.api.rest.check_fields import NO_NUL, CheckFields
from hc.api.rest.operation import (
    ACCOUNTS,
    READERS,
    WRITERS,
    Operation,
    Parameter,
    Reply,
)

V3 = (3,)
TEXT = {"type": "string", **NO_NUL}
NUMBER = {"type": "integer", "minimum": 0, "maximum": log.LAST_INSTANT}


def _refusal(status: int, about: str, *texts: str) -> Reply:
    return Reply(status, about, s.ErrorAnswer, texts=texts)


def _bad(*texts: str) -> Reply:
    return _refusal(400, "Something in the request cannot be taken.", *texts)


BAD = _bad()
NO_KEY = _refusal(
    *(401, "There is no key, or not one that may do this."),
    *("missing api key", "wrong api key"),
)
FOREIGN = _refusal(403, "The check belongs to another project.", "wrong project")
NOT_ALLOWED = _refusal(403, "The account does not manage the project.", "not allowed")
NOT_FOUND = _refusal(404, "There is nothing of that name.", "not found")
TOO_MANY = _refusal(
    429, "The key was used too often; `Retry-After` says when again.", "too many requests"
)
AWAY = _refusal(
    *(503, "The database does not answer; `Retry-After` says when again."),
    "the database does not answer",
)
NO_SUCH_CHANNEL = (
    "empty channel identifier",
    "invalid channel identifier: {item}",
    "non-unique channel identifier: {item}",
)
BAD_KINDS = ("json validation error: kind has unexpected value", "kind needs a browser")
BAD_SETTINGS = (
    "json validation error: settings.{name} is not known",
    "json validation error: settings.{name} is not {type}",
    "json validation error: settings.{name} is not valid",
    "json validation error: name is not valid",
)
SAME = Reply(304, "Nothing has changed since the `ETag` of `If-None-Match`.")
ALWAYS = (NO_KEY, TOO_MANY, AWAY)
OF_CHECK = (FOREIGN, NOT_FOUND, *ALWAYS)

LIMIT = Parameter(
    "limit",
    f"How many to give at the most; {USUAL_PAGE} if only `cursor` is given. Without either, all.",
    {"type": "integer", "minimum": 1, "maximum": MAX_PAGE},
    V3,
)
CURSOR = Parameter(
    "cursor",
    "Where the list goes on; the `Link` header of an answer has it.",
    {"type": "string", "pattern": "^[0-9]{0,18}$"},
    V3,
    texts=(f"bad parameter: cursor must be a number from 0 to {2**63 - 1}",),
)
PAGED = (LIMIT, CURSOR)


def _fields(names: tuple[str, ...]) -> Parameter:
    about = "Give these fields only, commas between."
    schema = {"type": "array", "items": {"enum": list(names)}}
    texts = ("bad parameter: there is no field {name}",)
    return Parameter("fields", about, schema, V3, repeats=False, texts=texts)


CHECK_FIELDS = _fields(checks.ALL_FIELDS)
FLIP_FILTERS = (
    Parameter(
        "seconds",
        "Those of so many last seconds.",
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": log.LONGEST_AGO}, {"const": ""}]},
    ),
    Parameter("start", "Those from this Unix time on.", NUMBER),
    Parameter("end", "Those before this Unix time.", NUMBER),
    _fields(log.FLIP_FIELDS),
    *PAGED,
)

CHECKS = (
    Operation(
        *("GET", "checks/", checks.index, "List checks"),
        about="In the order in which they were made.",
        scopes=READERS,
        parameters=(
            Parameter(
                "tag",
                "Checks with this tag; given several times, with all of them.",
                {"type": "array", "items": TEXT},
            ),
            Parameter("slug", "Checks with exactly this slug.", TEXT),
            Parameter("name", "Checks with exactly this name.", TEXT, V3),
            Parameter(
                "status",
                "Checks with this status; given several times, with any of them.",
                {
                    "type": "array",
                    "items": {"enum": ["new", "up", "grace", "down", "paused"]},
                },
                V3,
                texts=("bad parameter: status must be new, up, grace, down or paused",),
            ),
            CHECK_FIELDS,
            *PAGED,
        ),
        replies=(Reply(200, "The checks.", s.ChecksAnswer), SAME, BAD, *ALWAYS),
    ),
    Operation(
        *("POST", "checks/", checks.create, "Create a check, or change one"),
        about="With `unique`, a check that equals the fields it names is changed; without such a"
        " check, or without `unique`, a new one is made.",
        scopes=WRITERS,
        body=CheckFields,
        replies=(
            Reply(201, "It was created.", s.CheckAnswer),
            Reply(200, "`unique` found it, and it was changed.", s.CheckAnswer),
            _bad(*NO_SUCH_CHANNEL),
            _refusal(403, "The account has as many checks as it may have.", "check limit reached"),
            *ALWAYS,
        ),
    ),
    Operation(
        *("POST", "checks/bulk", bulk.act, "Pause, resume or delete many checks"),
        about="All or none: an unknown id changes nothing.",
        scopes=WRITERS,
        body=bulk.BulkFields,
        versions=V3,
        body_extra={
            "oneOf": [
                {"required": [name], "properties": {name: {"minItems": 1}}}
                for name in ("ids", "tags")
            ]
        },
        replies=(
            Reply(200, "It was done.", s.BulkAnswer),
            _bad(
                "json validation error: either ids or tags must name some checks",
                "json validation error: an item in 'ids' is not a UUID",
            ),
            NOT_FOUND,
            *ALWAYS,
        ),
    ),
    Operation(
        *("GET", "checks/{uuid}", checks.read, "Show a check"),
        scopes=READERS,
        parameters=(CHECK_FIELDS,),
        replies=(Reply(200, "The check.", s.CheckAnswer), BAD, *OF_CHECK),
    ),
    Operation(
        *("GET", "checks/{unique_key}", checks.read_by_key, "Show a check by its unique key"),
        about="A unique key does not give the ping address away; read-only keys see no other.",
        scopes=READERS,
        parameters=(CHECK_FIELDS,),
        replies=(Reply(200, "The check.", s.CheckAnswer), BAD, NOT_FOUND, *ALWAYS),
    ),
    Operation(
        *("POST", "checks/{uuid}", checks.update, "Change a check"),
        about="What is left out stays as it is.",
        scopes=WRITERS,
        body=CheckFields,
        replies=(
            Reply(200, "The check as it is now.", s.CheckAnswer),
            _bad(*NO_SUCH_CHANNEL),
            *OF_CHECK,
        ),
    ),
    Operation(
        *("DELETE", "checks/{uuid}", checks.delete, "Delete a check"),
        about="With its pings and messages. There is no way back.",
        scopes=WRITERS,
        replies=(Reply(200, "The check as it was.", s.CheckAnswer), *OF_CHECK),
    ),
    Operation(
        *("POST", "checks/{uuid}/pause", checks.pause, "Pause a check"),
        about="Nobody is told of it until it is resumed, or pinged. A paused one stays as it is.",
        scopes=WRITERS,
        replies=(Reply(200, "The check as it is now.", s.CheckAnswer), BAD, *OF_CHECK),
    ),
    Operation(
        *("POST", "checks/{uuid}/resume", checks.resume, "Resume a check"),
        about="It waits for its next ping.",
        scopes=WRITERS,
        replies=(
            Reply(200, "The check as it is now.", s.CheckAnswer),
            BAD,
            _refusal(409, "It is not paused.", "check is not paused"),
            *OF_CHECK,
        ),
    ),
)

LOG = (
    Operation(
        *("GET", "checks/{uuid}/pings/", log.pings, "List the pings of a check"),
        about=f"The newest first; {MAX_PAGE} at the most unless pages are asked for.",
        scopes=WRITERS,
        parameters=(_fields(log.PING_FIELDS), *PAGED),
        replies=(Reply(200, "The pings.", s.PingsAnswer), BAD, *OF_CHECK),
        group="Log",
    ),
    Operation(
        *("GET", "checks/{uuid}/pings/{n}/body", log.body, "Read what a ping brought"),
        scopes=WRITERS,
        replies=(
            Reply(200, "Its body, as it was received.", media="text/plain"),
            NO_KEY,
            FOREIGN,
            NOT_FOUND,
            TOO_MANY,
            _refusal(
                *(503, "It cannot be read; `Retry-After` says when again."),
                *("body cannot be read", "the database does not answer"),
            ),
        ),
        group="Log",
    ),
    Operation(
        *("GET", "checks/{uuid}/flips/", log.flips, "List changes of status"),
        about="The newest first.",
        scopes=READERS,
        parameters=FLIP_FILTERS,
        replies=(Reply(200, "The changes.", s.FlipsAnswer), BAD, *OF_CHECK),
        group="Log",
    ),
    Operation(
        *("GET", "checks/{unique_key}/flips/", log.flips_by_key, "List changes, by unique key"),
        about="The newest first.",
        scopes=READERS,
        parameters=FLIP_FILTERS,
        replies=(Reply(200, "The changes.", s.FlipsAnswer), BAD, NOT_FOUND, *ALWAYS),
        group="Log",
    ),
)

CHANNELS = (
    Operation(
        *("GET", "channels/", channels.index, "List integrations"),
        scopes=WRITERS,
        parameters=(_fields(channels.ALL_FIELDS), *PAGED),
        replies=(Reply(200, "The integrations.", s.ChannelsAnswer), BAD, *ALWAYS),
        group="Integrations",
    ),
    Operation(
        *("POST", "channels/", channels.create, "Add an integration"),
        about="Of those kinds that need no browser. All checks of the project alert through it.",
        scopes=WRITERS,
        body=channels.NewChannel,
        versions=V3,
        replies=(
            Reply(201, "It was added.", s.ChannelAnswer),
            _bad(*BAD_KINDS, *BAD_SETTINGS),
            *ALWAYS,
        ),
        group="Integrations",
    ),
    Operation(
        *("GET", "channels/{uuid}", channels.read, "Show an integration"),
        scopes=WRITERS,
        versions=V3,
        replies=(Reply(200, "The integration.", s.ChannelAnswer), NOT_FOUND, *ALWAYS),
        group="Integrations",
    ),
    Operation(
        *("POST", "channels/{uuid}", channels.update, "Change an integration"),
        about="What is left out stays as it is; it is switched on again.",
        scopes=WRITERS,
        body=channels.ChangedChannel,
        versions=V3,
        replies=(
            Reply(200, "The integration as it is now.", s.ChannelAnswer),
            _bad(*BAD_KINDS, *BAD_SETTINGS),
            NOT_FOUND,
            *ALWAYS,
        ),
        group="Integrations",
    ),
    Operation(
        *("DELETE", "channels/{uuid}", channels.delete, "Delete an integration"),
        scopes=WRITERS,
        versions=V3,
        replies=(Reply(200, "The integration as it was.", s.ChannelAnswer), NOT_FOUND, *ALWAYS),
        group="Integrations",
    ),
    Operation(
        *("POST", "channels/{uuid}/test", channels.test, "Send a test message"),
        about="What came of it shows in `last_notify` and `last_error`.",
        scopes=WRITERS,
        versions=V3,
        replies=(
            Reply(202, "A message was queued.", s.TestAnswer),
            BAD,
            NOT_FOUND,
            _refusal(409, "There is nothing to send.", "nothing to test"),
            *ALWAYS,
        ),
        group="Integrations",
    ),
    Operation(
        *("GET", "badges/", badge_list.index, "List badges"),
        scopes=READERS,
        replies=(Reply(200, "Their addresses.", s.BadgesAnswer), *ALWAYS),
        group="Badges",
    ),
)

PROJECTS = (
    Operation(
        *("GET", "projects/", projects.index, "List projects"),
        scopes=ACCOUNTS,
        versions=V3,
        replies=(Reply(200, "The projects.", s.ProjectsAnswer), *ALWAYS),
        group="Projects",
    ),
    Operation(
        *("POST", "projects/", projects.create, "Create a project"),
        scopes=ACCOUNTS,
        body=projects.NewProject,
        versions=V3,
        replies=(Reply(201, "It was created.", s.ProjectAnswer), BAD, *ALWAYS),
        group="Projects",
    ),
    Operation(
        *("GET", "projects/{uuid}", projects.read, "Show a project"),
        scopes=ACCOUNTS,
        versions=V3,
        replies=(Reply(200, "The project.", s.ProjectAnswer), NOT_FOUND, *ALWAYS),
        group="Projects",
    ),
    Operation(
        *("GET", "projects/{uuid}/keys/", projects.list_keys, "List the keys of a project"),
        scopes=ACCOUNTS,
        versions=V3,
        replies=(
            Reply(200, "The keys, without their texts.", s.KeysAnswer),
            NOT_ALLOWED,
            NOT_FOUND,
            *ALWAYS,
        ),
        group="Projects",
    ),
    Operation(
        *("POST", "projects/{uuid}/keys/", projects.create_key, "Make a key"),
        scopes=ACCOUNTS,
        body=projects.NewKey,
        versions=V3,
        replies=(
            Reply(201, "The key with its text, this once.", s.NewKeyAnswer),
            _bad("json validation error: expires is in the past"),
            _refusal(403, "Not a manager, or too many keys.", "not allowed", "key limit reached"),
            NOT_FOUND,
            *ALWAYS,
        ),
        group="Projects",
    ),
    Operation(
        *("DELETE", "projects/{uuid}/keys/{key_uuid}", projects.delete_key, "End a key"),
        scopes=ACCOUNTS,
        versions=V3,
        replies=(
            Reply(200, "The key that was.", s.KeyAnswer),
            NOT_ALLOWED,
            NOT_FOUND,
            *ALWAYS,
        ),
        group="Projects",
    ),
)

OPERATIONS: tuple[Operation, ...] = (*CHECKS, *LOG, *CHANNELS, *PROJECTS)
