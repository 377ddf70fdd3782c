"""Single checks: what they look like, pause, resume, delete. http-api 3.5, 3.7; worked examples
32, 41 to 44, 59."""

from __future__ import annotations

from unittest.mock import ANY

from tests.system.rows.row import Call, Like, Row

INSTANT = Like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
ONE = "GET /api/v3/checks/"
# By a read-only key: in the place of the addresses, the unique key.
FRESH = {
    "name": "",
    "slug": "same",
    "tags": "db@dc1 a/b š",
    "desc": "",
    "grace": 3600,
    "n_pings": 0,
    "status": "new",
    "started": False,
    "last_ping": None,
    "next_ping": None,
    "manual_resume": True,
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
    "badge_url": "$site/b/2/$fresh_badge.svg",
    "unique_key": "dfbbeb3e86f0b2a7774a5260aca4a207be271edd",
    "timeout": 86400,
}
FIXED = "920ef5c2-ca3c-42f4-8000-000000000000"


def _status(name: str, version: int, status: str, *, started: bool = False) -> Row:
    call = Call(f"GET /api/v{version}/checks/${name}")
    has = {"status": status, "started": started}
    return Row(f"status: {name} in version {version}", call, 200, has=has)


STATUSES = [
    _status("up", 3, "up"),
    _status("down", 3, "down"),
    _status("late", 3, "grace"),
    _status("paused", 3, "paused"),
    _status("fresh", 3, "new"),
    _status("running", 3, "new", started=True),
    _status("running", 1, "started", started=True),
    _status("again", 1, "started", started=True),
    _status("again", 2, "down", started=True),
    _status("again", 3, "down", started=True),
    _status("overrun", 1, "down", started=True),
    _status("overrun", 3, "down", started=True),
]
READING = [
    Row("by read-only key", Call(f"{ONE}{FIXED}", key="main_ro"), 200, json=FRESH),
    Row("by unique key, read-only", Call(f"{ONE}$fresh_key", key="main_ro"), 200, json=FRESH),
    Row(
        "by unique key, read-write",
        Call(f"{ONE}dfbbeb3e86f0b2a7774a5260aca4a207be271edd"),
        200,
        has={"uuid": FIXED, "ping_url": f"$site/ping/{FIXED}", "unique_key": None},
    ),
    Row(
        "pinged",
        Call(f"{ONE}$up"),
        200,
        has={"n_pings": 2, "last_ping": "$hour_ago", "next_ping": INSTANT, "last_duration": 2},
    ),
    Row("without a duration", Call(f"{ONE}$fresh"), 200, has={"last_duration": None}),
    Row(
        "a cron check",
        Call(f"{ONE}$cron"),
        200,
        has={"schedule": "15 4 * * *", "tz": "Europe/Riga", "timeout": None},
    ),
    Row("overrun", Call(f"{ONE}$overrun"), 200, has={"next_ping": None, "last_ping": None}),
    Row("running", Call(f"{ONE}$running"), 200, has={"next_ping": INSTANT, "last_ping": None}),
    Row("down by a failure", Call(f"{ONE}$down"), 200, has={"last_ping": INSTANT, "next_ping": None}),
    Row("unknown", Call(f"{ONE}$unknown"), 404, "not found"),
    Row("unknown unique key", Call(f"{ONE}{'0' * 40}"), 404, "not found"),
    Row(
        "fields",
        Call(f"{ONE}$up?fields=name,last_success,deadline,last_fail"),
        200,
        json={"name": "Up", "last_success": "$hour_ago", "deadline": INSTANT, "last_fail": None},
    ),
    Row("fields of version 2", Call("GET /api/v2/checks/$up?fields=name"), 200, has={"name": "Up", "uuid": "$up"}),
    Row("unknown field", Call(f"{ONE}$up?fields=x"), 400, "bad parameter: there is no field 'x'"),
]  # fmt: skip

PAUSE, RESUME = "POST /api/v3/checks/$new/pause", "POST /api/v3/checks/$new/resume"
START, PING = Call("GET /ping/$new/start", key=""), Call("GET /ping/$new", key="")
MOVING = [
    Row("pause", Call(PAUSE, key="w"), 200, has={"status": "paused", "n_pings": 0}),
    Row("pause twice", Call(PAUSE, key="w"), 200, has={"status": "paused"}, before=(Call(PAUSE, key="w"),)),
    Row(
        "pause keeps the last ping and ends the run",
        Call(PAUSE, key="w"),
        200,
        has={"status": "paused", "started": False, "last_ping": INSTANT, "n_pings": 2, "next_ping": None},
        before=(PING, START),
    ),
    Row("pause, unknown", Call("POST /api/v3/checks/$unknown/pause", key="w"), 404, "not found"),
    Row("resume what is not paused", Call(RESUME, key="w"), 409, "check is not paused"),
    Row(
        "resume",
        Call(RESUME, b"", key="w"),
        200,
        has={"status": "new", "last_ping": None, "next_ping": None, "n_pings": 1},
        before=(PING, Call(PAUSE, key="w")),
    ),
    Row(
        "resume twice",
        Call(RESUME, key="w"),
        409,
        "check is not paused",
        before=(Call(PAUSE, key="w"), Call(RESUME, key="w")),
    ),
    Row("resume, read-only", Call(RESUME, key="w_ro"), 401, "wrong api key"),
    Row(
        "delete tells the channels that were",
        Call("DELETE /api/v3/checks/$new", key="w"),
        200,
        has={"uuid": "$new", "channels": "$channel_uniq", "name": "new $u"},
        before=(Call("POST /api/v3/checks/$new", {"channels": "uniq"}, "w"),),
    ),
    Row(
        "delete twice",
        Call("DELETE /api/v3/checks/$new", key="w"),
        404,
        "not found",
        before=(Call("DELETE /api/v3/checks/$new", key="w"),),
    ),
    Row(
        "pings of a deleted check",
        Call("GET /ping/$new", key=""),
        404,
        text=ANY,
        before=(Call("DELETE /api/v3/checks/$new", key="w"),),
    ),
    Row(
        "an up check cannot be resumed",
        Call(RESUME, key="w"),
        409,
        "check is not paused",
        before=(PING,),
    ),
]  # fmt: skip

ROWS = [*STATUSES, *READING, *MOVING]
