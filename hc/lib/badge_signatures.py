"""Signatures in the addresses of badges, so that nobody can ask for tags by guessing them.

They stand in pages of other people: the formula is for ever. Source: http-api 4.1.
"""

from __future__ import annotations

import base64

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

LENGTH = 8


def sign(badge_key: str, tag: str) -> str:
    """The signature for `tag` in the project with this key; `*` is the project as a whole."""
    return _signature(badge_key, tag, settings.SECRET_KEY)


def is_valid(badge_key: str, tag: str, signature: str) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(signature, _signature(badge_key, tag, key)) for key in keys)


def _signature(badge_key: str, tag: str, secret: str) -> str:
    """base64url(HMAC-SHA1(key = SHA-1(badge_key + secret), message = tag)), cut."""
    digest = salted_hmac(badge_key, tag, secret=secret).digest()
    return base64.urlsafe_b64encode(digest).decode()[:LENGTH]
