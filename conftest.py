"""Fixtures of all tests."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from django.core import mail as outbox
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from hc.accounts.models import Project, User
from hc.accounts.services import orders
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
from hc.api.models import Check, DeliveryState, QueuedMail
from hc.lib import statsd
from hc.lib.mail import Mail, send
from tests.admin import confirm
from tests.factories import PASSWORD, make_check
from tests.storage import ACCESS, REGION, Bucket, s3_server

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """A fixed instant: a Monday, noon, in UTC."""
    return NOW


@pytest.fixture
def alice(db: None) -> User:
    """An account with all that a new one has."""
    return create_account("alice@example.org", password=PASSWORD)


@pytest.fixture
def bob(db: None) -> User:
    return create_account("bob@example.org", password=PASSWORD)


@pytest.fixture
def project(alice: User) -> Project:
    """An empty project of Alice's."""
    return create_project("Production", alice)


@pytest.fixture
def check(project: Project) -> Check:
    """A new check in Alice's project: every day, an hour of grace."""
    return make_check(project, name="Backup")


@pytest.fixture
def as_alice(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def admin_client(admin_user: User) -> Client:
    """An administrator who has proved who they are a moment ago, as the admin pages demand."""
    client = Client()
    client.force_login(admin_user)
    confirm(client)
    return client


@pytest.fixture
def mails(db: None) -> list[EmailMessage]:
    """The mails sent so far; those that are queued are sent when the list is looked at."""

    class Mailbox(list[EmailMessage]):
        def __iter__(self) -> Iterator[EmailMessage]:
            return iter(_sent())

        def __len__(self) -> int:
            return len(_sent())

        def __getitem__(self, key: object) -> EmailMessage:  # type: ignore[override]
            return _sent()[key]  # type: ignore[index]

    return Mailbox()


def _sent() -> list[EmailMessage]:
    for row in QueuedMail.objects.filter(due__isnull=False).order_by("pk"):
        if orders.is_order(row) and not orders.fulfil(row, row.created):
            continue
        send(Mail(row.to, row.subject, row.text, row.html, row.headers, row.bounce_id))
        QueuedMail.objects.filter(pk=row.pk).update(due=None, state=DeliveryState.SENT)
    return outbox.outbox


@pytest.fixture
def statsd_lines(settings: Settings) -> Iterator[Callable[[], list[str]]]:
    """A statsd server; what it was told, in the order of its coming."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        settings.STATSD_HOST = f"127.0.0.1:{server.getsockname()[1]}"

        def told() -> list[str]:
            statsd.flush()
            lines: list[str] = []
            with suppress(BlockingIOError):
                while True:
                    lines.append(server.recv(1000, socket.MSG_DONTWAIT).decode())
            return lines

        yield told


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A server that speaks S3; started by the first test that needs it."""
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3_endpoint: str, settings: Settings) -> Bucket:
    """An empty bucket, which the settings name as the storage of ping bodies."""
    bucket = Bucket(s3_endpoint)
    settings.S3_BUCKET = bucket.name
    settings.S3_ENDPOINT = s3_endpoint
    settings.S3_ACCESS_KEY = settings.S3_SECRET_KEY = ACCESS
    settings.S3_REGION = REGION
    settings.S3_SECURE = False
    settings.S3_TIMEOUT = 10
    return bucket
