"""The alert as a mail: subject, facts, the last ping's body, a way to unsubscribe."""

from __future__ import annotations

import email
import email.policy
import textwrap
from collections.abc import Sequence
from email.message import EmailMessage, Message
from typing import Any, cast

from django.template.loader import render_to_string

from hc.core import words
from hc.core.schedule import Cron, OnCalendar
from hc.core.state import Reason
from hc.integrations.base import Alert, LastPing, Outcome, Wire, dead, delivered, failed, retry
from hc.integrations.email.config import EmailConfig
from hc.lib.mail import Mail, MailError, one_line

MAX_BODY = 10_000
MOST_LISTED = 200
TEXT_WIDTH = 80


async def send(alert: Alert, config: EmailConfig, wire: Wire) -> Outcome:
    return await _send(alert, compose(alert, config), wire)


async def send_many(alerts: Sequence[Alert], config: EmailConfig, wire: Wire) -> Outcome:
    return await _send(alerts[0], compose_many(alerts, config), wire)


async def _send(alert: Alert, mail: Mail, wire: Wire) -> Outcome:
    if not alert.verified:
        return failed("Email not verified")
    try:
        await wire.mail.send_async(mail)
    except MailError as e:
        return _outcome_of(e)
    return delivered()


def _outcome_of(error: MailError) -> Outcome:
    if error.dead:
        return dead(str(error))
    return failed(str(error)) if error.permanent else retry(str(error))


def compose(alert: Alert, config: EmailConfig) -> Mail:
    """The message for one alert."""
    facts = _facts(alert)
    text = render_to_string("integrations/email/alert.txt", facts)
    return Mail(
        to=config.address,
        subject=one_line(f"{alert.status.upper()} | {alert.check.label}"),
        text=text,
        html=render_to_string("integrations/email/alert.html", facts),
        headers=_headers(alert),
        bounce_id=f"n.{alert.id}",
        attachment=_original(alert.last_ping),
        message_id=str(alert.id),
    )


def compose_many(alerts: Sequence[Alert], config: EmailConfig) -> Mail:
    """One message for many checks of a project that went the same way."""
    first = alerts[0]
    named = sorted(alerts, key=lambda alert: (alert.check.label.lower(), alert.at))
    facts = {
        "alert": first,
        "count": len(alerts),
        "down": first.status == "down",
        "site_name": first.site.name,
        "logo_url": first.site.logo_url,
        "lines": [_line(alert) for alert in named[:MOST_LISTED]],
        "unlisted": max(0, len(named) - MOST_LISTED),
        "project_link": f"{first.site.root}/projects/{first.project.code}/checks/",
        "projects": first.reader.projects,
    }
    number = words.count(len(alerts), "check")
    return Mail(
        to=config.address,
        subject=one_line(f"{first.status.upper()} | {number} of {first.project.name}"),
        text=render_to_string("integrations/email/alert_many.txt", facts),
        html=render_to_string("integrations/email/alert_many.html", facts),
        headers={k: v for k, v in _headers(first).items() if k != "References"},
        bounce_id=f"n.{first.id}",
        message_id=str(first.id),
    )


def _line(alert: Alert) -> dict[str, str]:
    """What the message about many checks says of one of them."""
    because = {Reason.TIMEOUT: "no ping in time", Reason.FAIL: "failure signal"}
    after = f"after {words.downtime(alert.downtime)}" if alert.downtime else ""
    return {
        "label": alert.check.label,
        "link": alert.link,
        "at": alert.at.astimezone(alert.reader.tz).strftime("%d %b %H:%M"),
        "why": because.get(alert.reason, after),
    }


def _headers(alert: Alert) -> dict[str, str]:
    thread = f"<check.{alert.check.unique_key}@{alert.site.root.partition('://')[2]}>"
    return {
        "List-Unsubscribe": f"<{alert.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        "References": thread,
        "X-Entity-Ref-ID": str(alert.id),
    }


def _facts(alert: Alert) -> dict[str, Any]:
    """What both parts of the message say; times in the reader's zone."""
    ping = alert.last_ping
    body, cut = _body(ping)
    return {
        "alert": alert,
        "site_name": alert.site.name,
        "logo_url": alert.site.logo_url,
        "down": alert.status == "down",
        "downtime": words.downtime(alert.downtime) if alert.downtime else "",
        "rows": _rows(alert),
        "body": body,
        "body_wrapped": "\n".join(_wrapped(body)),
        "body_cut": cut,
        "max_body": f"{MAX_BODY:,}",
        "unread": f"{ping.unread:,}" if ping and ping.unread else "",
        "ping_link": f"{alert.link}#ping-{ping.n}" if ping else alert.link,
        "subject_of_ping": _subject(ping),
        "projects": alert.reader.projects,
    }


def _rows(alert: Alert) -> list[tuple[str, str]]:
    """The facts as (name, value), in their order."""
    check, ping = alert.check, alert.last_ping
    rows = [
        ("Project", alert.project.name),
        ("Tags", " ".join(check.tags)),
        *_schedule_rows(alert),
        ("Total pings", f"{check.n_pings} since {_date(alert, check.created)}"),
    ]
    if ping:
        source = f" from {ping.remote_addr}" if ping.remote_addr else ""
        age = words.brief(alert.at - ping.at) if alert.at > ping.at else "0 s"
        rows.append(("Last ping", f"{_kind_of(ping)}, {age} before{source}"))
    else:
        rows.append(("Last ping", "Never"))
    rows.append(("Time", alert.at.astimezone(alert.reader.tz).strftime("%a, %d %b %Y %H:%M:%S %z")))
    return [(name, value) for name, value in rows if value]


def _schedule_rows(alert: Alert) -> list[tuple[str, str]]:
    schedule = alert.check.schedule
    grace = ("Grace time", words.period(alert.check.grace))
    if isinstance(schedule, Cron | OnCalendar):
        return [("Schedule", schedule.expression), ("Time zone", schedule.tz), grace]
    return [("Schedule", words.schedule(schedule)), grace]


def _date(alert: Alert, moment: Any) -> str:
    return str(moment.astimezone(alert.reader.tz).strftime("%-d %b %Y"))


def _kind_of(ping: LastPing) -> str:
    if ping.exitstatus:
        return f"Exit status {ping.exitstatus}"
    return {"success": "Success", "fail": "Failure", "start": "Start", "log": "Log"}.get(
        str(ping.kind), "Ignored"
    )


def _body(ping: LastPing | None) -> tuple[str, bool]:
    """The end of the body, and whether something before it was left out; none for mail pings."""
    if ping is None or ping.by_mail or not ping.body:
        return "", False
    text = ping.text()
    return text[-MAX_BODY:], len(text) > MAX_BODY


def _wrapped(text: str) -> list[str]:
    lines = []
    for line in text.splitlines():
        lines += textwrap.wrap(line, TEXT_WIDTH, drop_whitespace=False) or [""]
    return lines


def _parsed(ping: LastPing | None) -> EmailMessage | None:
    if ping is None or not ping.by_mail or not ping.body:
        return None
    return email.message_from_bytes(ping.body, policy=email.policy.SMTP)


def _subject(ping: LastPing | None) -> str:
    message = _parsed(ping)
    return one_line(str(message.get("Subject", ""))) if message else ""


def _original(ping: LastPing | None) -> EmailMessage | None:
    """The mail that was the last ping, without the messages nested in it.

    Text parts are encoded afresh, because their lines may be longer than mail allows.
    """
    message = _parsed(ping)
    if message is None:
        return None
    for part in message.walk():
        if part.is_multipart():
            kept = [p for p in part.iter_parts() if p.get_content_type() != "message/rfc822"]
            part.set_payload(cast("list[Message[str, str] | str]", kept))
        elif part.get_content_maintype() == "text":
            _encode_afresh(part)
    return message


def _encode_afresh(part: EmailMessage) -> None:
    raw = part.get_payload(decode=True)
    data = raw if isinstance(raw, bytes) else b""
    try:
        text = data.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset nobody knows
        text = data.decode("utf-8", "replace")
    disposition = part.get("Content-Disposition")
    part.set_content(text, subtype=part.get_content_subtype(), cte="base64")
    if disposition and "Content-Disposition" not in part:
        part["Content-Disposition"] = disposition
