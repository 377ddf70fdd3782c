from __future__ import annotations

import logging

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from hc.ops import adminmail
from hc.ops.adminmail import AdminMailHandler
from tests.factories import close_connection

pytestmark = pytest.mark.django_db(transaction=True)


def log(message: str, error: Exception | None = None) -> None:
    handler = AdminMailHandler()
    record = logging.LogRecord("hc", logging.ERROR, "file", 1, message, (), None)
    if error:
        record.exc_info = (type(error), error, error.__traceback__)
    handler.handle(record)
    adminmail.flush()
    adminmail._background.submit(close_connection)
    adminmail.flush()


def test_administrators_get_the_traceback_of_an_error(
    settings: Settings, mails: list[EmailMessage]
) -> None:
    settings.ADMINS = [("", "root@example.org")]
    log("step failed", ZeroDivisionError("oops"))
    (mail,) = mails
    assert mail.to == ["root@example.org"]
    assert mail.subject.endswith("step failed ZeroDivisionError")
    assert "ZeroDivisionError: oops" in mail.body


def test_not_more_than_a_few_of_each_sort(settings: Settings, mails: list[EmailMessage]) -> None:
    settings.ADMINS = [("", "root@example.org")]
    for _ in range(5):
        log("step failed")
    log("another")
    assert len(mails) == adminmail.PER_HOUR + 1


def test_without_administrators_nobody_is_written_to(
    settings: Settings, mails: list[EmailMessage]
) -> None:
    settings.ADMINS = []
    log("step failed")
    assert len(mails) == 0
