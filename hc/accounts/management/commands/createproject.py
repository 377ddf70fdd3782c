from __future__ import annotations

import json
import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser

from hc.accounts.audit import Actor, acting
from hc.accounts.models import User, Via
from hc.accounts.services import keys
from hc.accounts.services.projects import MAX_NAME, create_project


class Command(BaseCommand):
    help = "Creates a project with API keys and a ping key, and prints them this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=f"Name of the project, at most {MAX_NAME} characters.")
        parser.add_argument("--owner", required=True, metavar="EMAIL", help="Who owns it.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, **options: Any) -> None:
        with acting(Actor(Via.COMMAND)):
            self._do(**options)

    def _do(self, **options: Any) -> None:
        name = " ".join(options["name"].split())
        owner = User.objects.by_email(options["owner"])
        if owner is None:
            self._refuse(f"There is no account with the address {options['owner']}.")
        if not 0 < len(name) <= MAX_NAME:
            self._refuse(f"A project's name has 1 to {MAX_NAME} characters.")
        project = create_project(name, owner)
        made = {
            "code": str(project.code),
            "api_key": keys.create_api_key(project),
            "api_key_readonly": keys.create_readonly_key(project),
            "ping_key": keys.create_ping_key(project),
        }
        if options["json"]:
            self.stdout.write(json.dumps(made))
            return
        self.stdout.write(f"The project {name} was created. These keys are shown only now:")
        for label, value in made.items():
            self.stdout.write(f"  {label:17} {value}")

    def _refuse(self, why: str) -> NoReturn:
        self.stderr.write(why)
        sys.exit(2)
