"""Database work of the alert loop: on one thread, so that it has one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

from hc.lib.crew import Crew

P = ParamSpec("P")
T = TypeVar("T")

CLOSE_SECONDS = 0.5


class DatabaseThread:
    """Runs functions one after another on one thread, with a connection that heals itself."""

    def __init__(self) -> None:
        self._thread = Crew(1, "database")

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def work() -> T:
            close_old_connections()
            return function(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """Ends the thread, unless it waits for a database that does not answer."""
        self._thread.close(CLOSE_SECONDS)
