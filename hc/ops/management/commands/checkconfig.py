from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.management.base import BaseCommand, CommandError, CommandParser

from hc import config


class Command(BaseCommand):
    # Wrong values never get here: reading the settings reports all of them and ends with 78.
    help = (
        "Judges the configuration: every wrong setting at once, each with its remedy. "
        "Ends with 78 if a setting cannot be used."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="Say nothing if all is well.")
        parser.add_argument("--example", action="store_true", help="Print all settings instead.")

    def handle(self, **options: Any) -> None:
        if options["example"]:
            self.stdout.write(config.example(), ending="")
            return
        for warning in settings.CONFIG_WARNINGS:
            self.stderr.write(f"Warning: {warning}")
        serious = []
        for message in checks.run_checks(databases=["default"]):
            if message.is_silenced():
                continue
            if message.is_serious():
                serious.append(message)
            else:
                self.stderr.write(f"Warning: {message.msg} {message.hint or ''}".rstrip())
        if serious:
            text = "\n\n".join(f"{m.msg}\n    {m.hint or ''}".rstrip() for m in serious)
            raise CommandError(text, returncode=78)
        if not options["quiet"]:
            self.stdout.write("The configuration is fine.")
