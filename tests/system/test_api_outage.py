"""While the database is away, scripts are told so in JSON, and when to come again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.calling import Answer, Web, web
from tests.system.cluster import Cluster, cluster
from tests.system.service import wait_for

PREPARE = """
import json
from hc.accounts.services import keys
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
project = create_project("Main", create_account("owner@example.org"))
key, reader = keys.create_api_key(project), keys.create_readonly_key(project)
print(json.dumps({"key": key, "reader": reader, "project": str(project.code)}))
"""
BACK_SECONDS = 15


@pytest.fixture
def server() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture
def live(tmp_path: Path, server: Cluster) -> Iterator[Web]:
    with web(tmp_path, server.environment, PREPARE) as running:
        yield running


def _answers(live: Web) -> dict[str, Answer]:
    path = f"/projects/{live.words['project']}/metrics/{live.words['reader']}"
    return {
        "list": live.get("/api/v3/checks/", live.words["key"]),
        "create": live.post("/api/v1/checks/", {"name": "x"}, live.words["key"]),
        "figures": live.get(path),
    }


def test_an_outage_of_the_database_is_told(live: Web, server: Cluster) -> None:
    assert {answer.status for answer in _answers(live).values()} <= {200, 201}
    server.stop()
    for name, answer in _answers(live).items():
        assert (answer.status, answer.json()) == (503, {"error": "the database does not answer"})
        assert int(answer.headers["Retry-After"]) > 0
        if name != "figures":
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
    server.start()
    wait_for(
        lambda: {answer.status for answer in _answers(live).values()} <= {200, 201},
        BACK_SECONDS,
        "answering again",
    )
    log = (live.service.folder / "parts.log").read_text()
    assert live.words["reader"] not in log
    assert live.words["key"] not in log
