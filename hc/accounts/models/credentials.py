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

    def __str__(self) -> str:
        return self.name


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
