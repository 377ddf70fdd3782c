"""The one list of what the API can do. Source: http-api 3.1; what is marked as of version 3 only
is ours."""

from __future__ import annotations

from hc.api.rest import badge_list, bulk, channels, checks, log, projects
from hc.api.rest import schemas as s
from hc.api.rest.call import MAX_PAGE, USUAL_PAGE
from hc.api.rest.check_fields import CheckFields
from hc.api.rest.operation import (
    ACCOUNTS,
    READERS,
    WRITERS,
    Operation,
    Parameter,
    Reply,
)

V3 = (3,)
TEXT = {"type": "string"}
NUMBER = {"type": "integer", "minimum": 0, "maximum": log.LAST_INSTANT}

BAD = Reply(400, "Something in the request cannot be taken.", s.ErrorAnswer)
NO_KEY = Reply(401, "There is no key, or not one that may do this.", s.ErrorAnswer)
FOREIGN = Reply(403, "The check belongs to another project.", s.ErrorAnswer)
NOT_FOUND = Reply(404, "There is nothing of that name.", s.ErrorAnswer)
TOO_MANY = Reply(429, "The key was used too often; `Retry-After` says when again.", s.ErrorAnswer)
AWAY = Reply(503, "The database does not answer; `Retry-After` says when again.", s.ErrorAnswer)
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
)
PAGED = (LIMIT, CURSOR)


def _fields(names: tuple[str, ...]) -> Parameter:
    about = f"Give these fields only, commas between. There are {', '.join(names)}."
    schema = {"type": "string", "pattern": rf"^({'|'.join(names)})?(,({'|'.join(names)}))*$"}
    return Parameter("fields", about, schema, V3)


CHECK_FIELDS = _fields(checks.ALL_FIELDS)
FLIP_FILTERS = (
    Parameter(
        "seconds",
        "Those of so many last seconds.",
        {"type": "integer", "minimum": 0, "maximum": log.LONGEST_AGO},
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
            BAD,
            Reply(403, "The account has as many checks as it may have.", s.ErrorAnswer),
            *ALWAYS,
        ),
    ),
    Operation(
        *("POST", "checks/bulk", bulk.act, "Pause, resume or delete many checks"),
        about="All or none: an unknown id changes nothing.",
        scopes=WRITERS,
        body=bulk.BulkFields,
        versions=V3,
        replies=(Reply(200, "It was done.", s.BulkAnswer), BAD, NOT_FOUND, *ALWAYS),
    ),
    Operation(
        *("GET", "checks/{uuid}", checks.read, "Show a check"),
        scopes=READERS,
        parameters=(CHECK_FIELDS,),
        replies=(Reply(200, "The check.", s.CheckAnswer), BAD, *OF_CHECK),
    ),
    Operation(
        *("GET", "checks/{unique_key}", checks.read_by_key, "Show a check by its unique key"),
        about="The key does not give the ping address away; read-only keys see no other.",
        scopes=READERS,
        parameters=(CHECK_FIELDS,),
        replies=(Reply(200, "The check.", s.CheckAnswer), BAD, NOT_FOUND, *ALWAYS),
    ),
    Operation(
        *("POST", "checks/{uuid}", checks.update, "Change a check"),
        about="What is left out stays as it is.",
        scopes=WRITERS,
        body=CheckFields,
        replies=(Reply(200, "The check as it is now.", s.CheckAnswer), BAD, *OF_CHECK),
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
            Reply(409, "It is not paused.", s.ErrorAnswer),
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
            Reply(503, "It cannot be read; `Retry-After` says when again.", s.ErrorAnswer),
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
        replies=(Reply(201, "It was added.", s.ChannelAnswer), BAD, *ALWAYS),
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
            BAD,
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
            Reply(409, "There is nothing to send.", s.ErrorAnswer),
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
            Reply(403, "The account does not manage the project.", s.ErrorAnswer),
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
            BAD,
            Reply(403, "Not a manager, or too many keys.", s.ErrorAnswer),
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
            Reply(403, "The account does not manage the project.", s.ErrorAnswer),
            NOT_FOUND,
            *ALWAYS,
        ),
        group="Projects",
    ),
)

OPERATIONS: tuple[Operation, ...] = (*CHECKS, *LOG, *CHANNELS, *PROJECTS)
