"""No alert is lost, doubled without need, or held up by somebody else's trouble.

STORM: checks per storm (environment variable, default 300); KILLS: how often a sender is killed
(default 5); AWAY: seconds for which something is away (default 8).
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.receivers import free_port, smtp_sink
from tests.receiving import Receiving, receiving
from tests.storming import WEBHOOKS, seed
from tests.system.cluster import Cluster, cluster
from tests.system.parts import Parts
from tests.system.service import Service, wait_for

STORM = int(os.environ.get("STORM", "300"))
KILLS = int(os.environ.get("KILLS", "5"))
AWAY = float(os.environ.get("AWAY", "8"))


@dataclass
class Stage:
    service: Service
    parts: Parts
    server: Cluster
    inbox: Receiving

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        connection = self.server.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        connection.close()
        return rows

    def number(self, where: str) -> int:
        found = self.query(f"SELECT count(*) FROM api_notification WHERE {where}")  # noqa: S608
        return int(found[0][0])

    def storm(self, urls: list[str], seconds: float) -> float:
        """Seed a storm that breaks loose after some seconds; when it does."""
        at = time.time() + seconds
        seed(self.service, urls, at)
        return at

    def wait_until_settled(self, number: int, seconds: float) -> None:
        wait_for(lambda: self.number("settled IS NOT NULL") >= number, seconds, "settling")


@pytest.fixture
def server() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture
def stage(tmp_path: Path, server: Cluster) -> Iterator[Stage]:
    environment = server.environment | WEBHOOKS | {"EMAIL_HOST": "127.0.0.1", "WEB_WORKERS": "1"}
    service = Service(tmp_path, environment | {"EMAIL_PORT": str(free_port())})
    parts = Parts(service)
    parts.migrate()
    parts.web()
    with receiving(tmp_path / "in", delay=0.05) as inbox:
        yield Stage(service, parts, server, inbox)
        parts.clean_up()


def deliveries(stage: Stage) -> Counter[str]:
    """How often each message arrived."""
    return Counter(receipt.key for receipt in stage.inbox.receipts())


def test_kills_lose_nothing_and_double_only_what_was_under_way(stage: Stage) -> None:
    chance = random.Random(7)  # noqa: S311 - the moments of the kills
    urls = [stage.inbox.url(f"/ok/{i}") for i in range(STORM)]
    at = stage.storm(urls, 8)
    time.sleep(max(0, at - time.time()))
    under_way = 0
    for _ in range(KILLS):
        sender = stage.parts.sendalerts()
        time.sleep(1.5 + chance.uniform(0, 1))
        stage.parts.kill(sender)
        under_way += stage.number("state = 'sending'")
    stage.parts.sendalerts()
    stage.wait_until_settled(STORM, 120)
    arrived = deliveries(stage)
    assert len(arrived) == STORM
    assert stage.number("state = 'sent'") == STORM
    assert sum(arrived.values()) - STORM <= under_way
    stage.parts.stop()


def test_two_senders_double_nothing(stage: Stage) -> None:
    stage.parts.sendalerts()
    stage.parts.sendalerts()
    stage.storm([stage.inbox.url(f"/ok/{i}") for i in range(STORM)], 8)
    stage.wait_until_settled(STORM, 60)
    assert deliveries(stage) == dict.fromkeys(deliveries(stage), 1)
    assert len(deliveries(stage)) == STORM
    stage.parts.stop()


def test_a_database_that_restarts_loses_nothing(stage: Stage) -> None:
    stage.parts.sendalerts()
    stage.storm([stage.inbox.url(f"/ok/{i}") for i in range(STORM)], 8)
    wait_for(lambda: len(stage.inbox.receipts()) > STORM // 4, 60, "the storm")
    stage.server.crash()
    stage.wait_until_settled(STORM, 90)
    assert len(deliveries(stage)) == STORM


def test_a_receiver_that_is_broken_for_a_while_gets_everything(stage: Stage) -> None:
    stage.inbox.fail(broken=True)
    stage.parts.sendalerts()
    number = min(STORM, 60)
    at = stage.storm([stage.inbox.url(f"/broken/{i}") for i in range(number)], 6)
    time.sleep(max(0, at + AWAY - time.time()))
    errors = stage.query("SELECT DISTINCT last_error FROM api_channel WHERE last_error <> ''")
    assert errors == [("Received status code 500",)]
    stage.inbox.fail(broken=False)
    stage.wait_until_settled(number, AWAY * 4 + 90)
    assert len(deliveries(stage)) == number


def test_each_trouble_is_readable_and_holds_up_nobody(stage: Stage) -> None:
    number = 40
    troubled = {
        stage.inbox.url("/hole/1"): "Connection timed out",
        "http://no-such-host.invalid/": "Could not resolve host",
        stage.inbox.url("/tls/").replace("http:", "https:"): "TLS handshake failed",
        stage.inbox.url("/loop/1"): "Too many redirects",
        f"http://127.0.0.1:{free_port()}/": "Connection failed",
    }
    stage.parts.sendalerts()
    at = stage.storm([*troubled, *(stage.inbox.url(f"/ok/{i}") for i in range(number))], 8)
    wait_for(lambda: len(deliveries(stage)) == number, 30, "the others")
    assert max(receipt.at for receipt in stage.inbox.receipts()) - at < 4

    def errors() -> dict[str, str]:
        rows = stage.query("SELECT value, last_error FROM api_channel WHERE last_error <> ''")
        return {url: error for value, error in rows for url in troubled if f'"{url}"' in value}

    wait_for(lambda: len(errors()) == len(troubled), 60, "the errors")
    assert errors() == troubled
    stage.parts.stop()


def test_a_mail_server_that_is_away_gets_the_mail_later(stage: Stage) -> None:
    port = int(stage.service.environment["EMAIL_PORT"])
    stage.service.shell(
        """
from hc.accounts.services import accounts, projects
from hc.api.services import channels, checks, mails
from hc.integrations.email.config import EmailConfig
from hc.lib.mail import Mail
from hc.pings.event import PingEvent
from hc.pings.writer import record
from hc.core.state import Kind
from django.utils import timezone
owner = accounts.create_account("storm@example.org")
project = projects.create_project("Storm", owner)
channels.create(project, "email", EmailConfig(value="ops@example.org"), verified=True)
check = checks.create(project, checks.Details({"name": "Backup"}), checks.ScheduleSettings())
now = timezone.now()
mails.post(Mail("you@example.org", "Sign in", "text", "<p>text</p>"), now)
record([PingEvent(check.code, now, Kind.FAIL)], now)
"""
    )
    stage.parts.sendalerts()
    wait_for(lambda: stage.number("error <> ''") == 1, 30, "the first attempt")
    time.sleep(AWAY)
    error = stage.query("SELECT error FROM api_notification")[0][0]
    assert error == "The mail server refused or closed the connection"
    with smtp_sink(port) as mailbox:
        wait_for(lambda: len(mailbox.messages) == 2, AWAY * 4 + 60, "the mails")
    recipients = sorted(to for _, (to,), _, _ in mailbox.messages)
    assert recipients == ["ops@example.org", "you@example.org"]
