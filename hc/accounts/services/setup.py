"""The first account of an installation: by a link, or from ADMIN_EMAIL and ADMIN_PASSWORD."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import IntegrityError
from django.urls import reverse
from django.utils.crypto import salted_hmac

from hc.accounts.models import User
from hc.accounts.services.accounts import AddressTaken, any_account, create_account
from hc.lib.links import absolute


def setup_token() -> str:
    """The secret in the set-up link; the link dies with the first account."""
    return salted_hmac("hc.accounts.setup", "first account", algorithm="sha256").hexdigest()[:40]


def setup_link() -> str | None:
    """The address at which the first account is made; None if there is one already."""
    return None if any_account() else absolute(reverse("hc-setup", args=[setup_token()]))


class SetUpAlready(Exception):
    """There is an account, by now at least."""


def create_first_account(email: str, password: str, tz: str) -> User:
    """The administrator's account. Raises SetUpAlready.

    Its name is always the same, so that of two calls at once the database refuses one.
    """
    if any_account():
        raise SetUpAlready
    name = hashlib.sha256(setup_token().encode()).hexdigest()[:30]
    try:
        return create_account(email, password=password, tz=tz, admin=True, username=name)
    except (IntegrityError, AddressTaken):
        raise SetUpAlready from None


def ensure_admin() -> bool:
    """Make the account of ADMIN_EMAIL unless it exists; whether it was made now."""
    if not settings.ADMIN_EMAIL or User.objects.by_email(settings.ADMIN_EMAIL):
        return False
    try:
        create_account(settings.ADMIN_EMAIL, password=settings.ADMIN_PASSWORD, admin=True)
    except AddressTaken:  # by another process that starts at the same time
        return False
    return True
