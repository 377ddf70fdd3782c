"""The API is what its description says: schemathesis makes requests of it, valid and invalid ones,
and judges the answers. What is judged how: schemathesis.toml and schema_hooks.py.

SEED (default 7), EXAMPLES (default 10 per operation): environment variables, to look further.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.receivers import free_port
from tests.system.cluster import cluster
from tests.system.parts import Parts
from tests.system.service import ROOT, Service, wait_for

SEED = os.environ.get("SEED", "7")
EXAMPLES = os.environ.get("EXAMPLES", "10")
OBJECTS = """
import json
from django.utils import timezone
from hc.accounts.models import Project, Scope
from hc.accounts.services import keys
from hc.accounts.services.accounts import create_account
from hc.core.state import Kind
from hc.pings.writer import record
from tests.factories import make_check, make_webhook, ping_event

alice = create_account("alice@example.org", password="correct horse battery")
project = Project.objects.get(owner=alice)
check = make_check(project, name="Backup", tags="prod db")
hook = make_webhook(project)
for kind, body in ((Kind.START, b""), (Kind.FAIL, b"no space left"), (Kind.SUCCESS, b"")):
    record([ping_event(check.code, timezone.now(), kind, body=body)], timezone.now())
facts = {
    "PROJECT_KEY": keys.create_api_key(project),
    "ACCOUNT_KEY": keys.create_key(alice, Scope.ACCOUNT)[1],
    "PROJECT_ID": str(project.code),
    "CHECK_ID": str(check.code),
    "CHANNEL_ID": str(hook.code),
}
print(json.dumps(facts))
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The web processes alone, over PostgreSQL: nothing that is made here is sent anywhere."""
    with cluster() as server:
        port = free_port()
        environment = {
            "SITE_ROOT": f"http://localhost:{port}",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(free_port()),
        }
        running = Service(tmp_path, server.environment | environment, port)
        parts = Parts(running)
        parts.migrate()
        parts.web()
        wait_for(lambda: _is_up(running), 30, "starting")
        yield running
        parts.clean_up()


def test_the_api_is_what_its_description_says(service: Service) -> None:
    facts = json.loads(service.shell(OBJECTS).splitlines()[-1])
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            f"--config-file={ROOT / 'tests/system/schemathesis.toml'}",
            "run",
            f"--seed={SEED}",
            f"--max-examples={EXAMPLES}",
            f"{service.url}/api/v3/openapi.json",
        ],
        cwd=service.folder,
        env=service.variables() | facts | {"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert re.search(r"Selected: (\d+)/\1\n  Tested: \1\n", done.stdout)


def _is_up(service: Service) -> bool:
    try:
        with urlopen(f"{service.url}/-/live", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
