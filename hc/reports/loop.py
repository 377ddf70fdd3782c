"""The process `sendreports`: a pass every minute, until told to stop.

The passes run on a thread of their own, so that the process beats while one takes its time, and
stops in time though the database does not answer: whatever is cut off is taken up again later.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from hc.api.services.heartbeats import Pulse
from hc.lib.connections import refresh
from hc.reports import passes

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
PASS_SECONDS = 60.0
STOP_SECONDS = 8.0


class ReportLoop:
    """`stop` may be called from a signal handler. `clock` gives aware instants."""

    def __init__(self, *, clock: Callable[[], datetime] = timezone.now) -> None:
        self._clock = clock
        self._stopping = threading.Event()
        self._pulse = Pulse("sendreports")

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Work and beat until `stop` is called."""
        logger.info("started", extra={"action": "sendreports"})
        worker = threading.Thread(target=self._work, name="reports", daemon=True)
        worker.start()
        while worker.is_alive() and not self._stopping.is_set():
            _guarded(lambda: self._pulse.beat(self._clock()))
            self._stopping.wait(BEAT_SECONDS)
        worker.join(STOP_SECONDS)
        if worker.is_alive():
            logger.warning("stopped in the middle", extra={"action": "sendreports"})
        _guarded(self._pulse.stop)
        logger.info("stopped", extra={"action": "sendreports"})

    def _work(self) -> None:
        try:
            while not self._stopping.is_set():
                _guarded(self._pass)
                self._stopping.wait(PASS_SECONDS)
        finally:
            connection.close()

    def _pass(self) -> None:
        reports, reminders = passes.one_pass(self._clock(), self._stopping.is_set)
        if reports or reminders:
            extra = {"action": "sendreports", "reports": reports, "reminders": reminders}
            logger.info("queued", extra=extra)


def _guarded(work: Callable[[], None]) -> None:
    """An error (the database restarts, say) ends this piece of work, not the process."""
    refresh()
    try:
        work()
    except (OperationalError, InterfaceError) as e:
        extra = {"action": "sendreports", "reason": type(e).__name__}
        logger.warning("database away", extra=extra)
    except Exception:
        logger.exception("pass failed", extra={"action": "sendreports"})
