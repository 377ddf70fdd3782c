from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.provider import CLIENT_ID, CLIENT_SECRET, Provider, running


@pytest.fixture
def provider(db: None, settings: Settings) -> Iterator[Provider]:
    with running() as started:
        settings.OIDC_ISSUER = started.issuer
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
        settings.OIDC_NAME = "Example ID"
        yield started
