"""Badges, Prometheus, links that hide the UUID. http-api 4 to 6; worked examples 53 to 55."""

from __future__ import annotations

from typing import Any
from unittest.mock import ANY

from tests.system.rows.row import Call, Like, Row, rows_of
from tests.system.rows.world import BADGE_KEY

BADGE = f"/badge/{BADGE_KEY}"
SIGNED = {"foo": "RH1B7-_n", "db@dc1": "c5L3iVBR", "*": "Hfnl30aE"}
NONE_UP = {"status": "up", "total": 0, "grace": 0, "down": 0}
CORS = {"Access-Control-Allow-Origin": "*"}


def _late(status: str) -> dict[str, Any]:
    return {"status": status, "total": 1, "grace": 1, "down": 0}


def _badge(name: str, path: str, json: Any) -> Row:
    return Row(f"badge: {name}", Call(f"GET {path}", key=""), 200, json=json, headers=CORS)


BADGES = [
    _badge("tag", f"{BADGE}/RH1B7-_n/foo.json", NONE_UP | {"total": 1}),
    _badge("tag nobody has, quoted twice", f"{BADGE}/c5L3iVBR/db%2540dc1.json", NONE_UP),
    _badge("project", f"{BADGE}/Hfnl30aE.json", {"status": "down", "total": 2, "grace": 0, "down": 1}),
    _badge("project, two-state", f"{BADGE}/Hfnl30aE-2.json", {"status": "down", "total": 2, "grace": 0, "down": 1}),
    _badge("late, two-state", "/b/2/$late_badge.json", _late("up")),
    _badge("late, three-state", "/b/3/$late_badge.json", _late("late")),
    _badge("any other number is two-state", "/b/7/$late_badge.json", _late("up")),
    _badge(
        "shields",
        "/b/3/$late_badge.shields",
        {"schemaVersion": 1, "label": "Late", "message": "late", "color": "important"},
    ),
    _badge(
        "shields of one that is down",
        "/b/2/$down_badge.shields",
        {"schemaVersion": 1, "label": "dn", "message": "down", "color": "critical"},
    ),
    _badge(
        "shields of the project have its own label",
        f"{BADGE}/Hfnl30aE.shields",
        {"schemaVersion": 1, "label": "All of it", "message": "down", "color": "critical"},
    ),
    _badge(
        "an unnamed check does not show its UUID",
        "/b/2/$fresh_badge.shields",
        {"schemaVersion": 1, "label": "same", "message": "up", "color": "success"},
    ),
    Row(
        "badge: svg",
        Call("GET /b/2/$up_badge.svg", key=""),
        200,
        text=Like("<svg .*Up.*</svg>\\s*"),
        headers={"Content-Type": "image/svg+xml", "ETag": Like("W/.+")},
    ),
    Row("badge: HEAD", Call("HEAD /b/2/$up_badge.svg", key=""), 200, text=""),
    Row("badge: OPTIONS", Call("OPTIONS /b/2/$up_badge.svg", key=""), 204, text="", headers=CORS),
    Row("badge: POST", Call("POST /b/2/$up_badge.svg", key=""), 405, text="", headers=CORS),
    Row("badge: known", Call("GET /b/2/$up_badge.svg", key="", sends={"If-None-Match": "*"}), 304, text=""),
    *rows_of(
        "GET",
        "",
        [
            ("badge: bad signature", f"{BADGE}/RH1B7-_x/foo.json", 404, None),
            ("badge: signature of another tag", f"{BADGE}/RH1B7-_n/bar.json", 404, None),
            ("badge: garbage behind it", f"{BADGE}/RH1B7-_n-3/foo.json", 404, None),
            ("badge: quoted once", f"{BADGE}/c5L3iVBR/db%40dc1.json", 404, None),
            ("badge: unknown format", f"{BADGE}/RH1B7-_n/foo.png", 404, None),
            ("badge: unknown check", "/b/2/$unknown.svg", 404, None),
        ],
    ),
    Row(
        "badges/",
        Call("GET /api/v3/badges/", key="figures_ro"),
        200,
        has={
            "badges": {
                "*": {
                    "svg": f"$site{BADGE}/Hfnl30aE-2.svg",
                    "svg3": f"$site{BADGE}/Hfnl30aE.svg",
                    "json": f"$site{BADGE}/Hfnl30aE-2.json",
                    "json3": f"$site{BADGE}/Hfnl30aE.json",
                    "shields": f"$site{BADGE}/Hfnl30aE-2.shields",
                    "shields3": f"$site{BADGE}/Hfnl30aE.shields",
                },
                "dn": ANY,
                "foo": ANY,
            }
        },
    ),
]  # fmt: skip

DN = '{name="dn", tags="dn", unique_key="$dn_key"}'
ODD = r'{name="a\"b\\c\nd", tags="foo dn", unique_key="$odd_key"}'
HELP = "# HELP {0} .+\n# TYPE {0} gauge\n"


def _block(name: str, *lines: str) -> str:
    """A pattern for a block with just these lines."""
    return HELP.format(name) + "".join(f"{_literally(name + line)}\n" for line in lines)


def _literally(text: str) -> str:
    """As a pattern in which `$names` are left for later."""
    for character in '\\{}".*+?()[]|^':
        text = text.replace(character, f"\\{character}")
    return text


HISTORICAL = "\n".join(
    [
        _block("hc_check_up", f"{DN} 0", f"{ODD} 1"),
        _block("hc_check_started", f"{DN} 0", f"{ODD} 0"),
        _block("hc_check_grace", f"{DN} 0", f"{ODD} 0"),
        _block("hc_check_paused", f"{DN} 0", f"{ODD} 0"),
        _block("hc_tag_up", '{tag="dn"} 0', '{tag="foo"} 1'),
        _block("hc_checks_total", " 2"),
        _block("hc_checks_down_total", " 1"),
    ]
)
AGE = HELP.format("hc_check_last_ping_age_seconds")


def _refused(name: str, path: str, status: int, bearer: str | None = None) -> Row:
    sends = {} if bearer is None else {"Authorization": bearer}
    return Row(f"figures: {name}", Call(f"GET /projects/{path}", None, "", sends), status, text="")


def _figures(name: str, path: str, bearer: str | None = None) -> Row:
    sends = {} if bearer is None else {"Authorization": bearer}
    headers = {"Content-Type": Like("text/plain.*")}
    call = Call(f"GET /projects/$figures_project/{path}", None, "", sends)
    return Row(f"figures: {name}", call, 200, text=Like(f"{HISTORICAL}\n{AGE}.*"), headers=headers)


PROMETHEUS = [
    _figures("bearer", "metrics/", "Bearer $figures_ro"),
    _figures("key in the address", "metrics/$figures_ro"),
    _figures("the older address", "checks/metrics/$figures_ro"),
    _refused("no key", "$figures_project/metrics/", 401),
    _refused("no bearer", "$figures_project/metrics/", 401, "bearer $figures_ro"),
    _refused("short key", "$figures_project/metrics/short", 400),
    _refused("two spaces", "$figures_project/metrics/", 400, "Bearer  $figures_ro"),
    _refused("unknown key", f"$figures_project/metrics/{'x' * 32}", 403),
    _refused("read-write key", "$figures_project/metrics/$figures", 403),
    _refused("key of an account", "$figures_project/metrics/$account", 403),
    _refused("expired key", "$main_project/metrics/$expired", 403),
    _refused("key of another project", "$figures_project/metrics/$main_ro", 403),
    _refused("key of no such project", "$unknown/metrics/$main_ro", 403),
    Row("figures: named key", Call("GET /projects/$main_project/metrics/$named_ro", key=""), 200),
    Row("figures: HEAD", Call("HEAD /projects/$figures_project/metrics/$figures_ro", key=""), 200, text=""),
    Row("figures: POST", Call("POST /projects/$figures_project/metrics/$figures_ro", key=""), 405, text=""),
]  # fmt: skip

COOKIE = {"Cookie": "sessionid=$session"}
CLOAKED = [
    Row(
        "cloaked: a stranger",
        Call("GET /cloaked/$up_key/", key=""),
        302,
        headers={"Location": "/accounts/login/?next=/cloaked/$up_key/"},
    ),
    Row(
        "cloaked: a member",
        Call("GET /cloaked/$up_key/", None, "", COOKIE),
        302,
        headers={"Location": "/checks/$up/details/"},
    ),
    Row("cloaked: of others", Call("GET /cloaked/$foreign_key/", None, "", COOKIE), 404),
    Row("cloaked: short", Call("GET /cloaked/abc/", None, "", COOKIE), 404),
    Row(
        "cloaked: no slash",
        Call("GET /cloaked/$up_key", None, "", COOKIE),
        301,
        headers={"Location": "/cloaked/$up_key/"},
    ),
]

ROWS = [*BADGES, *PROMETHEUS, *CLOAKED]
