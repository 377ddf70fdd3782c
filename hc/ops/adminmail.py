"""Mails to ADMINS about errors: through the queue, and not more than a few of each sort."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import close_old_connections, transaction
from django.utils import timezone

from hc.lib.background import Background
from hc.lib.logging import LineFormatter, MaskPaths
from hc.lib.mail import Mail

PER_HOUR = 3

_background = Background("admin-mail", 100)


class AdminMailHandler(logging.Handler):
    """Time, message and traceback of an error. No values of variables, headers or forms."""

    def __init__(self, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.setFormatter(LineFormatter())
        self.addFilter(MaskPaths())

    def emit(self, record: logging.LogRecord) -> None:
        if not settings.ADMINS or settings.DEBUG:
            return
        where = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        subject = " ".join(filter(None, [settings.SITE_NAME, record.getMessage(), where]))[:200]
        text = self.format(record)
        _background.submit(lambda: _post(f"{record.name} {record.msg} {where}", subject, text))


def flush() -> None:
    """Wait until all mails are queued."""
    _background.wait()


def _post(sort: str, subject: str, text: str) -> None:
    # Logging is set up before the models.
    from hc.api.models import Limit, TokenBucket  # noqa: PLC0415
    from hc.api.models.token_bucket import private_name  # noqa: PLC0415
    from hc.api.services import mails  # noqa: PLC0415

    close_old_connections()
    try:
        now = timezone.now()
        limit = Limit(PER_HOUR, timedelta(hours=1))
        with transaction.atomic():
            if TokenBucket.authorize(private_name("error", sort), limit, now):
                letters = [Mail(address, subject, text, "") for _, address in settings.ADMINS]
                mails.post_all(letters, now)
    finally:
        close_old_connections()
