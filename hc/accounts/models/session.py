"""Where people are signed in: one row for each browser, beside the framework's session."""

from __future__ import annotations

import uuid

from django.db import models

from hc.accounts.models.user import User


class SignIn(models.Model):
    """A browser in which somebody is signed in. It ends with its session, whose key it names."""

    code = models.UUIDField(default=uuid.uuid4, unique=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True)
    created = models.DateTimeField()
    last_seen = models.DateTimeField(db_index=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    agent = models.CharField(max_length=200, blank=True, default="")
    # How the person came in: password, link, passkey, oidc, header, admin …
    method = models.CharField(max_length=20, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.user_id} since {self.created:%Y-%m-%d %H:%M}"
