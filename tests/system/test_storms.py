"""No alert is lost, doubled without need, or held up by somebody else's trouble.

STORM: checks per storm (environment variable, default 300; more where the kills need them); KILLS:
how often a sender is killed (default 5); AWAY: seconds for which something is away (default 8);
DELAY: seconds after which receivers answer (default 0.05; at least SLOW while senders are killed).
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import pymysql
import pytest

from tests.receivers import free_port, silent_server, smtp_sink
from tests.receiving import Receiving, receiving
from tests.storming import WEBHOOKS, seed
from tests.system.cluster import Cluster, cluster
from tests.system.parts import Parts
from tests.system.service import STOP_SECONDS, Service, wait_for
from tests.system.visiting import Visitor

STORM = int(os.environ.get("STORM", "300"))
KILLS = int(os.environ.get("KILLS", "5"))
AWAY = float(os.environ.get("AWAY", "8"))
DELAY = float(os.environ.get("DELAY", "0.05"))
# So long that a kill finds all places of a destination taken; beyond a second they would be given
# to others.
SLOW = 0.8
PLACES = 50
PROMPT = 4.0
OWNER = "storm@example.org"


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

    def running_sender(self) -> Popen[bytes]:
        """A sender that has begun to work."""
        sender = self.parts.sendalerts()
        heard = "SELECT 1 FROM api_heartbeat WHERE process = 'sendalerts'"
        wait_for(lambda: self.query(heard), 30, "the sender")
        return sender

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
    with receiving(tmp_path / "in", delay=DELAY) as inbox:
        yield Stage(service, parts, server, inbox)
        parts.clean_up()


def deliveries(stage: Stage) -> Counter[str]:
    """How often each message arrived."""
    return Counter(receipt.key for receipt in stage.inbox.receipts())


def test_kills_lose_nothing_and_double_only_what_was_under_way(stage: Stage) -> None:
    chance = random.Random(7)  # noqa: S311 - the moments of the kills
    # Each sender claims up to 200, which are leased for a while after its death.
    number = max(STORM, 160 * min(KILLS, 8) + 40 * KILLS)
    with receiving(stage.service.folder / "slow", delay=max(DELAY, SLOW)) as stage.inbox:
        at = stage.storm([stage.inbox.url(f"/ok/{i}") for i in range(number)], 6)
        time.sleep(max(0, at - time.time()))
        under_way = [killed(stage, chance.uniform(0, SLOW)) for _ in range(KILLS)]
        assert stage.number("settled IS NULL") > 0  # the storm has outlasted all of them
        assert sum(struck >= PLACES // 2 for struck in under_way) >= KILLS * 0.8, under_way
        # Those on their way, and those answered whose outcomes were not stored yet.
        assert max(under_way) <= 2 * PLACES
        stage.parts.sendalerts()
        stage.wait_until_settled(number, 120)
        arrived = deliveries(stage)
        assert len(arrived) == number
        assert stage.number("state = 'sent'") == number
        assert sum(arrived.values()) - number <= sum(under_way)
        stage.parts.stop()


def killed(stage: Stage, after: float) -> int:
    """Kill a sender some seconds after its first message has arrived; how many of its messages
    had begun by then, and are not settled."""
    before = len(stage.inbox.receipts())
    sender = stage.parts.sendalerts()
    wait_for(lambda: len(stage.inbox.receipts()) > before, 30, "the first message")
    time.sleep(after)
    stage.parts.kill(sender)
    time.sleep(0.2)  # until all that it has sent is read, and committed
    settled = stage.query("SELECT code FROM api_notification WHERE settled IS NOT NULL")
    begun = {receipt.key for receipt in stage.inbox.receipts()[before:]}
    return len(begun - {str(code) for (code,) in settled})


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
    broken = [stage.inbox.url(f"/broken/{i}") for i in range(number)]
    # The same server under another name is another destination.
    well = [url.replace("127.0.0.1", "localhost").replace("broken", "ok") for url in broken]
    at = stage.storm([*broken, *well], 6)
    wait_for(lambda: len(deliveries(stage)) == number, 30, "the others")
    assert max(receipt.at for receipt in stage.inbox.receipts()) - at < PROMPT
    time.sleep(max(0, at + AWAY - time.time()))
    errors = stage.query("SELECT DISTINCT last_error FROM api_channel WHERE last_error <> ''")
    assert errors == [("Received status code 500",)]
    assert_readable(stage, "Received status code 500")
    stage.inbox.fail(broken=False)
    stage.wait_until_settled(2 * number, AWAY * 4 + 90)
    assert len(deliveries(stage)) == 2 * number


def assert_readable(stage: Stage, error: str) -> None:
    """Its owner can read the error on the list of integrations, and on the page of one."""
    visitor = Visitor(stage.service.url)
    visitor.sign_in(OWNER)
    ((project, channel), *_) = stage.query(
        "SELECT p.code, c.code FROM api_channel c JOIN accounts_project p ON p.id = c.project_id"
        " WHERE c.last_error <> '' LIMIT 1"
    )
    assert error in visitor.read(f"/projects/{project}/integrations/")
    page = visitor.read(f"/integrations/{channel}/deliveries/")
    assert error in page
    assert " attempt" in page


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
    assert max(receipt.at for receipt in stage.inbox.receipts()) - at < PROMPT

    def errors() -> dict[str, str]:
        rows = stage.query("SELECT value, last_error FROM api_channel WHERE last_error <> ''")
        return {url: error for value, error in rows for url in troubled if f'"{url}"' in value}

    wait_for(lambda: len(errors()) == len(troubled), 60, "the errors")
    assert errors() == troubled
    stage.parts.stop()


MAILS = """
from hc.accounts.services import accounts, projects
from hc.api.services import channels, checks, mails
from hc.integrations.email.config import EmailConfig
from hc.integrations.webhook.config import WebhookConfig
from hc.lib.mail import Mail
from hc.pings.event import PingEvent
from hc.pings.writer import record
from hc.core.state import Kind
from django.utils import timezone
owner = accounts.create_account("storm@example.org")
project = projects.create_project("Storm", owner)
channels.create(project, "email", EmailConfig(value="ops@example.org"), verified=True)
channels.create(project, "webhook", WebhookConfig(url_down={url!r}))
check = checks.create(project, checks.Details({{"name": "Backup"}}), checks.ScheduleSettings())
now = timezone.now()
mails.post(Mail("you@example.org", "Sign in", "text", "<p>text</p>"), now)
record([PingEvent(check.code, now, Kind.FAIL)], now)
"""


def test_a_mail_server_that_is_away_gets_the_mail_later(stage: Stage) -> None:
    port = int(stage.service.environment["EMAIL_PORT"])
    sender = stage.running_sender()
    stage.service.shell(MAILS.format(url=stage.inbox.url("/ok/1")))
    wait_for(lambda: stage.number("error <> ''") == 1, 30, "the first attempt")
    wait_for(lambda: len(deliveries(stage)) == 1, 30, "the webhook")
    ((began,),) = stage.query("SELECT extract(epoch FROM created)::float FROM api_flip")
    assert stage.inbox.receipts()[0].at - began < PROMPT
    time.sleep(AWAY)
    error = stage.query("SELECT error FROM api_notification WHERE error <> ''")[0][0]
    assert error == "The mail server refused or closed the connection"
    assert sender.poll() is None
    with smtp_sink(port) as mailbox:
        wait_for(lambda: len(mailbox.messages) == 2, AWAY * 4 + 60, "the mails")
    recipients = sorted(to for _, (to,), _, _ in mailbox.messages)
    assert recipients == ["ops@example.org", "you@example.org"]


# --- The end, in time ---------------------------------------------------------------------------


def test_a_sender_ends_in_time_though_the_mail_server_hangs(stage: Stage) -> None:
    with silent_server(int(stage.service.environment["EMAIL_PORT"])) as silence:
        sender = stage.parts.sendalerts()
        stage.service.shell(MAILS.format(url=stage.inbox.url("/ok/1")))
        wait_for(lambda: silence.connections >= 2, 30, "the mails")
        assert stage.parts.end(sender) < STOP_SECONDS
    # It is left to the next sender: it may have been on its way.
    assert stage.number("state = 'sending' AND due IS NOT NULL") == 1


def test_a_sender_ends_in_time_though_the_database_hangs(stage: Stage) -> None:
    sender = stage.running_sender()
    with stage.server.frozen():
        time.sleep(5)  # until it asks
        assert sender.poll() is None
        assert stage.parts.end(sender) < STOP_SECONDS


# --- Other engines ------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "mariadb"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """The service over an empty database of another engine."""
    name = f"hc_storm_{os.getpid()}"
    environment = WEBHOOKS | {"WEB_WORKERS": "1"}
    if request.param == "mariadb":
        on_mariadb(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        environment |= {"DB": "mariadb", "DB_HOST": "127.0.0.1", "DB_NAME": name}
    yield Service(tmp_path, environment)
    if request.param == "mariadb":
        on_mariadb(f"DROP DATABASE {name}")


UNSENT = """
from hc.api.models import Notification
print(Notification.objects.exclude(state="sent").count())
"""


def on_mariadb(statement: str) -> None:
    with pymysql.connect(host="127.0.0.1", user="root") as connection:
        connection.cursor().execute(statement)


def test_a_small_storm_with_a_kill_on_other_engines(elsewhere: Service, tmp_path: Path) -> None:
    number = 80
    parts = Parts(elsewhere)
    parts.migrate()
    parts.web()
    try:
        with receiving(tmp_path / "in", delay=0.5) as inbox:
            at = time.time() + 6
            seed(elsewhere, [inbox.url(f"/ok/{i}") for i in range(number)], at)
            sender = parts.sendalerts()
            wait_for(lambda: len(inbox.receipts()) > 20, 30, "the storm")
            parts.kill(sender)
            parts.sendalerts()
            wait_for(lambda: len({r.key for r in inbox.receipts()}) == number, 60, "the rest")
            assert len(inbox.receipts()) - number <= PLACES
            parts.stop()
            assert elsewhere.shell(UNSENT).split() == ["0"]
    finally:
        parts.clean_up()
