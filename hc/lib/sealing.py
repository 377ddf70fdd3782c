"""Secrets that have to be read again, as they are stored: encrypted by a key made of SECRET_KEY.

Fernet (AES-128-CBC with HMAC-SHA256), from the library `cryptography`. Values sealed by one of
SECRET_KEY_FALLBACKS can still be read.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

MARK = "sealed:"


class CannotUnseal(Exception):
    """The value was sealed by a key that is no longer known."""


def seal(text: str) -> str:
    """`text`, encrypted; for up to 100 characters the result is shorter than 255."""
    return MARK + _box().encrypt(text.encode()).decode("ascii")


def unseal(stored: str) -> str:
    """The text in a stored value; one that was never sealed is the text. Raises CannotUnseal."""
    if not stored.startswith(MARK):
        return stored
    try:
        return _box().decrypt(stored.removeprefix(MARK).encode("ascii")).decode()
    except InvalidToken:
        raise CannotUnseal from None


def _box() -> MultiFernet:
    return MultiFernet(
        [_fernet(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _fernet(secret: str) -> Fernet:
    digest = hashlib.sha256(b"hc.lib.sealing" + secret.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
