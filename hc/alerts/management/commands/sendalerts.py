from __future__ import annotations

import asyncio
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from hc.alerts import loop


class Command(BaseCommand):
    # `serve` and `checkconfig` judge the settings; a process of the service has to start fast.
    requires_system_checks = ()
    help = (
        "Takes checks down when their time is over and sends all messages. Runs until SIGTERM; "
        "any number of copies may run on any number of hosts."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        ignored = "Accepted for old scripts, without effect: one copy sends hundreds at once."
        parser.add_argument("--num-workers", metavar="N", help=ignored)
        parser.add_argument("--pool", action="store_true", help=ignored)

    def handle(self, **options: Any) -> None:
        if options["num_workers"] or options["pool"]:
            self.stderr.write("--num-workers and --pool have no effect any more.")
        asyncio.run(loop.main())
