"""Proving once more who one is, before something that matters: limits, and codes sent by mail.

A second factor is asked for if there is one, else the password. Who has neither, or has forgotten
it, gets a code by mail: whoever reads the mailbox could sign in by a mailed link as well.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from hc.accounts.models import User
from hc.accounts.services import second_factor, tries
from hc.accounts.services.second_factor import Refused
from hc.accounts.services.security_mails import Letter, post
from hc.api.models import Limit

CONFIRMED_FOR = timedelta(minutes=30)
CODE_LIFETIME = timedelta(minutes=15)
TRIES_PER_CODE = Limit(5, timedelta(days=1))
WRONG_PER_DAY = Limit(10, timedelta(days=1))
WHAT = (
    "Somebody, probably you, is about to change something that matters in your account. Enter this "
    "code on the page that asks for it:"
)
UNASKED = (
    "It works within 15 minutes, and only in the browser that asked for it. If you did not ask for "
    "it, give it to nobody, and look at where you are signed in."
)
MAILS_PER_DAY = Limit(20, timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was mailed, as the session keeps it: only a keyed hash of its six digits."""

    name: str
    digest: str
    sent: float

    def is_live(self, now: datetime) -> bool:
        return now.timestamp() - self.sent < CODE_LIFETIME.total_seconds()

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def ways(user: User) -> list[str]:
    """How this person may confirm who they are, the usual way first; empty if nothing works."""
    factors = second_factor.of(user)
    if factors.is_on:
        return [way for way in ("key", "totp", "recovery") if way in factors.usable]
    mail = ["mail"] if settings.EMAIL_HOST else []
    return (["password"] if user.has_usable_password() else []) + mail


def check_password(user: User, password: str, now: datetime) -> None:
    """Raises Refused if it is wrong, and TooMany."""
    name = f"sudo-{user.pk}"
    tries.take(name, WRONG_PER_DAY, now)
    if not user.check_password(password):
        raise Refused("The password is wrong.")
    tries.give_back(name, WRONG_PER_DAY)


def send_code(user: User, now: datetime) -> Code:
    """Mail a new code; raises TooMany."""
    tries.take(f"sudo-mail-{user.pk}", MAILS_PER_DAY, now)
    digits = f"{secrets.randbelow(1_000_000):06}"
    name = secrets.token_hex(8)
    letter = Letter(
        f"{digits} is your code for {settings.SITE_NAME}", "Is it you?", (WHAT,), UNASKED, digits
    )
    post(user, letter, now, use=CODE_LIFETIME)
    return Code(name, _digest(user, name, digits), now.timestamp())


def check_code(user: User, code: Code | None, digits: str, now: datetime) -> None:
    """Raises Refused if it is not the one that was mailed, is too old, or has had five wrong
    tries; raises TooMany after too many wrong ones in a day."""
    if code is None or not code.is_live(now):
        raise Refused("This code works no more. Ask for a new one.")
    name = f"sudo-{user.pk}"
    tries.take(name, WRONG_PER_DAY, now)
    try:
        tries.take(f"sudo-code-{code.name}", TRIES_PER_CODE, now)
    except tries.TooMany:
        raise Refused(
            "After five wrong tries this code works no more. Ask for a new one."
        ) from None
    if not constant_time_compare(code.digest, _digest(user, code.name, digits)):
        raise Refused("The code is wrong.")
    tries.give_back(name, WRONG_PER_DAY)


def _digest(user: User, name: str, digits: str) -> str:
    value = f"{user.pk} {user.email} {name} {digits}"
    return salted_hmac("hc.accounts.sudo", value, algorithm="sha256").hexdigest()
