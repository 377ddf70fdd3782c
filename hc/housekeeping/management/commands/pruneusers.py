from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from hc.housekeeping import accounts


class Command(BaseCommand):
    help = (
        "Deletes accounts that were never used, and those that were told so 30 days ago and not "
        "heard since, with all that they own. Never administrators, nor accounts whose jobs run."
    )

    def handle(self, **_: Any) -> None:
        deleted = sum(accounts.prune_users(timezone.now()))
        self.stdout.write(f"Deleted {deleted} accounts.")
