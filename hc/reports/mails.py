"""Reports and reminders as mails, in text and HTML. Neither gives a check's ping address away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from hc.accounts.models import Project, User
from hc.accounts.services.reports import unsubscribe_token
from hc.api.models import Check
from hc.core import words
from hc.core.state import Shown
from hc.lib.links import absolute
from hc.lib.mail import Mail
from hc.reports.dates import Span
from hc.reports.figures import Section, natural, summary
from hc.reports.letters import letter, link_to

NAMES = {"daily": "Daily", "weekly": "Weekly", "monthly": "Monthly"}
# Of the text part.
STATUS, LABEL, CELL = 8, 32, 28


def report(user: User, kind: str, spans: Sequence[Span], sections: Sequence[Section]) -> Mail:
    """`kind`: daily, weekly or monthly; `spans`: what is covered, the newest first."""
    number, outages = summary(sections)
    facts = {
        "name": NAMES[kind],
        "spans": spans,
        "when": _when(kind, spans[0]),
        "troubled": words.count(number, "check"),
        "outages": words.count(outages, "downtime"),
        "has_outages": bool(outages),
        "projects": [_as_table(section, spans) for section in sections],
    }
    subject = f"{NAMES[kind]} report: {facts['outages'] if outages else 'no downtime'}"
    return _mail(user, subject, "report", facts)


def reminder(user: User, period: timedelta, checks: Sequence[Check], now: datetime) -> Mail:
    """Of the checks that are down; `period`: how often it comes."""
    by_project: dict[Project, list[Check]] = {}
    for check in sorted(checks, key=lambda check: (natural(check.label()), check.pk)):
        by_project.setdefault(check.project, []).append(check)
    ordered = sorted(by_project, key=lambda project: (natural(str(project)), project.pk))
    facts = {
        "number": words.count(len(checks), "check"),
        "are": "is" if len(checks) == 1 else "are",
        "often": "hourly" if period <= timedelta(hours=1) else "daily",
        "projects": [
            (str(project), [_as_item(check, now) for check in by_project[project]])
            for project in ordered
        ],
    }
    subject = f"Reminder: {facts['number']} still down"
    return _mail(user, subject, "reminder", facts)


def _mail(user: User, subject: str, template: str, facts: dict[str, Any]) -> Mail:
    link = absolute(reverse("hc-unsubscribe-reports", args=[unsubscribe_token(user)]))
    facts |= {
        "unsubscribe_url": link,
        "preferences_url": absolute(reverse("hc-notifications")),
    }
    mail = letter(user.email, template, subject, facts)
    headers = {
        **mail.headers,
        "List-Unsubscribe": f"<{link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return replace(mail, headers=headers, bounce_id=f"r.{user.username}")


def _when(kind: str, span: Span) -> str:
    named = {"daily": f"Yesterday ({span.name})", "weekly": f"Last week ({span.name})"}
    return named.get(kind, f"In {span.name}")


def _as_table(section: Section, spans: Sequence[Span]) -> dict[str, Any]:
    """A project for both parts of the mail."""
    lines = [
        {
            "label": line.check.label(),
            "tags": line.check.tags_list(),
            "link": link_to(line.check),
            "shown": _word(line.shown),
            "cells": line.cells,
        }
        for line in section.lines
    ]
    head = _row("", "", [span.name for span in spans])
    rows = [
        _row(_word(line.shown), line.check.label(), [cell.text for cell in line.cells])
        for line in section.lines
    ]
    return {"name": str(section.project), "lines": lines, "text": "\n".join([head, *rows])}


def _word(shown: Shown) -> str:
    return "late" if shown is Shown.GRACE else str(shown)


def _row(status: str, label: str, cells: Sequence[str]) -> str:
    row = f"{_fit(status, STATUS)}{_fit(label, LABEL)}  "
    return (row + "".join(_fit(text, CELL) for text in cells)).rstrip()


def _fit(text: str, width: int) -> str:
    return f"{text if len(text) <= width else text[: width - 1] + '…':{width}}"


def _as_item(check: Check, now: datetime) -> dict[str, str]:
    ago = f"{words.age(now - check.last_ping)} ago" if check.last_ping else "never"
    return {"label": check.label(), "link": link_to(check), "last_ping": ago}
