from __future__ import annotations

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hc.housekeeping.loop import Housekeeper
from hc.lib.stopping import stopped_by_signals

logger = logging.getLogger(__name__)

WAIT_SECONDS = 60.0


class Command(BaseCommand):
    # `serve` and `checkconfig` judge the settings; a process of the service has to start fast.
    requires_system_checks = ()
    help = (
        "Sums up each day of each check, deletes what is too old, and moves large ping bodies to "
        "object storage. Runs until SIGTERM; of several copies one works at a time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="Do everything now, then end.")

    def handle(self, **options: Any) -> None:
        keeper = Housekeeper()
        with stopped_by_signals(keeper.stop):
            if options["once"]:
                self._report(keeper.once(WAIT_SECONDS))
                return
            logger.info("started", extra={"action": "housekeeping"})
            keeper.run()
            logger.info("stopped", extra={"action": "housekeeping"})

    def _report(self, done: dict[str, int | None] | None) -> None:
        if done is None:
            raise CommandError("Another copy is at it; nothing was done.")
        if failed := [name for name, rows in done.items() if rows is None]:
            raise CommandError(f"Failed, see the log: {', '.join(failed)}.")
        told = ", ".join(f"{name} {rows}" for name, rows in done.items() if rows)
        self.stdout.write(f"Housekeeping is done: {told or 'there was nothing to do'}.")
