"""Methods, CORS, redirects. http-api 3.2; worked examples 49 to 51; weak spots 27 to 29."""

from __future__ import annotations

from tests.system.rows.row import Among, Call, Row, rows_of

ANYWHERE = {"Access-Control-Allow-Origin": "*"}
CORS = ANYWHERE | {
    "Access-Control-Allow-Headers": Among(("X-Api-Key", "Content-Type")),
    "Access-Control-Max-Age": "600",
}
NONE = b""


def _options(path: str, *methods: str) -> Row:
    allowed = {"Access-Control-Allow-Methods": Among((*methods, "OPTIONS"))}
    return Row(
        f"OPTIONS {path}",
        Call(f"OPTIONS /api/v3/{path}", key=""),
        204,
        text="",
        headers=CORS | allowed,
    )


def _not_allowed(what: str, *methods: str) -> Row:
    allow = Among((*methods, "OPTIONS"))
    headers = CORS | {"Allow": allow, "Access-Control-Allow-Methods": allow}
    return Row(f"not allowed: {what}", Call(what, key=""), 405, text="", headers=headers)


ROWS = [
    _options("checks/", "GET", "POST", "HEAD"),
    _options("checks/$up", "GET", "POST", "DELETE", "HEAD"),
    _options("checks/$unknown", "GET", "POST", "DELETE"),
    _options("checks/$up_key", "GET"),
    _options("checks/$up/pause", "POST"),
    _options("checks/$up/resume", "POST"),
    _options("checks/$up/pings/", "GET"),
    _options("checks/$up/pings/1/body", "GET"),
    _options("checks/$up/flips/", "GET"),
    _options("checks/$up_key/flips/", "GET"),
    _options("channels/", "GET"),
    _options("badges/", "GET"),
    _not_allowed("PUT /api/v3/checks/", "GET", "POST"),
    _not_allowed("PATCH /api/v3/checks/$up", "GET", "POST", "DELETE"),
    _not_allowed("POST /api/v3/checks/$up_key", "GET"),
    _not_allowed("DELETE /api/v3/checks/$up_key", "GET"),
    _not_allowed("GET /api/v3/checks/$up/pause", "POST"),
    _not_allowed("HEAD /api/v3/checks/$up/resume", "POST"),
    _not_allowed("POST /api/v3/checks/$up/pings/", "GET"),
    _not_allowed("POST /api/v3/badges/", "GET"),
    _not_allowed("POST /api/v2/channels/", "GET"),
    Row("HEAD of the list", Call("HEAD /api/v3/checks/"), 200, text="", headers=CORS),
    Row("HEAD of a check", Call("HEAD /api/v1/checks/$up"), 200, text="", headers=ANYWHERE),
    Row("HEAD without a key", Call("HEAD /api/v3/checks/", key=""), 401, text="", headers=CORS),
    Row(
        "GET without its slash",
        Call("GET /api/v3/checks?tag=a%20b"),
        301,
        headers={"Location": "/api/v3/checks/?tag=a%20b"},
    ),
    Row(
        "POST without its slash",
        Call("POST /api/v3/checks", {"name": "x"}, "w"),
        308,
        headers={"Location": "/api/v3/checks/"},
    ),
    Row(
        "GET flips without its slash",
        Call("GET /api/v2/checks/$up/flips"),
        301,
        headers={"Location": "/api/v2/checks/$up/flips/"},
    ),
    Row("CORS of 400", Call("POST /api/v3/checks/", b"x", "w"), 400, headers=CORS),
    Row("CORS of 401", Call("GET /api/v3/checks/", key=""), 401, headers=CORS),
    Row("CORS of 403", Call("GET /api/v3/checks/$foreign"), 403, headers=CORS),
    Row("CORS of 404", Call("GET /api/v3/checks/$unknown"), 404, headers=CORS),
    Row("CORS of no address", Call("GET /api/v3/nothing"), 404, "not found", headers=CORS),
    *rows_of(
        "GET",
        "main",
        [
            ("upper case in the UUID", "/api/v3/checks/920EF5C2-CA3C-42F4-8000-000000000000", 404, "not found"),
            ("upper case in the unique key", "/api/v3/checks/DFBBEB3E86F0B2A7774A5260ACA4A207BE271EDD", 404, "not found"),
            ("no such version", "/api/v4/checks/", 404, None),
            ("no address of version 1", "/api/v1/projects/", 404, "not found"),
        ],
    ),
    Row("unique key cannot be paused", Call("POST /api/v3/checks/$up_key/pause"), 404, "not found"),
]  # fmt: skip
