"""Closing an account at its owner's wish, after a while in which it can be taken back.

Nothing stops at once: pings are stored and alerts go out until the end, so that whoever comes back
has missed nothing. Housekeeping deletes the account when the time is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q
from django.urls import reverse

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import Profile, Project, User
from hc.accounts.services import account_mails, login
from hc.lib.links import absolute

GRACE = timedelta(days=14)


class LastAdministrator(Exception):
    """Somebody has to look after the installation."""


@dataclass(frozen=True, slots=True)
class Estate:
    """A project that goes with its owner."""

    project: Project
    checks: int
    people: int


def estate_of(user: User) -> list[Estate]:
    """What goes with an account: its projects, their checks, and how many others use them."""
    projects = Project.objects.filter(owner=user, removed=None).select_related("owner")
    counted = projects.annotate(
        n_checks=Count("check", distinct=True), n_people=Count("member", distinct=True)
    )
    return [
        Estate(project, project.n_checks, project.n_people)
        for project in sorted(counted, key=lambda project: (str(project).lower(), project.pk))
    ]


def is_last_administrator(user: User) -> bool:
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    return user.is_superuser and not others.exists() and User.objects.exclude(pk=user.pk).exists()


def request(user: User, now: datetime) -> datetime:
    """Close the account when `GRACE` is over: that moment. All mailed links end; sessions are the
    caller's. Saying it twice does not move the date. Raises LastAdministrator."""
    pk = Profile.of(user.pk).pk
    with transaction.atomic():
        if is_last_administrator(user):
            raise LastAdministrator
        asked = Profile.objects.filter(pk=pk, close_requested=None).update(close_requested=now)
        login.forget_links(user)
        if not asked:
            then = Profile.objects.get(pk=pk).close_requested or now
            return then + GRACE
        audit.record("account.closing", Target(user.email), user=user)
        facts = {
            "email": user.email,
            "date": now + GRACE,
            "login_url": absolute(reverse("hc-login")),
        }
        account_mails.send(user.email, "closing", "Your account will be closed", facts, now=now)
    return now + GRACE


def keep(user: User, now: datetime) -> bool:
    """Take that back; whether there was something to take back."""
    with transaction.atomic():
        # Locked in the order of the deletion, which may be on its way.
        list(User.objects.select_for_update().filter(pk=user.pk).values_list("pk"))
        closing = Profile.objects.filter(user=user, close_requested__isnull=False)
        if not closing.update(close_requested=None):
            return False
        audit.record("account.kept", Target(user.email), user=user)
        account_mails.send(
            user.email, "kept_open", "Your account stays", {"email": user.email}, now=now
        )
    return True


def over(now: datetime) -> Q:
    """A condition on users: they asked for their accounts to be closed, and the time is over."""
    return Q(profile__close_requested__lte=now - GRACE)
