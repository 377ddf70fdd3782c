"""Keeps log records in the table that operators read in the admin, without holding anybody up."""

from __future__ import annotations

import logging
import socket
from datetime import UTC, datetime

from django.db import close_old_connections

from hc.lib.background import Background
from hc.lib.logging import extras_of

_background = Background("log")


class DatabaseHandler(logging.Handler):
    """A database that is away loses records: they are on standard output, too."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            columns = {
                "created": datetime.fromtimestamp(record.created, UTC),
                "host": socket.gethostname()[:50],
                "name": record.name[:100],
                "level": record.levelno,
                "message": f"{record.getMessage()}{extras_of(record)}",
                "traceback": _traceback(record),
            }
        except Exception:  # noqa: BLE001 - whatever it is, the caller must not hear of it
            self.handleError(record)
            return
        _background.submit(lambda: _store(columns))


def flush() -> None:
    """Wait until all records are stored."""
    _background.wait()


def _traceback(record: logging.LogRecord) -> str:
    return logging.Formatter().formatException(record.exc_info) if record.exc_info else ""


def _store(columns: dict[str, object]) -> None:
    from hc.logs.models import Record  # noqa: PLC0415 - logging is set up before the models

    close_old_connections()
    try:
        Record.objects.create(**columns)
    finally:
        close_old_connections()
