from __future__ import annotations

import logging
import sys

import pytest

from hc.logs import handler
from hc.logs.handler import DatabaseHandler
from hc.logs.models import Record
from tests.factories import close_connection


def store(record: logging.LogRecord) -> None:
    DatabaseHandler().handle(record)
    handler.flush()
    handler._background.submit(close_connection)
    handler.flush()


def record(message: str = "step %s", args: tuple[object, ...] = ("one",)) -> logging.LogRecord:
    return logging.LogRecord("hc.alerts", logging.ERROR, "file", 1, message, args, None)


@pytest.mark.django_db(transaction=True)
def test_a_record_is_kept_with_what_the_caller_added() -> None:
    said = record()
    said.action = "sweep"
    try:
        raise ZeroDivisionError("oops")
    except ZeroDivisionError:
        said.exc_info = sys.exc_info()
    store(said)
    row = Record.objects.get()
    assert (row.name, row.level, row.message) == ("hc.alerts", 40, "step one action=sweep")
    assert "ZeroDivisionError: oops" in row.traceback


def test_a_record_that_cannot_be_kept_breaks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    store(record("%d", ("no number",)))
