from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.urls import reverse
from django.utils import timezone

from hc.accounts.audit import Actor, acting
from hc.accounts.models import User, Via
from hc.accounts.services.accounts import create_account
from hc.lib.links import absolute
from hc.lib.secrets import random_string
from hc.ops.demo import fill
from hc.ops.demo_jobs import JOBS

MOST = 100_000


class Command(BaseCommand):
    help = (
        "Fills a new project with checks that have months of runs, failures and messages, to look"
        " at. Sends nothing to anybody. Not for an installation that people rely on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--checks", type=int, default=len(JOBS), help="How many checks.")
        parser.add_argument("--name", default="Demo", help="Name of the project.")
        parser.add_argument(
            "--owner",
            metavar="EMAIL",
            default="demo@example.org",
            help="Who owns it; an account is made, and its password printed, if there is none.",
        )

    def handle(self, **options: Any) -> None:
        with acting(Actor(Via.COMMAND)):
            self._do(**options)

    def _do(self, **options: Any) -> None:
        if not 1 <= options["checks"] <= MOST:
            self.stderr.write(f"--checks takes a number from 1 to {MOST}.")
            sys.exit(2)
        owner = User.objects.by_email(options["owner"])
        if owner is None:
            password = random_string(16)
            owner = create_account(options["owner"], password=password)
            self.stdout.write(f"Account {owner.email}, password {password}")
        name = options["name"]
        project = fill(owner, timezone.now(), number=options["checks"], name=name)
        self.stdout.write(absolute(reverse("hc-checks", args=[project.code])))
