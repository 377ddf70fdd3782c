"""Signed texts in links, in the format of Django's signers (accounts 1.4 of the specification)."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.utils.crypto import constant_time_compare, salted_hmac

FRESH_SECONDS = 300  # mail scanners follow links right after delivery; people come later


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="alerts")


def unsubscribe_token(channel: UUID) -> str:
    """The signed part of a channel's unsubscribe link; it does not expire."""
    return _signer().sign(_channel_digest(channel, settings.SECRET_KEY))


def check_unsubscribe_token(channel: UUID, token: str) -> bool:
    try:
        digest = _signer().unsign(token)
    except BadSignature:
        return False
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(digest, _channel_digest(channel, key)) for key in keys)


def is_fresh(token: str) -> bool:
    """Whether a token was signed less than five minutes ago."""
    try:
        _signer().unsign(token, max_age=FRESH_SECONDS)
    except BadSignature:
        return False
    return True


def callback_token(notification: UUID) -> str:
    """What proves that an address for delivery callbacks was given out by us.

    The code alone does not: everybody who gets the message knows it.
    """
    return _callback_digest(notification, settings.SECRET_KEY)


def check_callback_token(notification: UUID, token: str) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(token, _callback_digest(notification, key)) for key in keys)


def _callback_digest(notification: UUID, key: str) -> str:
    signed = salted_hmac("hc.callback", str(notification), secret=key, algorithm="sha256")
    return signed.hexdigest()[:32]


def _channel_digest(channel: UUID, key: str) -> str:
    return hashlib.sha256(f"{channel}{key}".encode()).hexdigest()
