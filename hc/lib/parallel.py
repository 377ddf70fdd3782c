"""Doing the same with many things at once, on threads that no exit waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def for_each(work: Callable[[T], None], items: Iterable[T], threads: int) -> None:
    """Call `work` for every item, on up to `threads` threads; returns when all is done.

    After an error no further call begins, and the first error is raised. The threads of a pool
    of the standard library would keep a process from ending while one of them waits for a
    server; these are daemons.
    """
    waiting = iter(items)
    errors: list[BaseException] = []
    lock = threading.Lock()

    def run() -> None:
        while not errors:
            with lock:
                try:
                    item = next(waiting)
                except StopIteration:
                    return
            try:
                work(item)
            except BaseException as e:  # noqa: BLE001 - raised below, on the caller's thread
                errors.append(e)

    crew = [threading.Thread(target=run, daemon=True) for _ in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    if errors:
        raise errors[0]
