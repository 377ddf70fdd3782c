from __future__ import annotations

import getpass
import os
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from hc.accounts.audit import Actor, acting
from hc.accounts.models import User, Via
from hc.accounts.services import passwords


class Command(BaseCommand):
    help = (
        "Sets the password of an account, signs it out everywhere and tells its owner. Asks for "
        "the password on a terminal; scripts give NEW_PASSWORD in the environment."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="Address of the account.")

    def handle(self, **options: Any) -> None:
        user = User.objects.by_email(options["email"])
        if user is None:
            self._refuse(f"There is no account with the address {options['email']}.")
            return
        password = os.environ.get("NEW_PASSWORD", "") or self._ask()
        try:
            validate_password(password, user)
        except ValidationError as e:
            self._refuse("\n".join(e.messages))
        with acting(Actor(Via.COMMAND)):
            passwords.set_password(user, password, timezone.now())
        self.stdout.write(f"The password of {user.email} was set.")

    def _ask(self) -> str:
        if not sys.stdin.isatty():
            self._refuse("Missing: NEW_PASSWORD")
        while True:
            first = getpass.getpass("New password: ")
            if first == getpass.getpass("Once more: "):
                return first
            self.stderr.write("The two are not the same.")

    def _refuse(self, why: str) -> None:
        self.stderr.write(why)
        sys.exit(2)
