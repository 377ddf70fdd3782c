"""Making accounts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import Profile, Project, User, normalise_email
from hc.accounts.services import policies
from hc.api.models import Channel
from hc.api.services import channels, checks
from hc.core import zones
from hc.integrations.email.config import EmailConfig

KIND = "email"


class AddressTaken(Exception):
    """There is an account with this address already."""


def create_account(  # noqa: PLR0913 - all by name
    email: str,
    *,
    password: str = "",
    tz: str = "",
    admin: bool = False,
    confirmed: bool = True,
    furnish: bool = True,
    username: str = "",
) -> User:
    """An account with a project, a first check and a channel to its own mailbox.

    `tz`: a zone as browsers report it; one that we do not know counts as UTC. `admin`: may use
    the admin pages. `confirmed`: whether the address is known to be theirs; else the channel
    sends nothing until they come by a mailed link. `furnish`: False for those who join the
    project of somebody else, and want none of their own. `username`: instead of a random one.
    Raises AddressTaken, also for two calls at once.
    """
    fields: dict[str, Any] = {"username": username} if username else {}
    # Takes a while: not in the transaction, which holds others up.
    hashed = make_password(password or None)
    try:
        with transaction.atomic():
            user = User.objects.create_account(
                email, is_staff=admin, is_superuser=admin, password=hashed, **fields
            )
            Profile.objects.create(user=user, tz=zones.canonical(tz) or "UTC")
            audit.record("account.created", Target(user.email), user=user)
            if furnish and policies.may_create_projects(user):
                _furnish(user, confirmed=confirmed)
    except IntegrityError:
        if User.objects.by_email(email) is None:
            raise
        raise AddressTaken from None
    return user


def check_new_account(email: str, password: str) -> None:
    """Raise ValidationError unless address and password may be those of a new account."""
    validate_email(normalise_email(email))
    validate_password(password, User(email=email))


def any_account() -> bool:
    return User.objects.exists()


def confirm_address(user: User) -> None:
    """The address of a new account is its owner's: its first channel may be used."""
    mine = Channel.objects.filter(project__owner=user, kind=KIND, email_verified=False)
    own = EmailConfig(value=user.email).dump()
    for code in mine.filter(value=own).values_list("code", flat=True):
        channels.verify(code)


def _furnish(user: User, *, confirmed: bool) -> None:
    project = Project.objects.create(owner=user, badge_key=user.username)
    first = checks.Details({"name": "My First Check", "slug": "my-first-check"})
    checks.create(project, first, checks.ScheduleSettings(), channels=[])
    channels.create(project, KIND, EmailConfig(value=user.email), verified=confirmed)


def touch(user: User) -> bool:
    """Remember that the user is active; whether that was written, which it is once a day."""
    today = timezone.now()
    profile = Profile.known(user)
    last = profile.last_active_date
    if last is not None and (today - last).days < 1:
        return False
    Profile.objects.filter(pk=profile.pk).update(last_active_date=today)
    return True
