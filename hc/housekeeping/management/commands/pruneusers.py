from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from hc.housekeeping import accounts


class Command(BaseCommand):
    help = (
        "Deletes accounts that were never used, and those that were told so 30 days ago and not "
        "heard since, or whose date of deletion has passed, with all that they own. Never "
        "administrators, nor accounts that are in use, or whose owners could not be told."
    )

    def handle(self, **_: Any) -> None:
        now = timezone.now()
        deleted = sum(accounts.prune_users(now))
        self.stdout.write(f"Deleted {deleted} accounts.")
        if spared := accounts.spared(now).count():
            self.stdout.write(
                f"Left {spared} accounts whose date of deletion has passed: they are in use, or "
                "their owners could not be told. Delete them in the admin pages, if you want."
            )
