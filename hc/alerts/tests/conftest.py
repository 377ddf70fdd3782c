from __future__ import annotations

from datetime import datetime

import pytest

from hc.accounts.models import Project
from hc.alerts import outbox
from hc.alerts.leases import Attempt
from hc.api.models import Channel, Check
from hc.integrations.base import Outcome
from tests.factories import make_webhook, seconds
from tests.outbox import Lease, Settle


@pytest.fixture
def channel(project: Project, check: Check) -> Channel:
    return make_webhook(project)


@pytest.fixture
def settle(now: datetime) -> Settle:
    """Store an outcome of an attempt that took two seconds."""

    def store(claim: Lease, outcome: Outcome) -> bool:
        return bool(outbox.settle([Attempt(claim, outcome, now, now + seconds(2))]))

    return store
