"""What an account asks for besides the first factor: security keys, an authenticator app, and the
recovery codes that stand in for either."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from hc.accounts.models import Credential, Profile, RecoveryCode, User
from hc.lib.sealing import CannotUnseal, unseal


class Refused(Exception):
    """A proof is not accepted; the text says why, for the person who gave it."""


@dataclass(frozen=True, slots=True)
class Factors:
    """What one account has. `usable`: names of what works here and now, the usual way first."""

    keys: int
    has_totp: bool
    totp_works: bool
    codes: int

    @property
    def is_on(self) -> bool:
        return self.keys > 0 or self.has_totp

    @property
    def count(self) -> int:
        return self.keys + self.has_totp

    @property
    def keys_work(self) -> bool:
        return self.keys > 0 and bool(settings.RP_ID)

    @property
    def usable(self) -> list[str]:
        works = {"key": self.keys_work, "totp": self.totp_works, "recovery": self.codes > 0}
        return [name for name, is_there in works.items() if is_there]


def of(user: User) -> Factors:
    """The factors of an account."""
    stored = _stored_totp(user)
    return Factors(
        keys=Credential.objects.filter(user=user).count(),
        has_totp=bool(stored),
        totp_works=bool(stored) and _readable(stored),
        codes=RecoveryCode.objects.filter(user=user, used=None).count(),
    )


def is_on(user: User) -> bool:
    """Whether a password or a link is not enough to sign in."""
    return bool(_stored_totp(user)) or Credential.objects.filter(user=user).exists()


def first_step(factors: Factors) -> str:
    """Which step to begin with: "key", "totp" or "recovery"; that of what there is, if nothing
    works."""
    return factors.usable[0] if factors.usable else ("totp" if factors.has_totp else "key")


def after_removal(user: User) -> str:
    """What the removal of a factor means, for a mail."""
    if is_on(user):
        return "Your other second factors work as before."
    return (
        "It was the last second factor: from now on, the password or a mailed link is enough to "
        "sign in."
    )


def _stored_totp(user: User) -> str:
    return Profile.objects.filter(user=user).values_list("totp", flat=True).first() or ""


def _readable(stored: str) -> bool:
    try:
        unseal(stored)
    except CannotUnseal:
        return False
    return True
