"""Log records as lines: time, level, logger, message, then what the caller added."""

from __future__ import annotations

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# What Django adds for its own handlers; the request may hold secrets.
_NOT_FOR_LINES = frozenset({"request", "status_code", "sql", "params", "alias", "duration"})


# The request that this thread or task is serving.
request_id: ContextVar[str] = ContextVar("request_id", default="")


class LineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = f"{_time(record)} {record.levelname} {record.name}: {record.getMessage()}"
        line += extras_of(record)
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class JsonFormatter(logging.Formatter):
    """One object a line; what the caller added stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_extras(record),
        }
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return json.dumps(said, default=str, ensure_ascii=False)


def extras_of(record: logging.LogRecord) -> str:
    """What the caller added, as " key=value key=value"."""
    return "".join(f" {name}={_word(value)}" for name, value in _extras(record).items())


def _extras(record: logging.LogRecord) -> dict[str, object]:
    found = {
        name: value
        for name, value in vars(record).items()
        if name not in _STANDARD and name not in _NOT_FOR_LINES
    }
    return {"request": request_id.get(), **found} if request_id.get() else found


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class MaskPaths(logging.Filter):
    """Django logs the paths of requests, and ours may hold ping codes and signed tokens."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                _SECRET_SEGMENT.sub("/…", a) if isinstance(a, str) else a for a in record.args
            )
        return True


_SECRET_SEGMENT = re.compile(r"/[^/]{20,}")


def _word(value: object) -> str:
    text = str(value)
    return repr(text) if not text or any(c.isspace() or c == '"' for c in text) else text
