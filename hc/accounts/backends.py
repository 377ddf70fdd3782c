"""How a password is checked."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from hc.accounts.models import User


class EmailBackend(ModelBackend):
    """Sign-in by address and password. Accounts that are switched off have no sessions either."""

    def authenticate(  # type: ignore[override]  # the names of our form, not Django's
        self,
        request: HttpRequest | None,
        email: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if email is None or password is None:
            return None
        user = User.objects.by_email(email)
        if user is None or not user.has_usable_password():
            make_password(password)  # takes as long as checking one does
            return None
        return user if user.check_password(password) and user.is_active else None
