from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from hc.lib.stopping import stopped_by_signals
from hc.reports import passes
from hc.reports.loop import ReportLoop


class Command(BaseCommand):
    # `serve` and `checkconfig` judge the settings; a process of the service has to start fast.
    requires_system_checks = ()
    help = (
        "Queues the reports and reminders that are due; the process sendalerts mails them. Any "
        "number of copies may run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--loop", action="store_true", help="Look every minute, until SIGTERM.")

    def handle(self, **options: Any) -> None:
        if options["loop"]:
            loop = ReportLoop()
            with stopped_by_signals(loop.stop):
                loop.run()
            return
        reports, reminders = passes.one_pass(timezone.now())
        self.stdout.write(f"Queued {reports} reports and {reminders} reminders.")
