from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import OperationalError, connection

from hc.api.models import Check, Chore, Heartbeat
from hc.housekeeping import chores, loop
from hc.housekeeping.loop import Housekeeper
from hc.housekeeping.tasks import TASKS, Task

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


class Work:
    """A task that notes when it is done; `then` happens after each of its steps."""

    def __init__(self, name: str, then: Callable[[], object] = lambda: None) -> None:
        self.calls: list[datetime] = []
        self.task = Task(name, HOUR, self._steps)
        self._then = then

    def _steps(self, now: datetime) -> Iterator[int]:
        self.calls.append(now)
        for rows in (2, 3, 4):
            yield rows
            self._then()


def fail() -> None:
    raise OperationalError("the database restarts")


# --- One pass ---------------------------------------------------------------------------------


def test_a_task_is_done_when_it_is_due(db: None, clock: Clock) -> None:
    work = Work("sweep")
    keeper = Housekeeper([work.task], clock=clock)
    assert keeper.one_pass() == {"sweep": 9}
    clock.now += 59 * MINUTE
    assert keeper.one_pass() == {}
    clock.now += MINUTE
    assert keeper.one_pass() == {"sweep": 9}
    assert work.calls == [clock.now - HOUR, clock.now]


def test_the_schedule_is_shared_by_all_copies(db: None, clock: Clock) -> None:
    work = Work("sweep")
    assert Housekeeper([work.task], clock=clock).one_pass() == {"sweep": 9}
    assert Housekeeper([work.task], clock=clock).one_pass() == {}


def test_everything_can_be_done_at_once(db: None, clock: Clock) -> None:
    keeper = Housekeeper([Work("sweep").task], clock=clock)
    assert keeper.once(0) == keeper.once(0) == {"sweep": 9}


def test_an_error_of_one_task_is_logged_and_the_others_go_on(
    db: None, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    broken, fine = Work("broken", fail), Work("fine")
    keeper = Housekeeper([broken.task, fine.task], clock=clock)
    assert keeper.one_pass() == {"broken": None, "fine": 9}
    assert "task failed" in caplog.text
    errors = [r for r in caplog.records if r.levelname == "ERROR"]
    assert [getattr(r, "task", "") for r in errors] == ["broken"]
    assert keeper.one_pass() == {}
    clock.now += MINUTE
    assert keeper.one_pass() == {"broken": None}


def test_of_two_copies_one_works(db: None, clock: Clock) -> None:
    second = Housekeeper([Work("sweep").task], clock=clock)
    found: list[object] = []
    first = Work("sweep", lambda: found.append(second.one_pass()))
    assert Housekeeper([first.task], clock=clock).one_pass() == {"sweep": 9}
    assert found == [None] * 3
    assert second.one_pass(everything=True) == {"sweep": 9}


def test_the_place_of_a_copy_that_died_is_taken(db: None, clock: Clock) -> None:
    assert chores.take("dead", clock.now)
    keeper = Housekeeper([Work("sweep").task], clock=clock)
    assert keeper.once(0) is None
    clock.now += chores.LEASE
    assert keeper.once(0) == {"sweep": 9}


def test_a_long_task_keeps_its_lease(
    db: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "RENEW_SECONDS", 0.0)
    other: list[bool] = []

    def meanwhile() -> None:
        clock.now += chores.LEASE / 2 + MINUTE
        other.append(chores.take("other", clock.now))

    assert Housekeeper([Work("a", meanwhile).task], clock=clock).one_pass() == {"a": 9}
    assert other == [False] * 3


def test_a_copy_that_lost_its_lease_stops_working(
    db: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "RENEW_SECONDS", 0.0)

    def cut_off() -> None:
        clock.now += 2 * chores.LEASE
        assert chores.take("other", clock.now)

    work, never = Work("a", cut_off), Work("b")
    with pytest.raises(loop.LeaseLost):
        Housekeeper([work.task, never.task], clock=clock).one_pass()
    assert (len(work.calls), never.calls) == (1, [])
    assert Chore.objects.get(name="lease").holder == "other"


def test_a_stop_comes_between_two_steps_and_the_task_is_due_again(db: None, clock: Clock) -> None:
    tasks: list[Task] = []
    keeper = Housekeeper(tasks, clock=clock)
    never = Work("b")
    tasks += [Work("a", keeper.stop).task, never.task]
    assert keeper.one_pass() == {"a": 5}
    assert never.calls == []
    assert Housekeeper([Work("a").task], clock=clock).one_pass() == {"a": 9}


def test_the_real_tasks_can_all_be_done(check: Check, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        done = Housekeeper().one_pass()
    assert done == dict.fromkeys([task.name for task in TASKS], 0)
    assert {row.done for row in Chore.objects.exclude(name="lease")} == {now}
    assert len({task.name for task in TASKS}) == len(TASKS)


# --- The process ------------------------------------------------------------------------------


def run_until(keeper: Housekeeper, done: Callable[[], bool]) -> None:
    """Run the process, and stop it as a signal would when `done` holds."""

    def watch() -> None:
        deadline = time.monotonic() + 10
        while not done() and time.monotonic() < deadline:
            time.sleep(0.01)
        connection.close()
        keeper.stop()

    watcher = threading.Thread(target=watch)
    watcher.start()
    keeper.run()
    watcher.join()


@pytest.mark.django_db(transaction=True)
def test_it_beats_while_it_works_and_says_goodbye(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "BEAT_SECONDS", 0.01)
    beats: list[datetime] = []

    def beating() -> bool:
        beats.extend(
            Heartbeat.objects.filter(process="housekeeping").values_list("beat", flat=True)
        )
        clock.now += timedelta(seconds=1)
        return len(set(beats)) > 2

    work = Work("long", lambda: time.sleep(0.05))
    run_until(Housekeeper([work.task], clock=clock), beating)
    assert len(set(beats)) > 2
    assert not Heartbeat.objects.exists()
    assert work.calls


@pytest.mark.django_db(transaction=True)
def test_it_survives_an_error_of_the_database(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.01)
    calls: list[int] = []

    class Restarting:
        """A clock that fails stands for a database that is away: both fail a whole pass."""

        def __call__(self) -> datetime:
            if threading.current_thread().name == "housekeeping":
                calls.append(1)
                if len(calls) == 1:
                    fail()
            return clock.now

    work = Work("sweep")
    run_until(Housekeeper([work.task], clock=Restarting()), lambda: bool(work.calls))
    assert "pass failed" in caplog.text
    assert len(work.calls) == 1


@pytest.mark.django_db(transaction=True)
def test_a_task_that_hangs_does_not_keep_it_from_stopping(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loop, "STOP_SECONDS", 0.05)
    hanging, release = threading.Event(), threading.Event()

    def hang() -> None:
        hanging.set()
        release.wait(10)

    run_until(Housekeeper([Work("slow", hang).task], clock=clock), hanging.is_set)
    assert "stopped in the middle" in caplog.text
    assert chores.take("another copy", clock.now)
    release.set()
    for thread in threading.enumerate():
        if thread.name == "housekeeping":
            thread.join(10)


@pytest.mark.django_db(transaction=True)
def test_the_command_runs_until_sigterm(caplog: pytest.LogCaptureFixture) -> None:
    def stop_when_it_runs() -> None:
        while not Heartbeat.objects.filter(process="housekeeping").exists():
            time.sleep(0.01)
        connection.close()
        os.kill(os.getpid(), signal.SIGTERM)

    caplog.set_level("INFO", "hc.housekeeping")
    before = signal.getsignal(signal.SIGTERM)
    watcher = threading.Thread(target=stop_when_it_runs)
    watcher.start()
    call_command("housekeeping")
    watcher.join()
    said = [r.message for r in caplog.records if r.message in ("started", "stopped")]
    assert said == ["started", "stopped"]
    assert signal.getsignal(signal.SIGTERM) is before
    assert Chore.objects.get(name="lease").holder == ""
