from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from hc.reports import notices


class Command(BaseCommand):
    help = (
        "Tells owner and team of each account that is scheduled for deletion: once at the next "
        "run, and once in the last two weeks, then also through all integrations of its projects."
    )

    def handle(self, **_: Any) -> None:
        sent = sum(1 for _ in notices.send_deletion_notices(timezone.now()))
        self.stdout.write(f"Queued {sent} notices.")
