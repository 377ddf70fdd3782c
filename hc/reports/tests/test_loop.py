from __future__ import annotations

import os
import signal
import threading
import time
from datetime import datetime

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from hc.api.models import Heartbeat
from hc.reports import loop, passes
from hc.reports.loop import ReportLoop


@pytest.mark.django_db(transaction=True)
def test_the_command_runs_until_sigterm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "BEAT_SECONDS", 0.01)

    def stop_when_it_runs() -> None:
        while not Heartbeat.objects.filter(process="sendreports").exists():
            time.sleep(0.01)
        connection.close()
        os.kill(os.getpid(), signal.SIGTERM)

    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    watcher = threading.Thread(target=stop_when_it_runs)
    watcher.start()
    call_command("sendreports", "--loop")
    watcher.join()
    for number, handler in before.items():
        signal.signal(number, handler)
    assert not Heartbeat.objects.exists()


def test_it_survives_an_error(
    db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    subject = ReportLoop()
    monkeypatch.setattr(loop, "BEAT_SECONDS", 0)

    def broken(*_: object) -> tuple[int, int]:
        subject.stop()
        raise OperationalError("the database restarts")

    monkeypatch.setattr(passes, "one_pass", broken)
    subject.run()
    assert "database away" in caplog.text


def test_it_beats_while_a_pass_takes_its_time(
    db: None, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    beats = 0
    enough = threading.Event()

    def clock() -> datetime:
        nonlocal beats
        beats += 1
        if beats > 3:
            enough.set()
        return now

    subject = ReportLoop(clock=clock)
    monkeypatch.setattr(loop, "BEAT_SECONDS", 0.01)

    def slow(*_: object) -> tuple[int, int]:
        assert enough.wait(10)
        subject.stop()
        return 0, 0

    monkeypatch.setattr(passes, "one_pass", slow)
    subject.run()
    assert enough.is_set()
