"""What administrators do to the accounts of others."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import Credential, Profile, RecoveryCode, User
from hc.accounts.services import login, second_factor, security_mails, sessions

RIGHTS = ("is_active", "is_staff", "is_superuser")


def switch_on(users: Iterable[User]) -> None:
    """Let people in again."""
    for user in users:
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(is_active=True)
            audit.record("account.activated", Target(user.email), user=user)


def switch_off(users: Iterable[User]) -> None:
    """Keep people out, at once and everywhere.

    The password goes, too, so that no session comes back to life with the account.
    """
    for user in users:
        with transaction.atomic():
            off = {"is_active": False, "password": make_password(None)}
            User.objects.filter(pk=user.pk).update(**off)
            login.forget_links(user)
            sessions.end_others(user, None)
            audit.record("account.deactivated", Target(user.email), user=user)


def remove_second_factors(user: User, now: datetime) -> bool:
    """Help somebody who has lost all of them; False if there is none. They are told by mail."""
    with transaction.atomic():
        factors = second_factor.of(user)
        if not factors.is_on and not factors.codes:
            return False
        Credential.objects.filter(user=user).delete()
        RecoveryCode.objects.filter(user=user).delete()
        Profile.objects.filter(user=user).update(totp=None, totp_created=None, totp_step=None)
        audit.record("account.factors_removed", Target(user.email), user=user)
        security_mails.tell(
            user,
            "Your second factors were removed",
            "An administrator has removed the security keys, the authenticator app and the "
            "recovery codes of your account. From now on, the password or a mailed link is enough "
            "to sign in.",
            "Set up a second factor again as soon as you can.",
            now=now,
        )
    return True


def set_password(user: User, now: datetime) -> None:
    """Store the password that `user` was given; all their sessions and mailed links end."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(password=user.password)
        login.forget_links(user)
        audit.record("account.password_set", Target(user.email), user=user)
        security_mails.tell(
            user,
            "An administrator has changed how you sign in",
            "They set a new password for your account, or switched its password off. "
            "You were signed out everywhere.",
            now=now,
        )


def note_rights(user: User, changed: Iterable[str]) -> None:
    """Rights of an account were changed by hand."""
    rights = {name: getattr(user, name) for name in RIGHTS if name in set(changed)}
    if rights:
        audit.record("account.rights_changed", Target(user.email), user=user, details=rights)


def note_removal(user: User) -> None:
    """An account is about to be removed, with all that is its."""
    audit.record("account.removed", Target(user.email))


def note_impersonation(user: User) -> None:
    """The acting administrator goes on in the place of `user`."""
    audit.record("account.impersonated", Target(user.email), user=user)


def note_return(user: User) -> None:
    """The acting administrator is themselves again."""
    audit.record("account.impersonation_ended", Target(user.email), user=user)
