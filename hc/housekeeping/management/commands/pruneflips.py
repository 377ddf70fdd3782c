from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from hc.housekeeping import retention


class Command(BaseCommand):
    help = (
        "Deletes changes of status that are older than two years and than the oldest ping of "
        "their check. `housekeeping` does it daily."
    )

    def handle(self, **_: Any) -> None:
        deleted = sum(retention.flips(timezone.now()))
        self.stdout.write(f"Deleted {deleted} flips.")
