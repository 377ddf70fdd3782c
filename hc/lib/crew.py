"""A pool of threads that the end of the process does not wait for.

Python joins the threads of `concurrent.futures.ThreadPoolExecutor` at exit, so one that waits for
a server that hangs would keep a process from ending in time. These are daemons: use them for work
that may be cut off anywhere.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from time import monotonic
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Job:
    future: Future[Any]
    work: Callable[[], Any]

    def do(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            self.future.set_result(self.work())
        except BaseException as e:  # noqa: BLE001 - raised by the future
            self.future.set_exception(e)


class Crew(Executor):
    """Up to `size` threads, which are started as they are needed."""

    def __init__(self, size: int, name: str) -> None:
        self._size, self._name = size, name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the crew has gone home")
            self._jobs.put(_Job(future, lambda: fn(*args, **kwargs)))
            if not self._idle.acquire(blocking=False) and len(self._threads) < self._size:
                thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def close(self, seconds: float = 0.0) -> None:
        """Take no more work; wait for what was taken, for so long at most."""
        with self._lock:
            self._is_closed = True
            for _ in self._threads:
                self._jobs.put(None)
        deadline = monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As `close`: whoever needs more has to use another pool."""
        self.close()

    def _work(self) -> None:
        while job := self._jobs.get():
            job.do()
            del job  # its result is nothing to keep while there is no other
            self._idle.release()
