"""Clients that people use run unchanged against the service: healthchecks-io, with and without
asyncio, and borgmatic's hook. All as released; tests/system/clients has the scripts that use them.

healthchecks-io expects a bare array of flips, which no version of the API has ever answered: that
one call is left out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.calling import Web, web
from tests.system.service import ROOT

SCRIPTS = Path(__file__).parent / "clients"
ENVIRONMENT = ROOT / ".venv-clients"
PREPARE = """
import json
from hc.accounts.services import keys
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
from tests.factories import make_webhook
project = create_project("Main", create_account("owner@example.org"))
make_webhook(project)
print(json.dumps({"key": keys.create_api_key(project), "ping_key": keys.create_ping_key(project)}))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter that has the clients; its environment is made anew when they change."""
    wanted = (SCRIPTS / "requirements.txt").read_text()
    stamp, interpreter = ENVIRONMENT / "installed.txt", ENVIRONMENT / "bin/python"
    if not stamp.is_file() or stamp.read_text() != wanted:
        _run(sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT))
        install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        _run(str(interpreter), *install, "-r", str(SCRIPTS / "requirements.txt"))
        stamp.write_text(wanted)
    return interpreter


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with web(tmp_path_factory.mktemp("clients"), {}, PREPARE) as running:
        yield running


def _run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _use(python: Path, live: Web, script: str, version: int) -> dict[str, Any]:
    arguments = [live.words["site"], str(version), live.words["key"], live.words["ping_key"]]
    found: dict[str, Any] = json.loads(_run(str(python), str(SCRIPTS / script), *arguments))
    return found


def _bodies(live: Web, code: str) -> dict[int, bytes]:
    """The bodies of the pings of a check, by number."""
    key = live.words["key"]
    pings = live.get(f"/api/v3/checks/{code}/pings/", key).json()["pings"]
    return {
        ping["n"]: live.get(f"/api/v3/checks/{code}/pings/{ping['n']}/body", key).body
        for ping in pings
        if ping["body_url"]
    }


@pytest.mark.parametrize("version", [1, 2, 3])
def test_the_synchronous_client(python: Path, live: Web, version: int) -> None:
    told = _use(python, live, "blocking.py", version)
    code = told.pop("uuid")
    by_slug = [["success", 1, "POST"]] if version < 3 else []
    first = len(by_slug) + 1
    assert told == {
        "same": True,
        "description": "d",
        "changed": ["prod db late", 900, "d"],
        "channels": 1,
        "by_slug": [True, "OK"],
        "exit": [True, "OK"],
        "status": "down",
        "listed": [f"Nightly backup {version}"],
        "pings": [
            ["fail", first + 4, "POST"],
            ["fail", first + 3, "POST"],
            ["start", first + 2, "POST"],
            ["success", first + 1, "POST"],
            ["start", first, "POST"],
            *by_slug,
        ],
        "paused": "paused",
        "integrations": ["webhook"],
        "badges": ["*", "db", "late", "prod"],
        "deleted": f"Cron {version}",
        "gone": "CheckNotFoundError",
        "bad": "BadAPIRequestError",
        "wrong_key": "HCAPIAuthError",
    }
    bodies = _bodies(live, code)
    assert bodies[first + 1] == b"all is well"
    assert bodies[first + 3].startswith(b"disk full")
    live.call("DELETE", f"/api/v3/checks/{code}", headers={"X-Api-Key": live.words["key"]})


@pytest.mark.parametrize("version", [1, 3])
def test_the_asynchronous_client(python: Path, live: Web, version: int) -> None:
    assert _use(python, live, "asynchronous.py", version) == {
        "same": True,
        "changed": ["d", 60],
        "failed": [True, "OK"],
        "status": "down",
        "listed": [f"Async {version}"],
        "pings": [["fail", 3], ["success", 2], ["start", 1]],
        "integrations": ["webhook"],
        "badges": ["*", "sea"],
        "paused": "paused",
        "deleted": f"Async {version}",
        "gone": "CheckNotFoundError",
    }


def test_borgmatic_tells_how_backups_went(python: Path, live: Web) -> None:
    site, key = live.words["site"], live.words["key"]
    check = live.post("/api/v3/checks/", {"name": "Backup"}, key).json()
    slug_url = f"{site}/ping/{live.words['ping_key']}/borg-by-slug"
    _run(str(python), str(SCRIPTS / "borgmatic_hook.py"), check["ping_url"], slug_url)

    pings = live.get(f"/api/v3/checks/{check['uuid']}/pings/", key).json()["pings"]
    assert [ping["type"] for ping in reversed(pings)] == [
        *("start", "success", "start", "fail", "start", "log"),
    ]
    assert {(ping["method"], ping["ua"]) for ping in pings} == {("POST", "borgmatic")}
    bodies = _bodies(live, check["uuid"])
    assert "archive was made ✓" in bodies[2].decode()
    assert b"repository is locked" in bodies[4]
    # What borgmatic kept of it; nothing was cut here.
    assert 1 < len(bodies[6]) <= 1500
    by_slug = live.get("/api/v3/checks/?slug=borg-by-slug", key).json()["checks"]
    assert [(one["n_pings"], one["status"]) for one in by_slug] == [(2, "up")]
