"""Making accounts."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone

from hc.accounts.models import Profile, Project, User, normalise_email
from hc.api.services import channels, checks
from hc.core import zones
from hc.integrations.email.config import EmailConfig


class AddressTaken(Exception):
    """There is an account with this address already."""


def create_account(email: str, *, password: str = "", tz: str = "", admin: bool = False) -> User:
    """An account with a project, a first check and a channel to its own mailbox.

    `tz`: a zone as browsers report it; one that we do not know counts as UTC. `admin`: may use
    the admin pages. Raises AddressTaken, also for two calls at once.
    """
    try:
        with transaction.atomic():
            user = User.objects.create_account(email, is_staff=admin, is_superuser=admin)
            if password:
                user.set_password(password)
                user.save(update_fields=["password"])
            Profile.objects.create(user=user, tz=zones.canonical(tz) or "UTC")
            _furnish(user)
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


def _furnish(user: User) -> None:
    project = Project.objects.create(owner=user, badge_key=user.username)
    first = checks.Details({"name": "My First Check", "slug": "my-first-check"})
    checks.create(project, first, checks.ScheduleSettings(), channels=[])
    channels.create(project, "email", EmailConfig(value=user.email), verified=True)


def touch(user: User) -> bool:
    """Remember that the user is active; whether that was written, which it is once a day."""
    today = timezone.now()
    profile = Profile.of(user.pk)
    last = profile.last_active_date
    if last is not None and (today - last).days < 1:
        return False
    Profile.objects.filter(pk=profile.pk).update(last_active_date=today)
    return True
