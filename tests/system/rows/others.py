"""Operational addresses, and what came with version 3: many checks at once, channels, projects.
http-api 3.10, 3.11; worked examples 52, 56; issue 5, item 2."""

from __future__ import annotations

from typing import Any
from unittest.mock import ANY

from tests.system.rows.row import Call, Like, Row

BULK, CHANNELS = "POST /api/v3/checks/bulk", "POST /api/v3/channels/"
WRONG = "wrong api key"

OPERATIONAL = [
    *(
        Row(f"status of version {n}", Call(f"GET /api/v{n}/status/", key=""), 200, text=Like("OK|DEGRADED.*"))
        for n in (1, 2, 3)
    ),
    Row(
        "the four numbers",
        Call("GET /api/v3/metrics/", None, "", {"X-Metrics-Key": "figures please"}),
        200,
        json={"ts": ANY, "max_ping_id": ANY, "max_notification_id": ANY, "num_unprocessed_flips": ANY},
    ),
    Row("the numbers without the key", Call("GET /api/v1/metrics/", key=""), 403, text=""),
    Row("the numbers with a wrong key", Call("GET /api/v3/metrics/", None, "", {"X-Metrics-Key": "x"}), 403, text=""),
    Row("a bounce of nobody", Call("POST /api/v3/bounces/", b"x", ""), 200, text="OK (bad signature)"),
    Row("a bounce by GET", Call("GET /api/v3/bounces/", key=""), 405),
    Row("a callback of nothing", Call("POST /api/v3/notifications/$unknown/status", b"error=x", ""), 200, text=""),
    Row("a callback by GET", Call("GET /api/v3/notifications/$unknown/status", key=""), 405, headers={"Allow": "POST"}),
]  # fmt: skip


def _bulk(name: str, body: dict[str, Any], matched: int, changed: object) -> Row:
    return Row(
        f"bulk: {name}", Call(BULK, body, "w"), 200, json={"matched": matched, "changed": changed}
    )


TAG = Call("POST /api/v3/checks/$new", {"tags": "b-$u x"}, "w")
MANY = [
    _bulk("pause", {"action": "pause", "ids": ["$new"]}, 1, ["$new"]),
    _bulk("an id twice", {"action": "pause", "ids": ["$new", "$new"]}, 1, ["$new"]),
    _bulk("resume what is not paused", {"action": "resume", "ids": ["$new"]}, 1, []),
    _bulk("delete", {"action": "delete", "ids": ["$new"]}, 1, ["$new"]),
    _bulk("a tag of nobody", {"action": "pause", "tags": ["none"]}, 0, []),
    Row(
        "bulk: by tags",
        Call(BULK, {"action": "pause", "tags": ["b-$u", "x"]}, "w"),
        200,
        json={"matched": 1, "changed": ["$new"]},
        before=(TAG,),
    ),
    Row(
        "bulk: all or none",
        Call("GET /api/v3/checks/$new?fields=status", key="w"),
        200,
        json={"status": "new"},
        before=(Call(BULK, {"action": "pause", "ids": ["$new", "$unknown"]}, "w"),),
    ),
    Row("bulk: unknown", Call(BULK, {"action": "pause", "ids": ["$unknown"]}, "w"), 404, "not found"),
    Row("bulk: of others", Call(BULK, {"action": "delete", "ids": ["$foreign"]}, "w"), 404, "not found"),
    Row("bulk: read-only", Call(BULK, {"action": "pause", "ids": ["$up"]}, "main_ro"), 401, WRONG),
    *(
        Row(f"bulk: {body}", Call(BULK, body, "w"), 400, f"json validation error: {error}")
        for body, error in (
            ({}, "action is missing"),
            ({"action": "pause"}, "either ids or tags must name some checks"),
            ({"action": "pause", "ids": ["x"]}, "an item in 'ids' is not a UUID"),
            ({"action": "stop", "ids": ["$new"]}, "action has unexpected value"),
            ({"action": "pause", "ids": "x"}, "ids is not an array"),
            ({"action": "pause", "ids": ["$new"], "tags": ["x"]}, "either ids or tags must name some checks"),
        )
    ),
]  # fmt: skip

HOOK = {"kind": "webhook", "name": "hook $u", "settings": {"url_down": "https://example.org/$u"}}
CHANNEL_ROWS = [
    Row("channels of an empty project", Call("GET /api/v3/channels/", key="full"), 200, json={"channels": []}),
    Row(
        "channels",
        Call("GET /api/v1/channels/", key="other"),
        200,
        json={"channels": [{"id": "$foreign_channel", "name": "", "kind": "webhook"}]},
    ),
    Row(
        "fields of channels",
        Call("GET /api/v3/channels/?fields=kind,disabled", key="other"),
        200,
        json={"channels": [{"kind": "webhook", "disabled": False}]},
    ),
    Row("a channel", Call("GET /api/v3/channels/$foreign_channel", key="other"), 200, has={"kind": "webhook", "last_error": ""}),
    Row("a channel of others", Call("GET /api/v3/channels/$foreign_channel"), 404, "not found"),
    Row("a new channel", Call(CHANNELS, HOOK, "main"), 201, has={"name": "hook $u", "kind": "webhook"}),
    Row("a channel of no kind", Call(CHANNELS, {"kind": "x"}, "main"), 400, "json validation error: kind has unexpected value"),
    Row("a channel without its kind", Call(CHANNELS, {}, "main"), 400, "json validation error: kind is missing"),
    Row("a channel with a bad setting", Call(CHANNELS, {"kind": "webhook", "settings": {"url_down": "ftp://x"}}, "main"), 400, Like(r"json validation error: settings\.url_down .*")),
    Row("a channel with an unknown setting", Call(CHANNELS, {"kind": "webhook", "settings": {"zzz": "x"}}, "main"), 400, "json validation error: settings.zzz is not known"),
    Row("test a channel of others", Call("POST /api/v3/channels/$foreign_channel/test"), 404, "not found"),
    Row("test a channel", Call("POST /api/v3/channels/$foreign_channel/test", key="other"), 202, json={"notification": ANY}),
]  # fmt: skip

PROJECTS = "GET /api/v3/projects/"
NEW_KEY = f"{PROJECTS.replace('GET', 'POST')}$main_project/keys/"
PROJECT_ROWS = [
    Row("a project", Call(f"{PROJECTS}$main_project", key="account"), 200, json={"uuid": "$main_project", "name": "Main", "role": "owner", "ping_key": "$ping_key"}),
    Row("a project of others", Call(f"{PROJECTS}$other_project", key="account"), 404, "not found"),
    Row("a new project", Call("POST /api/v3/projects/", {"name": " New  $u "}, "account"), 201, has={"name": "New $u", "role": "owner", "ping_key": Like("[a-z0-9]{22}")}),
    Row("a project without a name", Call("POST /api/v3/projects/", {}, "account"), 400, "json validation error: name is missing"),
    Row("a project with blanks for a name", Call("POST /api/v3/projects/", {"name": "  "}, "account"), 400, "json validation error: name is too short"),
    Row("a new key", Call(NEW_KEY, {"scope": "ro", "name": "wall $u"}, "account"), 201, has={"scope": "ro", "name": "wall $u", "expires": None, "key": Like("hcr_[A-Za-z0-9]{28}")}),
    Row("a key for a while", Call(NEW_KEY, {"expires": "2099-01-01T00:00:00+02:00"}, "account"), 201, has={"scope": "rw", "expires": "2098-12-31T22:00:00+00:00"}),
    Row("a key of the past", Call(NEW_KEY, {"expires": "2020-01-01T00:00:00Z"}, "account"), 400, "json validation error: expires is in the past"),
    Row("a key without a zone", Call(NEW_KEY, {"expires": "2099-01-01T00:00:00"}, "account"), 400, "json validation error: expires has unexpected value"),
    Row("a key till the end of time", Call(NEW_KEY, {"expires": "9999-12-31T23:59:59-12:00"}, "account"), 400, Like("json validation error: expires .*")),
    Row("a key of another scope", Call(NEW_KEY, {"scope": "account"}, "account"), 400, "json validation error: scope has unexpected value"),
    Row("end an unknown key", Call("DELETE /api/v3/projects/$main_project/keys/$unknown", key="account"), 404, "not found"),
]  # fmt: skip

ROWS = [*OPERATIONAL, *MANY, *CHANNEL_ROWS, *PROJECT_ROWS]
