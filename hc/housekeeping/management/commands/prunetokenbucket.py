from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from hc.housekeeping import retention


class Command(BaseCommand):
    help = "Deletes rate limits that nobody has touched for a day. `housekeeping` does it hourly."

    def handle(self, **_: Any) -> None:
        deleted = sum(retention.token_buckets(timezone.now()))
        self.stdout.write(f"Deleted {deleted} token buckets.")
