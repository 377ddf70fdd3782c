"""Small preferences of a person: time zone and theme."""

from __future__ import annotations

from django.db import transaction

from hc.accounts import audit
from hc.accounts.audit import Target, changes
from hc.accounts.models import Profile, User


def set_zone(user: User, tz: str) -> None:
    """`tz`: an accepted name (hc.core.zones)."""
    _set(user, tz=tz)


def set_theme(user: User, theme: str) -> None:
    """`theme`: one of hc.accounts.models.Theme."""
    _set(user, theme=theme)


def _set(user: User, **columns: str) -> None:
    pk = Profile.of(user.pk).pk
    with transaction.atomic():
        profile = Profile.objects.select_for_update().get(pk=pk)
        changed = changes({name: getattr(profile, name) for name in columns}, columns)
        if changed:
            Profile.objects.filter(pk=pk).update(**columns)
            audit.record("account.preferences", Target(user.email), user=user, details=changed)
