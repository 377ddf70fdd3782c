"""The log in the admin pages: to be read and cleared."""

from __future__ import annotations

import logging

from django.contrib import admin
from django.db.models import Q

from hc.lib.admin import Journal, pick
from hc.logs.models import Record

LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)
SHOWN = 300


@admin.register(Record)
class RecordAdmin(Journal[Record]):
    list_display = ("created", "host", "source", "text")
    list_filter = (
        "created",
        pick("level", "level", {logging.getLevelName(n): Q(level=n) for n in LEVELS}),
    )
    list_per_page = 200
    search_fields = ("name", "message")
    fields = ("created", "host", "source", "message", "traceback")
    readonly_fields = ("source",)
    ordering = ("-pk",)

    @admin.display(description="Level and logger", ordering="level")
    def source(self, record: Record) -> str:
        return f"{logging.getLevelName(record.level)} {record.name}"

    @admin.display(description="Message")
    def text(self, record: Record) -> str:
        """The message, and the last line of the traceback, which names the exception."""
        lines = [record.message, *record.traceback.strip().splitlines()[-1:]]
        return " – ".join(line[:SHOWN] for line in lines)
