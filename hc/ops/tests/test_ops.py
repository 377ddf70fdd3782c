from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from django.core.checks import Error
from django.db import connection
from pytest_django import Settings

from hc.api.models import Heartbeat
from hc.ops import bootstrap, checks, processes
from hc.ops.lifespan import lifespan


def test_without_a_mail_server_there_is_a_warning(settings: Settings) -> None:
    assert checks.mail() == []
    settings.EMAIL_HOST = ""
    assert [m.id for m in checks.mail()] == ["hc.api.W002"]


def test_the_clock_must_stay_in_utc(settings: Settings) -> None:
    assert checks.clock() == []
    settings.TIME_ZONE = "Europe/Riga"
    (message,) = checks.clock()
    assert isinstance(message, Error)


def test_the_tests_run_with_a_collation_that_tells_letters_apart(db: None) -> None:
    assert checks.collation(databases=["default"]) == []


@pytest.mark.skipif(connection.vendor != "mysql", reason="collations are MySQL's")
def test_a_collation_that_does_not_is_warned_of(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET collation_database = 'utf8mb4_general_ci'")
        (message,) = checks.collation(databases=["default"])
        cursor.execute("SET collation_database = 'utf8mb4_bin'")
    assert message.id == "hc.api.W007"


@pytest.mark.django_db(transaction=True)
def test_tables_that_are_up_to_date_need_no_work() -> None:
    assert not bootstrap.migrate()


@pytest.mark.slow
def test_the_end_of_one_process_is_the_end_of_all(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Procfile").write_text('a: echo "$GREETING"; exit 3\nb: exec sleep 60\n')
    assert processes.run(tmp_path, {"GREETING": "hello"}) == 3
    assert "hello" in capfd.readouterr().out


@pytest.mark.slow
def test_a_process_that_is_not_wanted_is_not_started(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Procfile").write_text("a: sleep 0.3\nb: echo goodbye\n")
    assert processes.run(tmp_path, {}, without=("b",)) == 0
    assert "goodbye" not in capfd.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_a_web_process_beats_from_its_start_to_its_end() -> None:
    async def scenario() -> list[str]:
        events: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        sent: list[str] = []

        async def send(message: object) -> None:
            sent.append(message["type"])  # type: ignore[index]  # a message of the protocol

        events.put_nowait({"type": "lifespan.startup"})
        running = asyncio.create_task(lifespan(events.get, send))
        while not await asyncio.to_thread(heard):
            await asyncio.sleep(0.01)
        events.put_nowait({"type": "lifespan.shutdown"})
        await running
        return sent

    assert asyncio.run(scenario()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert not Heartbeat.objects.exists()


def heard() -> bool:
    found = Heartbeat.objects.filter(process="web").exists()
    connection.close()
    return found
