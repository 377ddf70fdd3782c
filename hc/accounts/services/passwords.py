"""Setting a password. Whoever changes one ends all that may rest on the former one."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import User
from hc.accounts.services import account_mails, login


def set_password(user: User, password: str, now: datetime) -> None:
    """Store a new password, as it was typed; all sessions end, and mailed links with them.

    Sessions are bound to the password; the caller refreshes the one in which it was changed.
    """
    hashed = make_password(password)
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(password=hashed)
        login.forget_links(user)
        audit.record("account.password_set", Target(user.email), user=user)
        account_mails.send(
            user.email, "password", "Your password was set", {"email": user.email}, now=now
        )
    user.password = hashed
