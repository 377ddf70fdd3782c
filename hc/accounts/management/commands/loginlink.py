from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from hc.accounts import audit
from hc.accounts.audit import Actor, Target, acting
from hc.accounts.models import User, Via
from hc.accounts.services import login


class Command(BaseCommand):
    help = (
        "Prints a link that signs somebody in, once and within an hour: for people without a "
        "password where no mail can be sent. A second factor is asked for as usual."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="Address of the account.")

    def handle(self, **options: Any) -> None:
        user = User.objects.by_email(options["email"])
        if user is None or not user.is_active:
            what = "no account with" if user is None else "a deactivated account for"
            self.stderr.write(f"There is {what} the address {options['email']}.")
            sys.exit(2)
        with acting(Actor(Via.COMMAND)):
            link = login.new_link(user, timezone.now())
            audit.record("account.link_printed", Target(user.email), user=user)
        self.stdout.write(link)
