"""Mails about what happens to an account: security notices, and codes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.urls import reverse

from hc.accounts import audit
from hc.accounts.models import User
from hc.accounts.services import account_mails
from hc.lib.links import absolute

WEEK = timedelta(days=7)
NOT_YOU = (
    "If that was not you, somebody else can get into your account: sign in, set a new password, "
    "and sign out all other browsers on the security page."
)


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says. `code`: what is to be typed somewhere; `closing`: small, at the end."""

    subject: str
    heading: str
    paragraphs: tuple[str, ...]
    code: str = ""
    closing: str = ""
    link: str = ""
    label: str = ""


def post(user: User, letter: Letter, now: datetime, *, use: timedelta = WEEK) -> None:
    """Queue a mail to the owner of an account, in the caller's transaction."""
    facts = asdict(letter)
    account_mails.send(user.email, "letter", letter.subject, facts, now=now, use=use)


def tell(user: User, subject: str, text: str, *, now: datetime, agent: str = "") -> None:
    """Tell the owner of an account that something about its security has changed.

    `agent`: the browser in which it was done. From where is known to the audit log.
    """
    where = " ".join(part for part in (agent, audit.actor().address or "") if part)
    place = (f"{now:%-d %B %Y, %H:%M} UTC, {where}" if where else f"{now:%-d %B %Y, %H:%M} UTC",)
    link = absolute(reverse("hc-security"))
    post(user, Letter(subject, subject, (text, *place), "", NOT_YOU, link, "Look at it"), now)
