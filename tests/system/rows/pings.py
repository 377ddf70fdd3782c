"""The door of the pings. http-api 1 and 2; worked examples 1 to 18."""

from __future__ import annotations

from tests.system.rows.row import Call, Row

OK, NOT_FOUND, BAD_URL, BAD_ID = "OK", "not found", "invalid url format", "invalid uuid format"
RID = "04603d8b-edf4-4e85-8f61-24bedbcaab59"


def _ping(path: str, status: int, text: str | None = None, *, before: tuple[Call, ...] = ()) -> Row:
    call = Call(f"GET /ping/{path}", key="")
    return Row(f"ping {path}", call, status, text=text, before=before)


def _auto(path: str) -> Call:
    return Call(f"GET /ping/$w_ping_key/{path}?create=1", key="")


DUPLICATE = tuple(
    Call("POST /api/v3/checks/", {"slug": "dup-$u", "name": name}, "w") for name in ("a", "b")
)
NAMED = (Call("POST /api/v3/checks/$new", {"slug": "s-$u"}, "w"),)
ROWS = [
    Row(
        "ping",
        Call("GET /ping/$new", key=""),
        200,
        text=OK,
        headers={"Ping-Body-Limit": "10000", "Access-Control-Allow-Origin": "*"},
    ),
    *(
        Row(f"ping by {method}", Call(f"{method} /ping/$new", key=""), 200)
        for method in ("HEAD", "PUT", "DELETE", "POST", "FOO")
    ),
    *(_ping(f"$new{end}", 200, OK) for end in ("/", "/start", "/fail", "/log", "/0", "/01", "/255")),
    *(_ping(f"$new/{end}", 404) for end in ("fail/", "1.5", "+1")),
    *(_ping(f"$new/{end}", 400, BAD_URL) for end in ("256", "99999999999", "FAIL")),
    *(_ping(f"$new/{end}", 404, NOT_FOUND) for end in ("foo", "-1")),
    _ping("381975CD-CE70-43AC-B881-41D7F36ECBBB", 404),
    _ping("$unknown", 404, NOT_FOUND),
    # Other than worked examples 9 and 18: the address is judged before the check is looked for.
    _ping("$unknown/256", 400, BAD_URL),
    _ping("$unknown?rid=1", 400, BAD_ID),
    *(_ping(f"$new?rid={rid}", 400, BAD_ID) for rid in ("1", "", RID.replace("-", ""))),
    _ping("$new/256?rid=1", 400, BAD_URL),
    _ping(f"$new?rid=x&rid={RID}", 200, OK),
    _ping(f"$new?rid={RID}%0A", 400, BAD_ID),
    _ping("$w_ping_key/s-$u", 200, OK, before=NAMED),
    *(_ping(f"$w_ping_key/s-$u{end}", 404, before=NAMED) for end in ("/", "/foo")),
    _ping("$w_ping_key/a.b", 404),
    *(_ping(f"$w_ping_key/{slug}", 400, BAD_URL) for slug in ("Spec-http-1", "NOPE?create=1")),
    *(_ping(f"$w_ping_key/{slug}", 404, NOT_FOUND) for slug in ("nope", "nope?create=0")),
    _ping("zzzzzzzzzzzzzzzzzzzzzz/nope?create=1", 404, NOT_FOUND),
    _ping("$w_ping_key/auto-$u?create=1", 201, "Created"),
    _ping("$w_ping_key/again-$u?create=1", 200, OK, before=(_auto("again-$u"),)),
    # Better than worked example 17: what is refused makes no check.
    _ping("$w_ping_key/auto-$u/256?create=1", 400, BAD_URL),
    _ping("$w_ping_key/auto-$u", 404, NOT_FOUND, before=(_auto("auto-$u/256"),)),
    _ping(f"$w_ping_key/{'x' * 101}?create=1", 400, BAD_URL),
    *(
        _ping(f"$w_ping_key/dup-$u{end}", 409, "ambiguous slug", before=DUPLICATE)
        for end in ("", "/fail", "?create=1")
    ),
    Row(
        "a ping of 2.7 MB",
        Call("POST /ping/$new", b"x" * 2_700_000, ""),
        200,
        text=OK,
    ),
]  # fmt: skip
