from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from hc.housekeeping import retention


class Command(BaseCommand):
    help = (
        "Deletes messages that are older than the oldest ping of their check, and test messages "
        "older than 90 days. `housekeeping` does it daily."
    )

    def handle(self, **_: Any) -> None:
        deleted = sum(retention.notifications(timezone.now()))
        self.stdout.write(f"Deleted {deleted} notifications.")
