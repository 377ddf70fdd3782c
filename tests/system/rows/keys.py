"""Keys and bodies. http-api 3.3; worked examples 28 to 31, 41."""

from __future__ import annotations

from tests.system.rows.row import Call, Row

LIST, MAKE = "GET /api/v3/checks/", "POST /api/v3/checks/"
MISSING, WRONG, UNREADABLE = "missing api key", "wrong api key", "could not parse request body"
NO_OBJECT = "json validation error: value is not an object"


def _key(name: str, what: str, status: int, error: str | None = None, **call: object) -> Row:
    return Row(name, Call(what, **{"key": "", **call}), status, error)  # type: ignore[arg-type]


def _body(name: str, body: object, error: str) -> Row:
    return Row(f"body: {name}", Call(MAKE, body, key="w"), 400, error)


HEADER = "X-Api-Key"
ROWS = [
    _key("no key", LIST, 401, MISSING),
    _key("short key", LIST, 401, MISSING, sends={HEADER: "12345"}),
    _key("unknown key", LIST, 401, WRONG, sends={HEADER: "x" * 32}),
    _key("key that is not ASCII", LIST, 401, WRONG, sends={HEADER: "\xe4" * 32}),
    _key("key in the query string", f"{LIST}?api_key=$main", 401, MISSING),
    _key("bearer", LIST, 401, MISSING, sends={"Authorization": "Bearer $main"}),
    _key("key in the body of a GET", LIST, 401, MISSING, body={"api_key": "$main"}),
    _key("key in the body of a POST", MAKE, 201, body={"api_key": "$w"}),
    _key("short key in the body", MAKE, 401, MISSING, body={"api_key": "12345"}),
    _key("number as the key", MAKE, 401, MISSING, body={"api_key": 5}),
    _key("blanks as the key", MAKE, 401, WRONG, body={"api_key": " " * 32}),
    _key("key with a NUL", MAKE, 401, WRONG, body={"api_key": "\0" * 32}),
    _key("key with half a character", MAKE, 401, WRONG, body=b'{"api_key": "\\ud800%s"}' % (b"x" * 31)),
    _key("the header wins", MAKE, 401, WRONG, key="main_ro", body={"api_key": "$w"}),
    _key("the header wins, though empty", MAKE, 401, MISSING, sends={HEADER: ""}, body={"api_key": "$w"}),
    _key("read-only key reads", LIST, 200, key="main_ro"),
    _key("read-only key cannot write", MAKE, 401, WRONG, key="main_ro"),
    _key("read-only key sees no channels", "GET /api/v3/channels/", 401, WRONG, key="main_ro"),
    _key("read-only key sees no pings", "GET /api/v3/checks/$up/pings/", 401, WRONG, key="main_ro"),
    _key("read-only key sees no bodies", "GET /api/v3/checks/$up/pings/1/body", 401, WRONG, key="main_ro"),
    _key("read-only key cannot delete", "DELETE /api/v3/checks/$up", 401, WRONG, key="main_ro"),
    _key("named key", LIST, 200, key="named"),
    _key("named read-only key", LIST, 200, key="named_ro"),
    _key("named read-only key cannot write", MAKE, 401, WRONG, key="named_ro"),
    _key("expired key", LIST, 401, WRONG, key="expired"),
    _key("key of an account is none of a project", LIST, 401, WRONG, key="account"),
    _key("key of a project is none of an account", "GET /api/v3/projects/", 401, WRONG, key="main"),
    _key("check of another project", "GET /api/v3/checks/$foreign", 403, "wrong project", key="main"),
    _key("change of another project's", "POST /api/v3/checks/$foreign", 403, "wrong project", key="main"),
    _key("delete another project's", "DELETE /api/v3/checks/$foreign", 403, "wrong project", key="main"),
    _key("pause another project's", "POST /api/v3/checks/$foreign/pause", 403, "wrong project", key="main"),
    _key("flips of another project's", "GET /api/v3/checks/$foreign/flips/", 403, "wrong project", key="main"),
    _key("unique key of another project", "GET /api/v3/checks/$foreign_key", 404, "not found", key="main"),
    # The body is read before the key, and the key before the check is looked for.
    _key("bad body and no key", MAKE, 400, UNREADABLE, body=b"nojson"),
    _key("array and no key", MAKE, 400, NO_OBJECT, body=b"[1]"),
    _key("no key and no check", "GET /api/v3/checks/$unknown", 401, MISSING),
    _key("no check and a bad field", "POST /api/v3/checks/$unknown", 404, "not found", key="w", body={"name": 5}),
    _key("another's check and a bad field", "POST /api/v3/checks/$foreign", 403, "wrong project", key="w", body={"name": 5}),
    _body("no JSON", b"nojson", UNREADABLE),
    _body("no UTF-8", b'{"name": "\xff"}', UNREADABLE),
    _body("BOM", b'\xef\xbb\xbf{"name": "x"}', UNREADABLE),
    _body("5000 digits", b'{"timeout": %s}' % (b"1" * 5000), UNREADABLE),
    _body("a form", b"name=x&tags=y", UNREADABLE),
    _body("deep nesting", b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", UNREADABLE),
    _body("array", [1], NO_OBJECT),
    _body("number", 123, NO_OBJECT),
    _body("null", b"null", NO_OBJECT),
    _body("too large", b'{"desc": "%s"}' % (b"x" * 2_700_000), "request body is too large"),
    Row("body: none", Call(MAKE, b"", key="w"), 201, has={"name": "", "timeout": 86400, "grace": 3600}),
    Row("body: of any type", Call(MAKE, b'{"name": "x"}', "w", {"Content-Type": "text/css"}), 201, has={"name": "x"}),
    Row("body: the last of equal keys", Call(MAKE, b'{"name": "a", "name": "b"}', "w"), 201, has={"name": "b"}),
    Row("body: unknown keys", Call(MAKE, {"zzz": None, "name": "c"}, "w"), 201, has={"name": "c"}),
    Row("body of a pause", Call("POST /api/v3/checks/$new/pause", b"nojson", "w"), 400, UNREADABLE),
]  # fmt: skip
