"""How a password is checked."""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest

from hc.accounts.models import User
from hc.lib.question import Question

_WITH_PROFILE = Question(
    "hc_user",
    {"key": "integer"},
    lambda key: User.objects.select_related("profile").filter(pk=key),
)


@lru_cache(1)
def _nobodys() -> str:
    """The hash of a password that nobody has, as costly as those that are stored."""
    return make_password(secrets.token_urlsafe(32))


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
            check_password(password, _nobodys())  # takes as long as checking somebody's
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        """Whose session it is, with the profile, which every page reads."""
        user = _WITH_PROFILE.one(key=user_id)
        return user if user and self.user_can_authenticate(user) else None
