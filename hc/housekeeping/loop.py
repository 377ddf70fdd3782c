"""The process `housekeeping`: does each task when it is due, until told to stop.

The tasks run on a thread of their own, so that the process beats while one takes its time, and
stops in time though a server does not answer: whatever is cut off is taken up again later.
An error of one task is logged and the others go on.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import monotonic
from uuid import uuid4

from django.db import DatabaseError, connection
from django.utils import timezone

from hc.api.services.heartbeats import Pulse
from hc.housekeeping import chores
from hc.housekeeping.tasks import TASKS, Task
from hc.lib.connections import refresh

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
POLL_SECONDS = 10.0
STOP_SECONDS = 8.0
RENEW_SECONDS = 30.0
AGAIN_AFTER_ERROR = timedelta(minutes=1)


class LeaseLost(Exception):
    """Another copy has taken over, since we were cut off from the database for too long."""


class Housekeeper:
    """`clock` gives aware instants."""

    def __init__(
        self, tasks: Sequence[Task] = TASKS, *, clock: Callable[[], datetime] = timezone.now
    ) -> None:
        self._tasks = tasks
        self._clock = clock
        self._holder = f"{socket.gethostname()[:80]}:{os.getpid()}:{uuid4().hex[:8]}"
        self._stopping = threading.Event()
        self._renew_at = 0.0
        self._not_before: dict[str, datetime] = {}

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Work and beat until `stop` is called, from a signal handler for instance."""
        pulse = Pulse("housekeeping")
        worker = threading.Thread(target=self._work, name="housekeeping", daemon=True)
        worker.start()
        while worker.is_alive() and not self._stopping.is_set():
            _guarded(lambda: pulse.beat(self._clock()))
            self._stopping.wait(BEAT_SECONDS)
        worker.join(STOP_SECONDS)
        if worker.is_alive():
            logger.warning("stopped in the middle", extra={"action": "housekeeping"})
            _guarded(lambda: chores.give_back(self._holder))
        _guarded(pulse.stop)

    def once(self, wait: float) -> dict[str, int | None] | None:
        """All tasks now, as `one_pass`; `wait`: seconds for another copy to finish."""
        deadline = monotonic() + wait
        while (done := self.one_pass(everything=True)) is None:
            if monotonic() >= deadline or self._stopping.wait(1.0):
                return None
        return done

    def one_pass(self, *, everything: bool = False) -> dict[str, int | None] | None:
        """Do the tasks that are due, or all: rows by task, None for one that failed.

        None if another copy is at it.
        """
        if not chores.take(self._holder, self._clock()):
            return None
        self._renew_at = monotonic() + RENEW_SECONDS
        done: dict[str, int | None] = {}
        try:
            last_done = chores.last_done()
            for task in self._tasks:
                if self._stopping.is_set():
                    break
                if everything or self._is_due(task, last_done.get(task.name)):
                    done[task.name] = self._do(task)
        finally:
            chores.give_back(self._holder)
        return done

    def _work(self) -> None:
        try:
            while not self._stopping.is_set():
                refresh()
                try:
                    self.one_pass()
                except Exception:
                    logger.exception("pass failed", extra={"action": "housekeeping"})
                self._stopping.wait(POLL_SECONDS)
        finally:
            connection.close()

    def _is_due(self, task: Task, last_done: datetime | None) -> bool:
        now = self._clock()
        if now < self._not_before.get(task.name, now):
            return False
        return last_done is None or now >= last_done + task.every

    def _do(self, task: Task) -> int | None:
        """The number of rows that the task dealt with; None if it failed."""
        refresh()
        began, rows = self._clock(), 0
        try:
            for number in task.steps(began):
                rows += number
                if self._stopping.is_set():
                    return rows
                self._renew()
            chores.finish(task.name, began)
        except LeaseLost:
            raise
        except Exception:
            logger.exception("task failed", extra={"action": "housekeeping", "task": task.name})
            self._not_before[task.name] = self._clock() + AGAIN_AFTER_ERROR
            return None
        if rows:
            extra = {"action": "housekeeping", "task": task.name, "rows": rows}
            logger.info("task done", extra=extra)
        return rows

    def _renew(self) -> None:
        if monotonic() < self._renew_at:
            return
        if not chores.take(self._holder, self._clock()):
            raise LeaseLost
        self._renew_at = monotonic() + RENEW_SECONDS


def _guarded(work: Callable[[], None]) -> None:
    """Database work of the main thread; a database that is away is no reason to stop."""
    refresh()
    try:
        work()
    except DatabaseError as e:
        logger.warning("no heartbeat", extra={"reason": type(e).__name__})
