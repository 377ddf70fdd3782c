"""Mails that came back: a message about a mail of ours that could not be delivered.

The mail system forwards what it gets at the addresses of EMAIL_MAIL_FROM_TMPL; their local parts
are signed, and say what the mail was about. Source: core 3.5 of the specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from uuid import UUID

from hc.accounts.models import User
from hc.accounts.services import closing, reports
from hc.alerts import feedback
from hc.alerts.feedback import Report
from hc.integrations.base import failed
from hc.lib.mail import BOUNCE_LIFETIME, one_line, read_bounce_id

# The report comes first, the mail that bounced after it.
MAX_BYTES = 128 * 1024
MAX_HEADER = 1000

_parser = BytesHeaderParser()


def receive(raw: bytes, now: datetime) -> str:
    """Take in a mail; the answer for the mail system, which need not come again in any case."""
    blocks = _header_blocks(raw[:MAX_BYTES])
    bounce_id = _bounce_id(next(blocks, None), now)
    if bounce_id is None:
        return "OK (bad signature)"
    report = next((found for block in blocks if (found := _report(block))), None)
    if report is None:
        return "OK (ignored)"
    kind, _, about = bounce_id.partition(".")
    if kind == "n":
        return _about_notification(about, report, now)
    if not report.is_dead:
        return "OK"
    if kind == "r":
        return _about_account(about)
    if f"{kind}." in closing.COLUMNS:
        closing.notice_came_back(bounce_id, failed(report.error).error)
    return "OK"


def _about_notification(code: str, report: Report, now: datetime) -> str:
    try:
        uuid = UUID(code)
    except ValueError:
        return "OK (notification not found)"
    known = feedback.record(uuid, report, now, within=BOUNCE_LIFETIME)
    return "OK" if known else "OK (notification not found)"


def _about_account(username: str) -> str:
    if not User.objects.filter(username=username).exists():
        return "OK (user not found)"
    reports.stop(username)
    return "OK"


# --- Reading the mail -------------------------------------------------------------------------


def _header_blocks(raw: bytes) -> Iterator[Message]:
    """The headers of the mail, and all blocks of text in it that may be a delivery report.

    The standard library's parser of whole mails is no match for malicious ones; and all that is
    wanted stands in one block of lines.
    """
    blocks = re.split(rb"\r?\n[ \t]*\r?\n", raw.lstrip())
    yield _parser.parsebytes(blocks[0])
    for block in blocks[1:]:
        if re.search(rb"^status:", block, re.IGNORECASE | re.MULTILINE) and re.search(
            rb"^action:", block, re.IGNORECASE | re.MULTILINE
        ):
            yield _parser.parsebytes(block)


def _bounce_id(mail: Message | None, now: datetime) -> str | None:
    if mail is None:
        return None
    address = parseaddr(_header(mail, "To"))[1]
    return read_bounce_id(address.rpartition("@")[0], now)


def _report(block: Message) -> Report | None:
    """What a delivery report says; None if it is none of a failure."""
    status = _header(block, "Status")
    found = re.match(r"[45]\.\d{1,3}\.\d{1,3}", status)
    if found is None or not _header(block, "Action"):
        return None
    code = found[0]
    diagnostic = re.sub(r"^smtp;\s*", "", _header(block, "Diagnostic-Code"), flags=re.IGNORECASE)
    error = f"Delivery failed ({diagnostic or f'SMTP status code: {code}'})"
    is_delayed = _header(block, "Action").lower() == "delayed"
    is_permanent = code.startswith("5.") and code != "5.4.4"
    return Report(error, is_final=not is_delayed, is_dead=is_permanent)


def _header(mail: Message, name: str) -> str:
    return one_line(str(mail.get(name, "")))[:MAX_HEADER]
