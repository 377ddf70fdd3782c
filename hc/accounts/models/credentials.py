"""What people prove their identity with, besides the password: keys and mailed tokens."""

from __future__ import annotations

import uuid

from django.db import models

from hc.accounts.models.user import User


class Credential(models.Model):
    """A WebAuthn security key; `data` is its attested credential data."""

    code = models.UUIDField(default=uuid.uuid4, unique=True)
    name = models.CharField(max_length=100)
    user = models.ForeignKey(User, models.CASCADE, related_name="credentials")
    created = models.DateTimeField(auto_now_add=True)
    data = models.BinaryField()
    # SHA-256 of the credential id in hex: no key can be registered twice. NULL in older rows.
    digest = models.CharField(max_length=64, null=True, blank=True, unique=True)
    # How often it has signed, by its own count; one that goes back may have been copied.
    sign_count = models.BigIntegerField(default=0)
    transports = models.JSONField(default=list, blank=True)
    # Whether it can sign in by itself, without an address and a password.
    is_passkey = models.BooleanField(default=False)
    last_used = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class RecoveryCode(models.Model):
    """A code that stands in for a lost second factor, once. Only a hash of it is stored."""

    user = models.ForeignKey(User, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField()
    used = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Recovery code of {self.user_id}"


class LoginToken(models.Model):
    """A mailed sign-in link: several may live side by side, each works once.

    Only the SHA-256 of the token is stored: it has 256 random bits, which no slow hash protects
    better, and the look-up takes the same time for known and unknown accounts.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="login_tokens")
    digest = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField()
    expires = models.DateTimeField(db_index=True)
    used = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Login token of {self.user_id}, until {self.expires:%Y-%m-%d %H:%M}"
