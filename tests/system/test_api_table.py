"""The API over the wire, on all three databases: a table of requests, and what happens when many
come at once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.system.calling import Answer, Web, chunks, web
from tests.system.databases import ENGINES, empty_database
from tests.system.rows import ROWS
from tests.system.rows.row import NOTHING, Call, Row, filled
from tests.system.rows.world import ROOM

ENVIRONMENT = {
    # By it, badges have the signatures of the specification.
    "SECRET_KEY": "x",
    "MASTER_BADGE_LABEL": "All of it",
    "METRICS_KEY": "figures please",
}
PREPARE = "from tests.system.rows.world import build\nprint(build())"
AT_ONCE = 20


@pytest.fixture(scope="module", params=ENGINES)
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with empty_database(request.param) as environment:
        folder = tmp_path_factory.mktemp("table")
        with web(folder, {**ENVIRONMENT, **environment}, PREPARE) as running:
            yield running
            running.parts.stop()
            log = (folder / "parts.log").read_text()
            assert "Traceback" not in log
            assert running.words["figures_ro"] not in log


def test_the_table_is_long_and_names_its_rows() -> None:
    names = Counter(row.name for row in ROWS)
    assert len(ROWS) >= 150
    assert names.most_common(1)[0][1] == 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_request(live: Web, row: Row) -> None:
    words = live.words | {"u": uuid4().hex[:12]}
    if "$new" in repr(row):
        made = live.post("/api/v3/checks/", {"name": f"new {words['u']}"}, words["w"])
        words["new"] = made.json()["uuid"]
    for call in row.before:
        assert _made(live, call, words).status < 500
    _judge(_made(live, row.call, words), row, words)


def _made(live: Web, call: Call, words: Mapping[str, str]) -> Answer:
    method, path = filled(call.what, words).split(" ", 1)
    headers = filled(call.sends, words)
    if call.key:
        headers.setdefault("X-Api-Key", words[call.key])
    return live.call(method, path, filled(call.body, words), headers)


def _judge(answer: Answer, row: Row, words: Mapping[str, str]) -> None:
    assert answer.status == row.status, answer.text[:1000]
    if row.text is not None:
        assert answer.text == filled(row.text, words)
    if row.error is not None:
        assert filled(row.error, words) == answer.json()["error"]
    if row.json is not NOTHING:
        found = answer.json()
        assert filled(row.json, words) == found
        _same_order(filled(row.json, words), found)
    if row.has:
        found = answer.json()
        expected = filled(row.has, words)
        assert {name: found.get(name) for name in expected} == expected
    for name, value in filled(row.headers, words).items():
        assert value == answer.headers.get(name), name


def _same_order(expected: Any, found: Any) -> None:
    """The keys of an object come in the order of the specification."""
    if isinstance(expected, dict):
        assert list(found) == list(expected)


# --- Many at once -----------------------------------------------------------------------------


def test_parallel_upserts_make_one_check(live: Web) -> None:
    name, key = f"race {uuid4().hex}", live.words["w"]

    def upsert(number: int) -> Answer:
        body = {"unique": ["name"], "name": name, "desc": str(number)}
        return live.post("/api/v3/checks/", body, key)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(upsert, range(AT_ONCE)))
    assert Counter(answer.status for answer in answers) == {201: 1, 200: AT_ONCE - 1}
    assert len({answer.json()["uuid"] for answer in answers}) == 1
    found = live.get(f"/api/v3/checks/?name={name.replace(' ', '%20')}", key).json()["checks"]
    assert len(found) == 1


def test_parallel_creates_never_exceed_the_limit(live: Web) -> None:
    key = live.words["room"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        calls = pool.map(lambda _: live.post("/api/v3/checks/", {}, key).status, range(AT_ONCE))
        statuses = Counter(calls)
    assert statuses == {201: ROOM, 403: AT_ONCE - ROOM}
    assert len(live.get("/api/v3/checks/", key).json()["checks"]) == ROOM + 2


def test_changes_pings_and_pauses_at_once_all_succeed(live: Web) -> None:
    key = live.words["w"]
    code = live.post("/api/v3/checks/", {"timeout": 600}, key).json()["uuid"]

    def work(number: int) -> int:
        if number % 3 == 0:
            return live.get(f"/ping/{code}").status
        if number % 3 == 1:
            return live.post(f"/api/v3/checks/{code}", {"desc": str(number)}, key).status
        return live.post(f"/api/v3/checks/{code}/pause", b"", key).status

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert set(pool.map(work, range(30))) == {200}
    assert live.get(f"/api/v3/checks/{code}", key).json()["n_pings"] == 10


# --- Over the wire ----------------------------------------------------------------------------


def test_bodies_may_come_in_chunks(live: Web) -> None:
    text = json.dumps({"name": "in chunks", "desc": "x" * 100_000}).encode()
    body = chunks(text[:10], text[10:70_000], text[70_000:])
    headers = {"X-Api-Key": live.words["w"]}
    answer = live.call("POST", "/api/v3/checks/", body, headers)
    assert (answer.status, answer.json()["name"]) == (201, "in chunks")
    assert len(answer.json()["desc"]) == 100_000


def test_chunks_may_not_be_too_many(live: Web) -> None:
    body = chunks(*[b" " * 300_000] * 10)
    answer = live.call("POST", "/api/v3/checks/", body, {"X-Api-Key": live.words["w"]})
    assert (answer.status, answer.json()["error"]) == (400, "request body is too large")


def test_a_known_list_is_not_sent_again(live: Web) -> None:
    path, headers = "/api/v3/checks/", {"X-Api-Key": live.words["main_ro"]}
    tag = live.call("GET", path, headers=headers).headers["ETag"]
    again = live.call("GET", path, headers=headers | {"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")
