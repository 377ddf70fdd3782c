"""Creating, changing, `unique`, `channels`, the limit. http-api 3.4; worked examples 32, 36 to 40."""

from __future__ import annotations

from typing import Any

from tests.system.rows.row import Call, Like, Row

MAKE, CHANGE = "POST /api/v3/checks/", "POST /api/v3/checks/$new"
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def created(version: int) -> dict[str, Any]:
    """The whole answer of worked example 32."""
    update_url = rf"$site/api/v{version}/checks/{UUID}"
    return {
        "name": "spec-http 1",
        "slug": "spec-http-1",
        "tags": "spec a",
        "desc": "",
        "grace": 600,
        "n_pings": 0,
        "status": "new",
        "started": False,
        "last_ping": None,
        "next_ping": None,
        "manual_resume": False,
        "methods": "",
        "subject": "",
        "subject_fail": "",
        "start_kw": "",
        "success_kw": "",
        "failure_kw": "",
        "filter_subject": False,
        "filter_body": False,
        "filter_http_body": False,
        "filter_default_fail": False,
        "badge_url": Like(rf"$site/b/2/{UUID}\.svg"),
        "uuid": Like(UUID),
        "ping_url": Like(rf"$site/ping/{UUID}"),
        "update_url": Like(update_url),
        "pause_url": Like(f"{update_url}/pause"),
        "resume_url": Like(f"{update_url}/resume"),
        "channels": "",
        "timeout": 3600,
    }


FULL = {
    "name": "spec-http 1",
    "slug": "spec-http-1",
    "tags": "spec a",
    "timeout": 3600,
    "grace": 600,
}
CREATE = [
    *(
        Row(f"create in version {n}", Call(f"POST /api/v{n}/checks/", FULL, "w"), 201, json=created(n))
        for n in (1, 2, 3)
    ),
    Row("change nothing", Call(CHANGE, {}, "w"), 200, has={"name": "new $u", "timeout": 86400}),
    Row("change one field", Call(CHANGE, {"tags": "x"}, "w"), 200, has={"name": "new $u", "tags": "x"}),
    Row("change by version 1", Call("POST /api/v1/checks/$new", {"name": "A b"}, "w"), 200, has={"slug": "a-b"}),
    Row(
        "back to a simple schedule",
        Call(CHANGE, {"timeout": 120}, "w"),
        200,
        has={"timeout": 120, "schedule": None},
        before=(Call(CHANGE, {"schedule": "hourly"}, "w"),),
    ),
    Row(
        "other fields leave the schedule",
        Call(CHANGE, {"name": "z", "grace": 60}, "w"),
        200,
        has={"schedule": "hourly", "tz": "UTC", "timeout": None},
        before=(Call(CHANGE, {"schedule": "hourly"}, "w"),),
    ),
    Row("bad field of a change", Call(CHANGE, {"name": None}, "w"), 400, "json validation error: name is not a string"),
    Row("unique is judged by a change", Call(CHANGE, {"unique": ["x"]}, "w"), 400, "json validation error: an item in 'unique' has unexpected value"),
    Row("unique is ignored by a change", Call(CHANGE, {"unique": ["name"], "name": "n"}, "w"), 200, has={"uuid": "$new"}),
    Row("change an unknown check", Call("POST /api/v3/checks/$unknown", {}, "w"), 404, "not found"),
    Row("change by unique key", Call("POST /api/v3/checks/$up_key", {}, "w"), 405, text=""),
    Row(
        "change a deleted check",
        Call(CHANGE, {}, "w"),
        404,
        "not found",
        before=(Call("DELETE /api/v3/checks/$new", key="w"),),
    ),
]  # fmt: skip


def _unique(name: str, first: dict[str, Any], second: dict[str, Any], status: int) -> Row:
    return Row(f"unique: {name}", Call(MAKE, second, "w"), status, before=(Call(MAKE, first, "w"),))


KEY = {"unique": ["name", "tags"], "name": "uq $u", "tags": "t1"}
UPSERTS = [
    _unique("the same", KEY, KEY, 200),
    _unique("a space more", KEY, KEY | {"tags": "t1 "}, 201),
    _unique("another letter case", KEY, KEY | {"name": "UQ $u"}, 201),
    _unique("a field is missing", KEY, {"unique": ["name", "tags"], "name": "uq $u"}, 201),
    _unique("empty", KEY, KEY | {"unique": []}, 201),
    _unique("by slug", {"slug": "uq-$u"}, {"slug": "uq-$u", "unique": ["slug"]}, 200),
    _unique("by name only", KEY, KEY | {"unique": ["name"], "tags": "other"}, 200),
    _unique(
        "by numbers",
        {"name": "uq $u", "timeout": 61, "grace": 62},
        {"name": "uq $u", "timeout": 61, "grace": 62, "unique": ["name", "timeout", "grace"]},
        200,
    ),
    _unique(
        "by another number",
        {"name": "uq $u", "timeout": 61},
        {"name": "uq $u", "timeout": 62, "unique": ["name", "timeout"]},
        201,
    ),
    Row(
        "unique: what is said is changed",
        Call(MAKE, KEY | {"desc": "now", "timeout": 77}, "w"),
        200,
        has={"desc": "now", "timeout": 77, "name": "uq $u"},
        before=(Call(MAKE, KEY, "w"),),
    ),
    Row(
        "unique: not in another project",
        Call(MAKE, {"unique": ["name"], "name": "Up"}, "w"),
        201,
    ),
]

CHANNELS = [
    Row("channels: none", Call(MAKE, {"name": "c"}, "w"), 201, has={"channels": ""}),
    Row("channels: all", Call(MAKE, {"channels": "*"}, "w"), 201, has={"channels": "$channels"}),
    Row("channels: by name", Call(MAKE, {"channels": "uniq"}, "w"), 201, has={"channels": "$channel_uniq"}),
    Row("channels: by code", Call(MAKE, {"channels": "$channel_two"}, "w"), 201, has={"channels": "$channel_two"}),
    Row("channels: twice", Call(MAKE, {"channels": "uniq,$channel_uniq"}, "w"), 201, has={"channels": "$channel_uniq"}),
    Row("channels: a name with a comma", Call(MAKE, {"channels": "a, b"}, "w"), 201, has={"channels": "$channel_comma"}),
    Row(
        "channels: taken away",
        Call(CHANGE, {"channels": ""}, "w"),
        200,
        has={"channels": ""},
        before=(Call(CHANGE, {"channels": "*"}, "w"),),
    ),
    Row(
        "channels: left alone",
        Call(CHANGE, {"name": "x"}, "w"),
        200,
        has={"channels": "$channel_uniq"},
        before=(Call(CHANGE, {"channels": "uniq"}, "w"),),
    ),
    *(
        Row(f"channels: {text!r}", Call(MAKE, {"channels": text}, "w"), 400, error)
        for text, error in (
            ("hook one", "non-unique channel identifier: hook one"),
            ("uniq,", "empty channel identifier"),
            (",", "empty channel identifier"),
            (" uniq", "invalid channel identifier:  uniq"),
            ("Uniq", "invalid channel identifier: Uniq"),
            ("uniq,*", "invalid channel identifier: *"),
            ("$foreign_channel", "invalid channel identifier: $foreign_channel"),
        )
    ),
]  # fmt: skip

LIMIT = [
    Row("the limit", Call(MAKE, {}, "full"), 403, "check limit reached"),
    Row("bad fields before the limit", Call(MAKE, {"name": 5}, "full"), 400, "json validation error: name is not a string"),
    Row("the limit and unique", Call(MAKE, {"unique": ["name"], "name": ""}, "full"), 200),
]  # fmt: skip

ROWS = [*CREATE, *UPSERTS, *CHANNELS, *LIMIT]
