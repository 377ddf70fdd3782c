from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from hc.reports import notices


class Command(BaseCommand):
    help = (
        "Tells the owners of accounts that neither people nor jobs have used for a year that the "
        "account will be closed in 30 days (by pruneusers). Each is told once a year."
    )

    def handle(self, **_: Any) -> None:
        sent = sum(1 for _ in notices.send_inactivity_notices(timezone.now()))
        self.stdout.write(f"Queued {sent} notices.")
