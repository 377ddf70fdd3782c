"""Log records as lines: time, level, logger, message, then key=value of what the caller added."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# What Django adds for its own handlers; the request may hold secrets.
_NOT_FOR_LINES = frozenset({"request", "status_code", "sql", "params", "alias", "duration"})


class LineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        extras = "".join(
            f" {name}={_word(value)}"
            for name, value in vars(record).items()
            if name not in _STANDARD and name not in _NOT_FOR_LINES
        )
        line = f"{moment}Z {record.levelname} {record.name}: {record.getMessage()}{extras}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


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
