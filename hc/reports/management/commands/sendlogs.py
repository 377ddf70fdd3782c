from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from hc.core import words
from hc.reports import troubles


class Command(BaseCommand):
    help = (
        "Tells the administrators (ADMINS) how many log records the last 24 hours have brought, "
        "at most once a day."
    )

    def handle(self, **_: Any) -> None:
        number = troubles.send_log_summary(timezone.now())
        self.stdout.write(f"{words.count(number, 'log record')} in the last 24 hours.")
