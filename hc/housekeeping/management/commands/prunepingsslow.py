from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from hc.housekeeping import retention, rollups
from hc.lib.objects import StorageError


class Command(BaseCommand):
    help = (
        "Deletes pings beyond the log limit of their project's owner, and looks through the "
        "object storage for bodies of pings that are gone. `housekeeping` does it by itself."
    )

    def handle(self, **_: Any) -> None:
        now = timezone.now()
        sum(rollups.fold_new_pings(now))
        pings = sum(retention.pings(now))
        try:
            bodies = sum(retention.stray_bodies(now))
        except StorageError as e:
            raise CommandError(f"Deleted {pings} pings, then {e}.") from None
        self.stdout.write(f"Deleted {pings} pings and {bodies} stray bodies.")
