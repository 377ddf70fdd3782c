from __future__ import annotations

import getpass
import os
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandParser

from hc.accounts.audit import Actor, acting
from hc.accounts.models import Via
from hc.accounts.services.accounts import AddressTaken, check_new_account, create_account


class Command(BaseCommand):
    help = (
        "Creates an administrator's account with its project. Asks for what is missing on a "
        "terminal; scripts give --email and --password, or ADMIN_EMAIL and ADMIN_PASSWORD."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", help="Address of the account.")
        parser.add_argument("--password", "--pass", help="Its password, at least 8 characters.")

    def handle(self, **options: Any) -> None:
        with acting(Actor(Via.COMMAND)):
            self._do(**options)

    def _do(self, **options: Any) -> None:
        email = options["email"] or os.environ.get("ADMIN_EMAIL", "")
        password = options["password"] or os.environ.get("ADMIN_PASSWORD", "")
        if sys.stdin.isatty():
            email = email or input("E-mail address: ")
            password = password or self._ask_password()
        problem = self._create(email.strip(), password)
        if problem:
            self.stderr.write(problem)
            sys.exit(2)
        self.stdout.write(f"The account {email.strip().lower()} was created.")

    def _create(self, email: str, password: str) -> str | None:
        """Make the account; what was wrong, in words, if that was not possible."""
        if not email or not password:
            return f"Missing: {'--email' if not email else '--password'}"
        try:
            check_new_account(email, password)
            create_account(email, password=password, admin=True)
        except ValidationError as e:
            return "\n".join(e.messages)
        except AddressTaken:
            return f"There is an account with the address {email.lower()} already."
        return None

    def _ask_password(self) -> str:
        while True:
            first = getpass.getpass("Password: ")
            if first == getpass.getpass("Once more: "):
                return first
            self.stderr.write("The two are not the same.")
