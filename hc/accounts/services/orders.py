"""Mails that are written only when they are sent: the answer to a request of a stranger.

Whoever asks for a sign-in link or an account must not see whether the address has one: neither in
the answer nor in the time it takes. So the request only queues an order, the same one for every
address, without looking anything up; the alert loop, which sends the mails, carries it out. An
order is a queued mail without texts, whose headers hold what is to be done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from hc.accounts.audit import Actor, acting
from hc.accounts.models import EmailChange, User, Via
from hc.accounts.services import account_mails, accounts, login, policies
from hc.api.models import DeliveryState, QueuedMail
from hc.api.services import mails
from hc.lib.mail import Mail

_KEY = "order"


@dataclass(frozen=True, slots=True)
class Order:
    """What a stranger asked for. `tz`, `address`: of the browser; `next_url`: where to land."""

    wants_account: bool = False
    tz: str = ""
    next_url: str = ""
    address: str | None = None


def place(email: str, order: Order, now: datetime) -> None:
    """Queue an order for the mailbox `email`."""
    facts = {
        "wants_account": order.wants_account,
        "tz": order.tz,
        "next_url": order.next_url,
        "address": order.address,
    }
    nothing_yet = Mail(to=email, subject="", text="", html="", headers={_KEY: facts})  # type: ignore[dict-item]  # JSON
    mails.post(nothing_yet, now, use=login.LINK_LIFETIME)


def is_order(row: QueuedMail) -> bool:
    return _KEY in row.headers


def fulfil(row: QueuedMail, now: datetime) -> bool:
    """Write the mail that an order is for, in its row; whether there is one to send.

    All in one transaction, so that a crash neither loses nor repeats anything. The link counts
    from the moment it was asked for.
    """
    order = Order(**row.headers[_KEY])
    with transaction.atomic(), acting(Actor(Via.WEB, row.to, None, order.address)):
        mail = _write(row.to, order, row.created)
        if mail is None:
            _settle(row, now)
            return False
        row.subject, row.text, row.html, row.headers = (
            mail.subject,
            mail.text,
            mail.html,
            dict(mail.headers),
        )
        _update(row, subject=row.subject, text=row.text, html=row.html, headers=row.headers)
    return True


def _write(email: str, order: Order, now: datetime) -> Mail | None:
    user = User.objects.by_email(email)
    if user is not None:
        return login.link_letter(user, now, next_url=order.next_url) if user.is_active else None
    if not order.wants_account or not policies.may_sign_up(email):
        return None
    if kept_until := _kept_for_another(email, now):
        return account_mails.letter(
            email, "kept", "This address is not free yet", {"until": kept_until}
        )
    try:
        user = accounts.create_account(email, tz=order.tz, confirmed=False)
    except accounts.AddressTaken:  # by another process, this very moment
        user = User.objects.get(email=email)
        return login.link_letter(user, now) if user.is_active else None
    return login.welcome_letter(user, now)


def _kept_for_another(email: str, now: datetime) -> datetime | None:
    """Until when the account that had this address may still take it back."""
    kept = EmailChange.objects.takeable(now).filter(old=email).order_by("-confirmed").first()
    return kept.confirmed + EmailChange.UNDO if kept and kept.confirmed else None


def _settle(row: QueuedMail, now: datetime) -> None:
    """There is nothing to send."""
    _update(row, state=DeliveryState.SENT, due=None, settled=now, headers={})


def _update(row: QueuedMail, **columns: Any) -> None:
    QueuedMail.objects.filter(pk=row.pk).update(**columns)
