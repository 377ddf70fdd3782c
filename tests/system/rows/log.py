"""Pings, their bodies, flips. http-api 3.8, 3.9; worked examples 45 to 48."""

from __future__ import annotations

from unittest.mock import ANY

from tests.system.rows.row import Call, Like, Names, Row

PINGS, FLIPS = "GET /api/v3/checks/$few/pings/", "GET /api/v3/checks/$few/flips/"
MANY = "GET /api/v3/checks/$many/pings/"
SECOND = Like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
MICROSECOND = Like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
BODY = "api/v3/checks/$few/pings/2/body"
SUCCESS = {
    "type": "success",
    "date": MICROSECOND,
    "n": 2,
    "scheme": "http",
    "remote_addr": None,
    "method": "POST",
    "ua": "curl",
    "rid": None,
    "body_url": f"$site/{BODY}",
    "duration": 1.08,
}
START = SUCCESS | {"type": "start", "date": SECOND, "n": 1, "body_url": None}
START.pop("duration")

NUMBERS_DOWN = tuple(range(205, 105, -1))
NO_NUMBER = "must be a number from 0 to"


def _ping_type(path: str, body: bytes, kind: str, fields: dict[str, object]) -> Row:
    """What a ping of a check with these fields counts as."""
    return Row(
        f"{path or '/'} of {body!r} with {len(fields)} fields",
        Call("GET /api/v3/checks/$new/pings/?fields=type", key="w"),
        200,
        json={"pings": [{"type": kind}]},
        before=(
            Call("POST /api/v3/checks/$new", fields, "w"),
            Call(f"POST /ping/$new{path}", body, ""),
        ),
    )


WORDS: dict[str, object] = {
    "filter_http_body": True,
    "success_kw": "OK, fine",
    "failure_kw": "ERR",
    "start_kw": "BEGIN",
}
KINDS = [
    _ping_type("", b"fineERR", "fail", WORDS),
    _ping_type("", b"BEGIN OK", "success", WORDS),
    _ping_type("", b"BEGIN", "start", WORDS),
    _ping_type("", b"ok", "ign", WORDS),
    _ping_type("", b"", "ign", WORDS),
    _ping_type("/fail", b"OK", "success", WORDS),
    _ping_type("/3", b"OK", "success", WORDS),
    _ping_type("/log", b"OK", "success", WORDS),
    _ping_type("/start", b"hello", "fail", WORDS | {"filter_default_fail": True}),
    _ping_type("/7", b"", "fail", {}),
    _ping_type("/0", b"", "success", {}),
    _ping_type("/log", b"", "log", {}),
]
LISTS = [
    Row("pings", Call(PINGS, key="w"), 200, json={"pings": [SUCCESS, START]}),
    Row(
        "pings in version 1",
        Call("GET /api/v1/checks/$few/pings/", key="w"),
        200,
        json={"pings": [SUCCESS | {"body_url": "$site/api/v1/checks/$few/pings/2/body"}, START]},
    ),
    Row("no pings", Call("GET /api/v3/checks/$new/pings/", key="w"), 200, json={"pings": []}),
    Row(
        "pings within the limit",
        Call(f"{MANY}?fields=n", key="w"),
        200,
        json={"pings": [{"n": n} for n in NUMBERS_DOWN]},
        headers={"Link": None},
    ),
    Row(
        "a page of pings",
        Call(f"{MANY}?fields=n&limit=2", key="w"),
        200,
        json={"pings": [{"n": 205}, {"n": 204}]},
        headers={"Link": '<$site/api/v3/checks/$many/pings/?fields=n&limit=2&cursor=204>; rel="next"'},
    ),
    Row(
        "the last page of pings",
        Call(f"{MANY}?fields=n&cursor=107", key="w"),
        200,
        json={"pings": [{"n": 106}]},
        headers={"Link": None},
    ),
    Row("pings of nobody", Call("GET /api/v3/checks/$unknown/pings/", key="w"), 404, "not found"),
    Row("pings of others", Call("GET /api/v3/checks/$foreign/pings/", key="w"), 403, "wrong project"),
    Row("an unknown field of pings", Call(f"{PINGS}?fields=x", key="w"), 400, "bad parameter: there is no field 'x'"),
]  # fmt: skip
BODIES = [
    Row(
        "a body",
        Call(f"GET /{BODY}", key="w"),
        200,
        text="\xff hello\r\n",
        headers={"Content-Type": Like("text/plain.*"), "Access-Control-Allow-Origin": "*"},
    ),
    *(
        Row(f"no body: {path}", Call(f"GET /api/v3/checks/{path}/body", key="w"), 404, "not found")
        for path in (
            *("$few/pings/1", "$few/pings/3", "$many/pings/105", "$few/pings/99999999999999"),
            *("$few/pings/-1", "$few/pings/x", "$unknown/pings/1"),
        )
    ),
]
FLIP_LIST = {
    "flips": [
        {"timestamp": SECOND, "up": 0},
        {"timestamp": SECOND, "up": 0},
        {"timestamp": SECOND, "up": 1},
    ]
}
TWO = {"flips": FLIP_LIST["flips"][:2]}


def _flips(query: str, found: object) -> Row:
    return Row(f"flips {query}", Call(f"{FLIPS}{query}", key="w_ro"), 200, json=found)


def _bad_flips(query: str) -> Row:
    error = Like(rf"bad parameter: \w+ {NO_NUMBER} \d+")
    return Row(f"flips {query}", Call(f"{FLIPS}{query}", key="w"), 400, has={"error": error})


FLIP_ROWS = [
    _flips("", FLIP_LIST),
    _flips("?seconds=", FLIP_LIST),
    _flips("?seconds=0", FLIP_LIST),
    _flips("?seconds=31536000", FLIP_LIST),
    _flips("?seconds=60", {"flips": []}),
    _flips("?seconds=2400", TWO),
    _flips("?seconds=2400.0", TWO),
    _flips("?seconds=60&seconds=2400", TWO),
    _flips("?start=$paused_at", TWO),
    _flips("?end=$paused_at", {"flips": FLIP_LIST["flips"][2:]}),
    _flips("?start=$paused_at&end=$paused_at", {"flips": []}),
    _flips("?start=0&end=10000000000&x=y", FLIP_LIST),
    _flips("?limit=2", TWO),
    _flips(
        "?fields=status,old_status,reason&limit=1",
        {"flips": [{"status": "new", "old_status": "paused", "reason": ""}]},
    ),
    *(
        _bad_flips(query)
        for query in (
            *("?start=", "?end=", "?start=x", "?start=-1", "?start=1.5", "?start=10000000001"),
            *("?seconds=31536001", "?seconds=-1", "?seconds=x", "?start=%00", "?end=1e3"),
        )
    ),
    Row(
        "flips by unique key",
        Call("GET /api/v2/checks/$few_key/flips/", key="w_ro"),
        200,
        json=FLIP_LIST,
    ),
    Row("flips of nobody", Call(f"GET /api/v3/checks/{'0' * 40}/flips/"), 404, "not found"),
    Row("no flips", Call("GET /api/v3/checks/$new/flips/", key="w"), 200, json={"flips": []}),
    Row(
        "flips of a failure",
        Call("GET /api/v3/checks/$new/flips/?fields=up,reason", key="w"),
        200,
        json={"flips": [{"up": 0, "reason": "fail"}]},
        before=(Call("GET /ping/$new/fail", key=""),),
    ),
]
RUNS = [
    Row(
        "the ends of runs by their ids",
        Call("GET /api/v3/checks/$new/pings/?fields=type,rid,duration", key="w"),
        200,
        json={
            "pings": [
                {"type": "success", "rid": "04603d8b-edf4-4e85-8f61-24bedbcaab59", "duration": ANY},
                {"type": "start", "rid": "04603d8b-edf4-4e85-8f61-24bedbcaab59"},
            ]
        },
        before=(
            Call("GET /ping/$new/start?rid=04603d8b-edf4-4e85-8f61-24bedbcaab59", key=""),
            Call("GET /ping/$new?rid=04603d8b-edf4-4e85-8f61-24bedbcaab59", key=""),
        ),
    ),
    Row(
        "long bodies are cut",
        Call("GET /api/v3/checks/$new/pings/1/body", key="w"),
        200,
        text="x" * 10_000,
        before=(Call("POST /ping/$new", b"x" * 10_050, ""),),
    ),
    Row(
        "who pinged",
        Call("GET /api/v3/checks/$new/pings/?fields=scheme,remote_addr,method,ua", key="w"),
        200,
        has={"pings": Names("ua", ("robot/1",))},
        before=(Call("PUT /ping/$new", key="", sends={"User-Agent": "robot/1"}),),
    ),
]

ROWS = [*KINDS, *LISTS, *BODIES, *FLIP_ROWS, *RUNS]
