from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine
from django.test import Client

from hc.accounts.models import Project, Scope, User
from hc.accounts.services import keys
from hc.api.tests.scripts import Script


@pytest.fixture
def clock(now: datetime) -> Iterator[time_machine.Traveller]:
    """The clock stands still at `now`, until it is moved."""
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


@pytest.fixture
def script(client: Client, project: Project) -> Script:
    """With the read-write key of the project."""
    return Script(client, keys.create_api_key(project))


@pytest.fixture
def reader(client: Client, project: Project) -> Script:
    """With the read-only key of the project."""
    return Script(client, keys.create_readonly_key(project))


@pytest.fixture
def manager(client: Client, alice: User) -> Script:
    """With a key of Alice's account."""
    return Script(client, keys.create_key(alice, Scope.ACCOUNT)[1])
