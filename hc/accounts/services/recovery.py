"""Recovery codes: ten, each of which stands in for a lost second factor once.

Each has 80 random bits, so its plain SHA-256 may be stored: it gives nothing away, and codes
outlive a change of SECRET_KEY, which authenticator apps do not.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db import transaction

from hc.accounts import audit
from hc.accounts.models import RecoveryCode, User
from hc.accounts.services import second_factor, security_mails, tries
from hc.api.models import Limit
from hc.core.words import count
from hc.lib.secrets import random_string

NUMBER = 10
FEW = 3
# Without letters that look like digits, or like each other.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz0"
LENGTH, GROUP = 16, 4
PER_DAY = Limit(20, timedelta(days=1))


def first_codes(user: User, now: datetime) -> list[str]:
    """Codes for an account that has just got its first factor; none if it has some already.

    Inside of a transaction.
    """
    if RecoveryCode.objects.filter(user=user, used=None).exists():
        return []
    return _make(user, now)


def make_new(user: User, now: datetime) -> list[str]:
    """Ten new codes; the former ones end."""
    with transaction.atomic():
        codes = _make(user, now)
        audit.record("recovery.made", audit.Target("Recovery codes"), user=user)
        security_mails.tell(
            user,
            "New recovery codes were made for your account",
            "The former codes work no more. Keep the new ones where you find them without your "
            "phone or key.",
            now=now,
        )
    return codes


def use(user: User, code: str, now: datetime) -> int:
    """Accept a code, once; how many are left. Raises Refused, TooMany."""
    name = f"recovery-{user.pk}"
    tries.take(name, PER_DAY, now)
    with transaction.atomic():
        unused = RecoveryCode.objects.filter(user=user, used=None, digest=_digest(user, code))
        if not unused.update(used=now):
            raise second_factor.Refused("That is no recovery code of yours, or it has been used.")
        left = RecoveryCode.objects.filter(user=user, used=None).count()
        audit.record("recovery.used", user=user, details={"left": left})
        security_mails.tell(
            user,
            "A recovery code of your account was used",
            f"It stood in for your second factor. You have {count(left, 'code')} left."
            + (" Make new ones on the security page." if left <= FEW else ""),
            now=now,
        )
    tries.give_back(name, PER_DAY)
    return left


def drop_if_useless(user: User) -> None:
    """Without a second factor there is nothing that codes could stand in for."""
    if not second_factor.is_on(user):
        RecoveryCode.objects.filter(user=user).delete()


def _make(user: User, now: datetime) -> list[str]:
    User.objects.select_for_update().get(pk=user.pk)  # two at once would leave twenty
    RecoveryCode.objects.filter(user=user).delete()
    codes = [random_string(LENGTH, ALPHABET) for _ in range(NUMBER)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, digest=_digest(user, code), created=now) for code in codes
    )
    return ["-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP)) for code in codes]


def _digest(user: User, code: str) -> str:
    """However it was typed: in capitals, with blanks, without dashes, with the letter O for 0."""
    plain = "".join(c for c in code.lower().replace("o", "0") if c in ALPHABET)
    return hashlib.sha256(f"recovery {user.pk} {plain}".encode()).hexdigest()
