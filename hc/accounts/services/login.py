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
from django.urls import reverse

from hc.accounts.models import LoginToken, User, normalise_email
from hc.accounts.services.account_mails import letter
from hc.accounts.services.accounts import confirm_address
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


def wait_before_link(email: str, client: str, now: datetime, device: str = "") -> timedelta:
    """How long `client` (an address bucket) has to wait before it may ask for a mail to `email`;
    nothing if this one is allowed, and counted.

    Strangers share what is sent to one mailbox. `device`: what names a browser in which the owner
    of the address was signed in before; that has a share of its own, which nobody else uses up.
    """
    mine = private_name("em-own", f"{device} {_mailbox(email)}") if device else ""
    return _first_wait(
        now,
        (f"auth-ip-{client}", PER_CLIENT),
        (mine or private_name("em", _mailbox(email)), PER_ADDRESS),
    )


def wait_before_password(email: str, client: str, now: datetime, device: str = "") -> timedelta:
    """How long `client` has to wait before it may try another password for `email`.

    The strict limit is per client and address. The one per address, against many clients at once,
    holds for strangers only: a known `device` of the owner is let in while it is used up.
    """
    address = normalise_email(email)
    if device:
        return _first_wait(now, (private_name("pw-own", f"{device} {address}"), PASSWORD_PER_PAIR))
    return _first_wait(
        now,
        (f"pw-ip-{client}", PASSWORD_PER_CLIENT),
        (private_name("pw", f"{client} {address}"), PASSWORD_PER_PAIR),
        (private_name("pw", address), PASSWORD_PER_ADDRESS),
    )


def may_ask_for_link(email: str, client: str, now: datetime, device: str = "") -> bool:
    """As `wait_before_link`, without saying how long."""
    return not wait_before_link(email, client, now, device)


def may_try_password(email: str, client: str, now: datetime, device: str = "") -> bool:
    """As `wait_before_password`, without saying how long."""
    return not wait_before_password(email, client, now, device)


def mailbox_wait(email: str, now: datetime) -> timedelta:
    """As `wait_before_link`, of people who are signed in and have mail sent to a new address."""
    return _first_wait(now, (private_name("em", _mailbox(email)), PER_ADDRESS))


def _first_wait(now: datetime, *buckets: tuple[str, Limit]) -> timedelta:
    for name, limit in buckets:
        if wait := TokenBucket.attempt(name, limit, now):
            return wait
    return timedelta(0)


def send_link(user: User, now: datetime, *, next_url: str = "") -> None:
    """Mail a link that signs the user in once, within an hour. Earlier links stay valid."""
    with transaction.atomic():
        mails.post(link_letter(user, now, next_url=next_url), now, use=LINK_LIFETIME)


def link_letter(user: User, now: datetime, *, next_url: str = "") -> Mail:
    """The mail with such a link."""
    subject = f"Sign in to {settings.SITE_NAME}"
    return letter(user.email, "login", subject, {"link": new_link(user, now, next_url=next_url)})


def welcome_letter(user: User, now: datetime) -> Mail:
    """The mail to somebody who asked for an account."""
    facts = {"link": new_link(user, now), "email": user.email}
    return letter(user.email, "welcome", f"Welcome to {settings.SITE_NAME}", facts)


def new_link(user: User, now: datetime, *, next_url: str = "") -> str:
    """A link that signs the user in once, within an hour."""
    LoginToken.objects.filter(user=user, expires__lt=now - DAY).delete()
    token = secrets.token_urlsafe(32)
    LoginToken.objects.create(
        user=user, digest=_digest(token), created=now, expires=now + LINK_LIFETIME
    )
    path = reverse("hc-check-token", args=[user.username, token])
    return absolute(path) + (f"?next={quote(next_url)}" if next_url else "")


def use_link(username: str, token: str, now: datetime) -> User | None:
    """The account that a link signs in; None if it is wrong, used or expired. Works once.

    The first link of an account shows that its address is right.
    """
    with transaction.atomic():
        unused = LoginToken.objects.filter(used=None, expires__gt=now, user__is_active=True)
        row = unused.filter(user__username=username, digest=_digest(token)).first()
        # One statement decides who is first.
        if row is None or not LoginToken.objects.filter(pk=row.pk, used=None).update(used=now):
            return None
        user = User.objects.get(pk=row.user_id)
        if user.last_login is None:
            confirm_address(user)
    return user


def forget_links(user: User) -> None:
    """The mailed links of an account work no more."""
    LoginToken.objects.filter(user=user).delete()


def _mailbox(email: str) -> str:
    """The address without what many providers ignore in it: dots and a +suffix."""
    local, _, domain = normalise_email(email).rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
