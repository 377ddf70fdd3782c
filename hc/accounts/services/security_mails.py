"""Mails about the security of an account: one look, words of their own for each occasion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.urls import reverse

from hc.accounts import audit
from hc.accounts.models import Profile, User
from hc.accounts.services import account_mails
from hc.core import zones
from hc.lib.links import absolute
from hc.lib.mail import one_line

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says. `code`: shown large; `facts`: (label, value) below the text."""

    subject: str
    heading: str
    paragraphs: tuple[str, ...]
    closing: str
    code: str = ""
    facts: tuple[tuple[str, str], ...] = ()


WAS_IT_YOU = (
    "If this was not you, somebody else is in your account. Sign in, end the other sessions on "
    "the security page, and set a new password there."
)


def tell(user: User, subject: str, *paragraphs: str, now: datetime, agent: str = "") -> None:
    """Mail that the security of the account has changed: what, when, from where."""
    facts = [("When", _local(user, now))]
    if address := audit.actor().address:
        facts.append(("From", address))
    if agent:
        facts.append(("Browser", agent))
    post(user, Letter(subject, subject, paragraphs, WAS_IT_YOU, facts=tuple(facts)), now)


def post(user: User, letter: Letter, now: datetime, *, use: timedelta = DAY) -> None:
    """Queue a letter; after `use` it is not tried any more."""
    facts = {"letter": letter, "email": user.email, "security": absolute(reverse("hc-security"))}
    subject = one_line(letter.subject)
    account_mails.send(user.email, "security", subject, facts, now=now, use=use)


def _local(user: User, now: datetime) -> str:
    zone = zones.canonical(Profile.of(user.pk).tz) or "UTC"
    return f"{now.astimezone(ZoneInfo(zone)):%A, %-d %B %Y, %H:%M} ({zone})"
