"""Small work that nobody waits for: on a thread of its own, and dropped when there is too much.

Made for what must never hold up or break its caller, such as keeping a log record.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress

CAPACITY = 1000


class Background:
    """One thread, started when there is something to do, also after a fork."""

    def __init__(self, name: str, capacity: int = CAPACITY) -> None:
        self._name = name
        self._queue: queue.Queue[Callable[[], None]] = queue.Queue(capacity)
        self._pid: int | None = None
        self._lock = threading.Lock()
        self.dropped = 0

    def submit(self, work: Callable[[], None]) -> None:
        """Do it soon, unless too much waits. Errors are swallowed: there is nobody to tell."""
        try:
            self._queue.put_nowait(work)
        except queue.Full:
            self.dropped += 1
        with self._lock:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def wait(self) -> None:
        """Until all that was submitted is done."""
        self._queue.join()

    def _work(self) -> None:
        while True:
            work = self._queue.get()
            with suppress(Exception):
                work()
            self._queue.task_done()
