"""The alert loop with the real outbox, a transport that records, and a hand on its clock."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from hc.accounts.models import Project
from hc.alerts import guard, wakeup
from hc.alerts.database import DatabaseThread
from hc.alerts.dispatcher import Dispatcher
from hc.alerts.loop import AlertLoop
from hc.alerts.overdue import Swept
from hc.alerts.store import MailStore, OutboxStore
from hc.alerts.wakeup import Bell
from hc.api.models import Channel, Check, Heartbeat, Notification
from hc.core.state import Kind
from hc.integrations.base import Wire
from hc.lib.mail import Mail, MailError
from hc.pings.writer import record
from tests.factories import close_connection, listen, make_email, ping_event

pytestmark = pytest.mark.django_db(transaction=True)


class Postman:
    """Stands for the mailer: takes mails, or refuses as many as it is told to."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.refuse = 0

    async def send_async(self, mail: Mail) -> None:
        if self.refuse:
            self.refuse -= 1
            raise MailError("try later")
        self.mails.append(mail)


@pytest.fixture
def database() -> Iterator[DatabaseThread]:
    thread = DatabaseThread()
    yield thread
    asyncio.run(thread(close_connection))
    thread.close()


def run_until(
    database: DatabaseThread,
    postman: Postman,
    done: Callable[[], bool],
    sweep: Callable[[datetime], Swept] = guard.sweep,
) -> None:
    """Run the loop until `done` holds, then stop it as a signal would."""

    async def scenario() -> None:
        wire = Wire(http=None, mail=postman)  # type: ignore[arg-type]  # only mails here
        async with Bell() as bell:
            alerts, mails = OutboxStore(database, wire), MailStore(database, wire)
            dispatchers = (
                Dispatcher(alerts, clock=timezone.now, on_idle=bell.ring),
                Dispatcher(mails, clock=timezone.now, on_idle=bell.ring),
            )
            subject = AlertLoop(database, dispatchers, bell, sweep=sweep)
            running = asyncio.create_task(subject.run())
            async with asyncio.timeout(10):
                while not await database(done):
                    await asyncio.sleep(0.01)
            subject.stop()
            await asyncio.wait_for(running, 10)

    asyncio.run(scenario())


def test_an_overdue_check_becomes_a_mail(
    database: DatabaseThread, check: Check, project: Project
) -> None:
    make_email(project)
    listen(timezone.now())
    long_ago = timezone.now() - timedelta(days=3)
    record([ping_event(check.code, long_ago)], long_ago)
    postman = Postman()
    run_until(database, postman, lambda: Notification.objects.filter(state="sent").exists())
    assert [mail.subject for mail in postman.mails] == ["DOWN | Backup"]
    check.refresh_from_db()
    assert check.status == "down"


def test_down_and_up_arrive_in_order(
    database: DatabaseThread, check: Check, project: Project
) -> None:
    make_email(project)
    now = timezone.now()
    record([ping_event(check.code, now, Kind.FAIL)], now)
    record([ping_event(check.code, now)], now)
    postman = Postman()
    run_until(database, postman, lambda: Notification.objects.filter(state="sent").count() == 2)
    assert [mail.subject for mail in postman.mails] == ["DOWN | Backup", "UP | Backup"]


def test_a_message_that_fails_waits_for_its_next_try(
    database: DatabaseThread, check: Check, project: Project
) -> None:
    channel = make_email(project)
    now = timezone.now()
    record([ping_event(check.code, now, Kind.FAIL)], now)
    postman = Postman()
    postman.refuse = 1
    run_until(database, postman, lambda: Channel.objects.exclude(last_error="").exists())
    assert postman.mails == []
    assert Notification.objects.get(channel=channel).state == "queued"


def test_the_loop_survives_an_error_of_a_step(
    database: DatabaseThread, check: Check, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    make_email(project)
    now = timezone.now()
    record([ping_event(check.code, now, Kind.FAIL)], now)
    calls: list[datetime] = []

    def broken(now: datetime) -> Swept:
        calls.append(now)
        raise OperationalError("the database restarts")

    postman = Postman()
    run_until(database, postman, lambda: len(calls) > 1 and bool(postman.mails), broken)
    assert "step failed" in caplog.text


def test_what_was_queued_while_it_was_away_for_long_is_sent(
    database: DatabaseThread, check: Check, project: Project
) -> None:
    make_email(project)
    long_ago = timezone.now() - timedelta(hours=9)
    record([ping_event(check.code, long_ago, Kind.FAIL)], long_ago)
    postman = Postman()
    run_until(database, postman, lambda: not Notification.objects.filter(state="queued").exists())
    assert [mail.subject for mail in postman.mails] == ["DOWN | Backup"]


def test_it_beats_while_it_runs_and_says_goodbye(database: DatabaseThread) -> None:
    run_until(database, Postman(), lambda: Heartbeat.objects.filter(process="sendalerts").exists())
    assert not Heartbeat.objects.exists()


def test_the_command_runs_until_sigterm(caplog: pytest.LogCaptureFixture) -> None:
    def stop_when_it_runs() -> None:
        while not Heartbeat.objects.filter(process="sendalerts").exists():
            time.sleep(0.01)
        connection.close()
        os.kill(os.getpid(), signal.SIGTERM)

    caplog.set_level("INFO", "hc")
    watcher = threading.Thread(target=stop_when_it_runs)
    watcher.start()
    call_command("sendalerts", "--pool")
    watcher.join()
    assert [r.message for r in caplog.records if r.name == "hc.alerts.loop"] == [
        "started",
        "stopped",
    ]


def test_the_bell_rings_or_the_time_is_up() -> None:
    async def scenario() -> None:
        async with Bell() as bell:
            await asyncio.wait_for(bell.wait(0.01), 5)
            bell.ring()
            await asyncio.wait_for(bell.wait(60), 5)

    asyncio.run(scenario())


@pytest.mark.skipif(connection.vendor != "postgresql", reason="LISTEN is PostgreSQL's")
def test_a_message_in_the_outbox_rings_the_bell(check: Check, project: Project) -> None:
    make_email(project)

    def fail() -> None:
        now = timezone.now()
        record([ping_event(check.code, now, Kind.FAIL)], now)
        connection.close()

    async def scenario() -> None:
        async with Bell() as bell:
            await asyncio.wait_for(bell.wait(60), 5)  # it rings when it has begun to listen
            await asyncio.to_thread(fail)
            await asyncio.wait_for(bell.wait(60), 5)

    asyncio.run(scenario())


@pytest.mark.skipif(connection.vendor != "postgresql", reason="LISTEN is PostgreSQL's")
def test_it_listens_again_after_its_connection_broke(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(wakeup, "RECONNECT_SECONDS", 0.01)

    def cut() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE query = 'LISTEN hc_alerts' AND datname = current_database()"
            )
        connection.close()

    async def scenario() -> None:
        async with Bell() as bell:
            await asyncio.wait_for(bell.wait(60), 5)
            await asyncio.to_thread(cut)
            await asyncio.wait_for(bell.wait(60), 5)

    asyncio.run(scenario())
    assert "cannot listen, polling" in caplog.text
