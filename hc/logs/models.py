"""Log records kept in the database, where the operator can read them in the browser."""

from __future__ import annotations

import logging

from django.db import models
from django.utils import timezone


class Record(models.Model):
    created = models.DateTimeField(default=timezone.now)
    host = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    level = models.PositiveSmallIntegerField(default=logging.NOTSET)
    message = models.TextField()
    traceback = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"{logging.getLevelName(self.level)} {self.name}: {self.message[:80]}"
