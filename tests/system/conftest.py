from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.receivers import Mailbox, Receiver, http_receiver, smtp_sink
from tests.system.service import Service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For one module: while it is open its event loop runs, and others could not run theirs."""
    with chromium() as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as running:
        yield running


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with smtp_sink() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def service(request: pytest.FixtureRequest, tmp_path: Path, mailbox: Mailbox) -> Iterator[Service]:
    """The service over an empty database, with the sink as its mail server."""
    environment = {
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(mailbox.port),
        "DEFAULT_FROM_EMAIL": "checks@example.org",
        "INTEGRATIONS_ALLOW_PRIVATE_IPS": "True",
        "LOG_LEVEL": "debug",
    }
    name = f"hc_system_{uuid4().hex[:12]}"
    if request.param == "postgres":
        _on_server(f"CREATE DATABASE {name}")
        environment |= {"DB": "postgres", "DB_HOST": "127.0.0.1", "DB_NAME": name}
    running = Service(tmp_path, environment)
    yield running
    running.clean_up()
    if request.param == "postgres":
        _on_server(f"DROP DATABASE {name} WITH (FORCE)")


def _on_server(statement: str) -> None:
    connection = psycopg2.connect(host="127.0.0.1", user="postgres", dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()
