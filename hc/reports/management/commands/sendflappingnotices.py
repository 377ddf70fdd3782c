from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from hc.reports import troubles


class Command(BaseCommand):
    help = (
        "Tells the people of each check that changed its status more than 200 times in a day, "
        "at most once a day."
    )

    def handle(self, **_: Any) -> None:
        checks = troubles.send_flapping_notices(timezone.now())
        self.stdout.write(f"Queued notices about {checks} checks.")
