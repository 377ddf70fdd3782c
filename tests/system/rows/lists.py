"""The list of checks, its filters, pages and conditions. http-api 3.6; issue 5, item 2."""

from __future__ import annotations

from tests.system.rows.row import Call, Like, Names, Row

LIST = "GET /api/v3/checks/"
ALL = ("up", "down", "late", "paused", "fresh", "running", "again", "cron", "overrun")


def _found(query: str, *names: str, version: int = 3) -> Row:
    """The checks that a query finds, in the order of creation."""
    uuids = Names("uuid", tuple(f"${name}" for name in names))
    call = Call(f"GET /api/v{version}/checks/{query}")
    return Row(f"list {query or 'all'}, version {version}", call, 200, has={"checks": uuids})


FILTERS = [
    _found("", *ALL),
    _found("", *ALL, version=1),
    _found("?tag=prod", "up", "down"),
    _found("?tag=Prod", "paused"),
    _found("?tag=prod&tag=db", "up"),
    _found("?tag=pro"),
    _found("?tag="),
    _found("?tag=%25"),
    _found("?tag=%C5%A1", "fresh"),
    _found("?tag=db%40dc1", "fresh"),
    _found("?slug=same", "paused", "fresh"),
    _found("?slug=x&slug=spec-up", "up"),
    _found("?slug=", *ALL),
    _found("?slug=Same"),
    _found("?slug=same%20"),
    _found("?slug=same&tag=Prod", "paused"),
    _found("?other=1", *ALL),
    _found("?name=Up", "up"),
    _found("?name=up"),
    _found("?name=Up", *ALL, version=2),
    _found("?status=down", "down", "again", "overrun"),
    _found("?status=grace", "late"),
    _found("?status=up&status=paused", "up", "paused"),
    _found("?status=new", "fresh", "running", "cron"),
    _found("?status=down&tag=prod", "down"),
    _found("?limit=2", "up", "down"),
    _found("?limit=2", *ALL, version=2),
    _found("?limit=2&tag=prod", "up", "down"),
    _found("?limit=1&slug=same", "paused"),
]
BAD = [
    Row(f"list {query}", Call(f"{LIST}{query}"), 400, error)
    for query, error in (
        ("?status=late", "bad parameter: status must be new, up, grace, down or paused"),
        ("?limit=0", "bad parameter: limit must be a number from 1 to 1000"),
        ("?limit=1001", "bad parameter: limit must be a number from 1 to 1000"),
        ("?limit=x", "bad parameter: limit must be a number from 1 to 1000"),
        ("?limit=", "bad parameter: limit must be a number from 1 to 1000"),
        ("?cursor=x", "bad parameter: cursor must be a number from 0 to 9223372036854775807"),
        ("?cursor=-1", "bad parameter: cursor must be a number from 0 to 9223372036854775807"),
        ("?tag=%00", "bad parameter: tag has characters that are not allowed"),
        ("?slug=%00", "bad parameter: slug has characters that are not allowed"),
        ("?name=a%00", "bad parameter: name has characters that are not allowed"),
        ("?fields=uuid,zzz", "bad parameter: there is no field 'zzz'"),
    )
]
OTHERS = [
    Row("an empty list", Call("GET /api/v3/checks/?slug=none"), 200, json={"checks": []}),
    Row(
        "a page and where the next one is",
        Call(f"{LIST}?limit=3&status=new&status=down&fields=name"),
        200,
        json={"checks": [{"name": "dn"}, {"name": ""}, {"name": "Running"}]},
        headers={
            "Link": Like(
                r"<$site/api/v3/checks/\?limit=3&status=new&status=down&fields=name&cursor=\d+>;"
                r' rel="next"'
            )
        },
    ),
    Row("the last page", Call(f"{LIST}?limit=9"), 200, headers={"Link": None}),
    Row("a cursor beyond the end", Call(f"{LIST}?cursor=999999999"), 200, json={"checks": []}),
    Row(
        "a list has a tag",
        Call(LIST, key="main_ro"),
        200,
        headers={"ETag": Like('W/".+"'), "Cache-Control": "private, no-cache"},
    ),
    Row(
        "any tag is the same",
        Call(LIST, sends={"If-None-Match": "*"}),
        304,
        text="",
        headers={"ETag": Like('W/".+"'), "Access-Control-Allow-Origin": "*"},
    ),
    Row("another tag", Call(LIST, sends={"If-None-Match": 'W/"x"'}), 200),
    Row(
        "read-only keys see no addresses",
        Call(f"{LIST}?slug=spec-up", key="main_ro"),
        200,
        has={"checks": Names("unique_key", ("$up_key",))},
    ),
    Row(
        "fields of a list",
        Call(f"{LIST}?tag=prod&fields=status,name"),
        200,
        json={"checks": [{"status": "up", "name": "Up"}, {"status": "down", "name": "dn"}]},
    ),
]

ROWS = [*FILTERS, *BAD, *OTHERS]
