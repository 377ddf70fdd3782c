"""Signing in: limits on tries, and links sent by mail.

Nothing here tells a caller whether an address has an account.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from urllib.parse import quote

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from hc.accounts.models import LoginToken, User, normalise_email
from hc.api.models import Limit, TokenBucket
from hc.api.models.token_bucket import private_name
from hc.api.services import mails
from hc.lib.links import absolute
from hc.lib.mail import Mail

LINK_LIFETIME = timedelta(hours=1)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PER_CLIENT = Limit(20, HOUR)
PER_ADDRESS = Limit(10, HOUR)
PASSWORD_PER_CLIENT = Limit(100, DAY)
PASSWORD_PER_PAIR = Limit(20, DAY)
PASSWORD_PER_ADDRESS = Limit(200, DAY)


def may_ask_for_link(email: str, client: str, now: datetime) -> bool:
    """Whether another mail to `email` may be asked for by `client` (an address bucket)."""
    return TokenBucket.authorize(f"auth-ip-{client}", PER_CLIENT, now) and TokenBucket.authorize(
        private_name("em", _mailbox(email)), PER_ADDRESS, now
    )


def may_try_password(email: str, client: str, now: datetime) -> bool:
    """Whether `client` may try another password for `email`.

    The strict limit is per client and address, so nobody can lock the owner of an address out.
    """
    address = normalise_email(email)
    return (
        TokenBucket.authorize(f"pw-ip-{client}", PASSWORD_PER_CLIENT, now)
        and TokenBucket.authorize(private_name("pw", f"{client} {address}"), PASSWORD_PER_PAIR, now)
        and TokenBucket.authorize(private_name("pw", address), PASSWORD_PER_ADDRESS, now)
    )


def send_link(user: User, now: datetime, *, next_url: str = "") -> None:
    """Mail a link that signs the user in once, within an hour. Earlier links stay valid."""
    LoginToken.objects.filter(user=user, expires__lt=now - DAY).delete()
    token = secrets.token_urlsafe(32)
    LoginToken.objects.create(
        user=user, digest=_digest(token), created=now, expires=now + LINK_LIFETIME
    )
    path = reverse("hc-check-token", args=[user.username, token])
    link = absolute(path) + (f"?next={quote(next_url)}" if next_url else "")
    facts = {"link": link, "site_name": settings.SITE_NAME, "site_root": settings.SITE_ROOT}
    mails.post(
        Mail(
            to=user.email,
            subject=f"Sign in to {settings.SITE_NAME}",
            text=render_to_string("accounts/emails/login.txt", facts),
            html=render_to_string("accounts/emails/login.html", facts),
            headers={"Auto-Submitted": "auto-generated"},
        ),
        now,
        use=LINK_LIFETIME,
    )


def use_link(username: str, token: str, now: datetime) -> User | None:
    """The account that a link signs in; None if it is wrong, used or expired. Works once."""
    with transaction.atomic():
        unused = LoginToken.objects.select_for_update().filter(used=None, expires__gt=now)
        row = unused.filter(user__username=username, digest=_digest(token)).first()
        if row is None:
            return None
        LoginToken.objects.filter(pk=row.pk).update(used=now)
        user = User.objects.get(pk=row.user_id)
    return user if user.is_active else None


def _mailbox(email: str) -> str:
    """The address without what many providers ignore in it: dots and a +suffix."""
    local, _, domain = normalise_email(email).rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
