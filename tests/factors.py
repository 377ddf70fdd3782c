"""Second factors for tests, and people who have just proved who they are."""

from __future__ import annotations

from datetime import datetime

import pyotp
from django.test import Client
from django.utils import timezone

from hc.accounts.models import Profile, User
from hc.accounts.services import recovery
from hc.accounts.views.sudo import SESSION_KEY
from hc.lib.sealing import seal


def confirmed(client: Client) -> Client:
    """The person who is signed in has just proved again who they are."""
    session = client.session
    session[SESSION_KEY] = [int(session["_auth_user_id"]), timezone.now().timestamp()]
    session.save()
    return client


def give_totp(user: User) -> pyotp.TOTP:
    """An authenticator app in the hands of `user`."""
    totp = pyotp.TOTP(pyotp.random_base32(32))
    Profile.of(user.pk)
    Profile.objects.filter(user=user).update(totp=seal(totp.secret), totp_created=timezone.now())
    return totp


def code_at(totp: pyotp.TOTP, now: datetime) -> str:
    return totp.generate_otp(int(now.timestamp()) // 30)


def give_codes(user: User) -> list[str]:
    return recovery.make_new(user, timezone.now())
