"""Kept connections to PostgreSQL: whether they still work is seen without asking the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="of PostgreSQL's engine"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def kept() -> Iterator[Any]:
    """A connection of its own, opened and idle."""
    own = connections.create_connection("default")
    own.ensure_connection()
    yield own
    own.close()


def test_a_healthy_connection_is_usable_and_nothing_is_asked(kept: Any) -> None:
    with CaptureQueriesContext(kept) as asked:
        assert kept.is_usable()
    assert len(asked) == 0


def test_a_connection_that_the_server_has_ended_is_not(kept: Any) -> None:
    pid = kept.connection.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert not kept.is_usable()


def test_a_message_of_the_server_is_no_reason_to_give_it_up(kept: Any) -> None:
    with kept.cursor() as cursor:
        cursor.execute("LISTEN something")
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY something")
    assert kept.is_usable()
