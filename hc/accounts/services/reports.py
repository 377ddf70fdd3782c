"""What mails about their checks a person wants: reports, reminders, or none."""

from __future__ import annotations

from datetime import timedelta

from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction

from hc.accounts import audit
from hc.accounts.models import Profile, User
from hc.lib.signing import FRESH_SECONDS


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="reports")


def unsubscribe_token(user: User) -> str:
    """The signed part of the link that stops reports and reminders; it does not expire."""
    return _signer().sign(user.username)


def username_in(token: str) -> str | None:
    """Whom a link is about; None if it was tampered with."""
    try:
        return _signer().unsign(token)
    except BadSignature:
        return None


def is_fresh(token: str) -> bool:
    """Whether a link was made less than five minutes ago."""
    try:
        _signer().unsign(token, max_age=FRESH_SECONDS)
    except BadSignature:
        return False
    return True


def stop(username: str) -> None:
    """No more reports and reminders; nothing happens if the account is gone, or gets none."""
    with transaction.atomic():
        profile = Profile.objects.select_for_update().filter(user__username=username).first()
        if profile is None:
            return
        Profile.objects.filter(pk=profile.pk).update(
            reports="off", nag_period=timedelta(0), next_report_date=None, next_nag_date=None
        )
        if profile.reports != "off" or profile.nag_period:
            audit.record("account.unsubscribed", user=profile.user_id)
