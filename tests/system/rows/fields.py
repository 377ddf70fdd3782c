"""What fields take. http-api 3.4; worked examples 33 to 37; weak spots 25, 35."""

from __future__ import annotations

from typing import Any

from tests.system.rows.row import Call, Row

MAKE, CHANGE = "POST /api/v3/checks/", "POST /api/v3/checks/$new"


def _bad(fields: dict[str, Any] | bytes, text: str) -> Row:
    """Refused by create; the name of the row is the body."""
    name = f"bad: {str(fields)[:60]}: {text}"
    return Row(name, Call(MAKE, fields, "w"), 400, f"json validation error: {text}")


def _good(fields: dict[str, Any], **shown: Any) -> Row:
    return Row(
        f"good: {str(fields)[:60]} {len(shown)}", Call(MAKE, fields, "w"), 201, has=shown or fields
    )


STRINGS = (
    *("channels", "desc", "failure_kw", "name", "schedule", "slug", "start_kw", "subject"),
    *("subject_fail", "success_kw", "tags", "tz"),
)
BOOLEANS = (
    *("filter_subject", "filter_body", "filter_http_body", "filter_default_fail"),
    "manual_resume",
)
SHORT = {"failure_kw": 200, "start_kw": 200, "success_kw": 200, "subject": 200, "subject_fail": 200}
LIMITS = SHORT | {"name": 100, "schedule": 100, "slug": 100, "tags": 500}
NO_SCHEDULE = "schedule is not a valid cron or OnCalendar expression"
NO_ZONE = "tz is not a valid timezone"

TYPES = [
    *(_bad({name: None}, f"{name} is not a string") for name in STRINGS),
    *(_bad({name: 5}, f"{name} is not a string") for name in ("channels", "name", "tz")),
    *(_bad({name: None}, f"{name} is not a boolean") for name in BOOLEANS),
    *(_bad({name: 1}, f"{name} is not a boolean") for name in BOOLEANS[:2]),
    *(_bad({name: "x" * (n + 1)}, f"{name} is too long") for name, n in LIMITS.items()),
    _bad({"methods": None}, "methods has unexpected value"),
    _bad({"methods": "GET"}, "methods has unexpected value"),
    _bad({"methods": ["POST"]}, "methods has unexpected value"),
    _bad({"unique": None}, "unique is not an array"),
    _bad({"unique": "name"}, "unique is not an array"),
    _bad({"unique": ["name", 5]}, "an item in 'unique' has unexpected value"),
    _bad({"unique": ["desc"]}, "an item in 'unique' has unexpected value"),
    _bad({"slug": "Up"}, "slug does not match pattern"),
    _bad({"slug": "a b"}, "slug does not match pattern"),
    _bad({"slug": "a\n"}, "slug does not match pattern"),
    _bad({"name": "a\0b"}, "name does not match pattern"),
    _bad({"desc": "\0"}, "desc does not match pattern"),
    _bad(b'{"name": "\\ud800"}', "name does not match pattern"),
    _bad(b'{"tags": "\\udc00 x"}', "tags does not match pattern"),
    _bad({"zzz": None, "name": 5, "channels": 5}, "channels is not a string"),
    _bad({"unique": 5, "tags": 5, "grace": 5}, "grace is too small"),
]
NUMBERS = [
    _bad({"timeout": 59}, "timeout is too small"),
    _bad({"timeout": 31_536_001}, "timeout is too large"),
    _bad({"timeout": 60.0}, "timeout is not a number"),
    _bad(b'{"timeout": 1e3}', "timeout is not a number"),
    _bad(b'{"timeout": NaN}', "timeout is not a number"),
    _bad({"timeout": "60"}, "timeout is not a number"),
    _bad({"timeout": None}, "timeout is not a number"),
    _bad({"timeout": True}, "timeout is too small"),
    _bad({"timeout": 10**25}, "timeout is too large"),
    _bad({"timeout": -(10**25)}, "timeout is too small"),
    _bad({"grace": 59}, "grace is too small"),
    _bad({"grace": 31_536_001}, "grace is too large"),
    _bad({"grace": []}, "grace is not a number"),
    _good({"timeout": 60, "grace": 60}),
    _good({"timeout": 31_536_000, "grace": 31_536_000}),
]
SCHEDULES = [
    *(
        _bad({"schedule": text}, NO_SCHEDULE)
        for text in (
            *("", "  ", "0 0 31 2 *", "* * * * * *", "@daily", "0 0 15W * *", "*/0 * * * *"),
            *("0 0 * * 5-1", "CRON_TZ=UTC * * * * *", "* * * *\n*", "soon"),
        )
    ),
    *(
        _good({"schedule": text}, schedule=text, tz="UTC")
        for text in (
            *("* * * * *", "0 0 * JAN MON-FRI", "0 0 * * 7", "0 0 L * *", "0 0 LW * *"),
            *("0 0 * * 1#2", "0 0 * * 5L", "*/61 * * * *", "hourly", "Mon..Fri 10:00"),
            *("*-*~1 12:00", "10:00 Europe/Riga\n22:00", "2019-01-01"),
        )
    ),
    _good({"schedule": " 5 4 * * * "}, schedule="5 4 * * *"),
    _good({"schedule": "* * * * *", "timeout": 120}, schedule="* * * * *", tz="UTC"),
    Row(
        "schedule and timeout",
        Call(CHANGE, {"schedule": "* * * * *", "timeout": 120}, "w"),
        200,
        has={"schedule": "* * * * *", "timeout": None},
    ),
    _bad({"schedule": "* * * * *", "timeout": 1}, "timeout is too small"),
]
ZONES = [
    *(_bad({"tz": name}, NO_ZONE) for name in ("utc", "Factory", "localtime", "posix/UTC", "", "X")),
    *(
        _good({"schedule": "* * * * *", "tz": name}, tz=today)
        for name, today in (
            *(("Europe/Kiev", "Europe/Kyiv"), ("Asia/Calcutta", "Asia/Kolkata"), ("UTC", "UTC")),
            *(("GMT", "GMT"), ("US/Eastern", "America/New_York"), ("Zulu", "Etc/UTC")),
        )
    ),
    Row(
        "the zone of a simple check shows later",
        Call(CHANGE, {"schedule": "hourly"}, "w"),
        200,
        has={"tz": "Asia/Tokyo"},
        before=(Call(CHANGE, {"tz": "Asia/Tokyo"}, "w"),),
    ),
]  # fmt: skip
TEXTS = [
    _good({"name": " a\nb "}),
    _good({"name": "ä" * 100, "tags": "  b  a ", "desc": "日本語 💾"}),
    _good({"slug": "a-b_c9"}),
    _good({"methods": "POST", "manual_resume": True}),
    _good({"filter_subject": True, "success_kw": "OK, fine", "failure_kw": "ERR", "start_kw": "B"}),
    _good({"subject": "S"}, subject="S", success_kw="S", filter_subject=True, subject_fail=""),
    _good({"subject_fail": "F"}, subject_fail="F", failure_kw="F", filter_subject=True),
    _good({"subject": ""}, subject="", success_kw="", filter_subject=False),
    _good({"subject": "S", "success_kw": "K"}, subject="K", success_kw="K", filter_subject=True),
    _good({"subject": "S", "filter_subject": False}, subject="", success_kw="S"),
    Row(
        "the other old field stays",
        Call(CHANGE, {"subject": ""}, "w"),
        200,
        has={"subject": "", "subject_fail": "F", "filter_subject": True},
        before=(Call(CHANGE, {"subject_fail": "F"}, "w"),),
    ),
    Row(
        "slug by the name in version 1",
        Call("POST /api/v1/checks/", {"name": "Žluť Foo_Bar  (baz)! v1"}, "w"),
        201,
        has={"slug": "zlut-foo_bar-baz-v1"},
    ),
    Row(
        "slug by the name in version 2",
        Call("POST /api/v2/checks/", {"name": "日本語"}, "w"),
        201,
        has={"slug": ""},
    ),
    Row(
        "slug by itself in version 1",
        Call("POST /api/v1/checks/", {"name": "Foo", "slug": "bar"}, "w"),
        201,
        has={"slug": "bar"},
    ),
    Row(
        "no slug by the name in version 3",
        Call(MAKE, {"name": "Žluť Foo_Bar  (baz)! v1"}, "w"),
        201,
        has={"slug": "", "name": "Žluť Foo_Bar  (baz)! v1"},
    ),
]

ROWS = [*TYPES, *NUMBERS, *SCHEDULES, *ZONES, *TEXTS]
