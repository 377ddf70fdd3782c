"""Codes of an authenticator app: RFC 6238 with SHA-1, six digits, steps of 30 seconds.

The step before and the one after the present one are accepted, too: clocks differ. Each step is
accepted once, in rising order.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pyotp
import segno
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import constant_time_compare

from hc.accounts import audit
from hc.accounts.models import Profile, User
from hc.accounts.services import recovery, second_factor, security_mails, tries
from hc.accounts.services.second_factor import Refused
from hc.api.models import Limit
from hc.lib.sealing import CannotUnseal, seal, unseal

STEP = 30
PER_DAY = Limit(96, timedelta(days=1))


class AlreadySetUp(Exception):
    """There is an authenticator app in this account."""


WRONG = "The code is wrong, or too old. Enter the one that the app shows now."
USED = "That code has been used. Wait for the next one."
UNREADABLE = (
    "Codes cannot be checked: the secret was stored with a key that this installation does not "
    "have any more. Use a recovery code, or ask the administrator to remove the authenticator app "
    "from your account."
)


def new_secret() -> str:
    """160 random bits, in base 32."""
    return pyotp.random_base32(32)


def uri(secret: str, email: str) -> str:
    """What the app reads from the picture: otpauth://totp/…"""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=settings.SITE_NAME)


def picture(text: str) -> str:
    """`text` as a QR code: SVG without inline styles."""
    drawn: str = segno.make(text, error="m").svg_inline(
        svgclass=None, lineclass=None, omitsize=True, border=2
    )
    return drawn


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step that `code` belongs to, out of the three that count; ASCII digits only."""
    if not re.fullmatch(r"[0-9]{6}", code):
        return None
    totp = pyotp.TOTP(secret)
    present = int(now.timestamp()) // STEP
    found = [
        step
        for step in (present - 1, present, present + 1)
        if constant_time_compare(totp.generate_otp(step), code)
    ]
    return found[0] if found else None


def set_up(user: User, secret: str, code: str, now: datetime) -> list[str]:
    """Store the secret, since `code` shows that the app has it.

    The recovery codes, if this is the first factor. Raises Refused, AlreadySetUp, TooMany.
    """
    tries.take(f"totp-{user.pk}", PER_DAY, now)
    step = matching_step(secret, _digits(code), now)
    if step is None:
        raise Refused(WRONG)
    Profile.of(user.pk)
    with transaction.atomic():
        rows = Profile.objects.filter(Q(totp=None) | Q(totp=""), user=user)
        if not rows.update(totp=seal(secret), totp_created=now, totp_step=step):
            raise AlreadySetUp
        audit.record("totp.added", audit.Target("Authenticator app"), user=user)
        security_mails.tell(
            user,
            "An authenticator app was added to your account",
            "From now on, signing in takes a code of that app, or another second factor.",
            now=now,
        )
        return recovery.first_codes(user, now)


def use(user: User, code: str, now: datetime) -> None:
    """Accept a code, once; raises Refused, TooMany.

    One conditional UPDATE, so that of many uses at once one succeeds. A secret that is stored
    plain, by an older version, is sealed by it.
    """
    tries.take(f"totp-{user.pk}", PER_DAY, now)
    stored = Profile.objects.filter(user=user).values_list("totp", flat=True).first()
    if not stored:
        raise Refused(WRONG)
    try:
        secret = unseal(stored)
    except CannotUnseal:
        raise Refused(UNREADABLE) from None
    step = matching_step(secret, _digits(code), now)
    if step is None:
        raise Refused(WRONG)
    fresh = Profile.objects.filter(Q(totp_step=None) | Q(totp_step__lt=step), user=user)
    # The stored text is compared, too: meanwhile another app may have taken the place of this one.
    if not fresh.filter(totp=stored).update(totp_step=step, totp=_sealed(stored, secret)):
        raise Refused(USED)


def remove(user: User, now: datetime) -> bool:
    """Take the app from the account; whether there was one."""
    with transaction.atomic():
        rows = Profile.objects.filter(user=user).exclude(totp=None)
        if not rows.update(totp=None, totp_created=None, totp_step=None):
            return False
        audit.record("totp.removed", audit.Target("Authenticator app"), user=user)
        security_mails.tell(
            user,
            "The authenticator app was removed from your account",
            second_factor.after_removal(user),
            now=now,
        )
        recovery.drop_if_useless(user)
    return True


def _sealed(stored: str, secret: str) -> str:
    return seal(secret) if stored == secret else stored


def _digits(code: str) -> str:
    """What was typed, without the blanks that apps show between groups of digits."""
    return code.replace(" ", "")
