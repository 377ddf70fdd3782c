from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from hc.accounts.services import setup
from hc.ops import assets, bootstrap, processes


class Command(BaseCommand):
    help = (
        "Starts the whole service: checks the configuration, brings the tables up to date, "
        "prepares the static files, then runs every process of the Procfile until SIGTERM."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-migrate", action="store_true", help="Leave the tables alone.")
        parser.add_argument("--dev", action="store_true", help="Use the reloading web server.")

    def handle(self, **options: Any) -> None:
        call_command("checkconfig", quiet=True, stdout=self.stdout, stderr=self.stderr)
        if not options["no_migrate"] and bootstrap.migrate():
            self.stdout.write("The tables are up to date.")
        if not settings.DEBUG and assets.prepare():
            self.stdout.write("The static files are ready.")
        if setup.ensure_admin():
            self.stdout.write(f"The account {settings.ADMIN_EMAIL} was created.")
        self.stdout.write(f"\n  {settings.SITE_NAME} is starting at {settings.SITE_ROOT}")
        if link := setup.setup_link():
            self.stdout.write(f"  Create the first account: {link}")
        self.stdout.write("  Stop with Ctrl-C.\n")
        self.stdout.flush()
        environment = {"HOST": settings.HOST, "PORT": str(settings.PORT)}
        without = () if settings.SMTPD_PORT else ("smtpd",)
        sys.exit(
            processes.run(
                settings.BASE_DIR, environment, without=without, development=options["dev"]
            )
        )
