"""Accounts that nobody uses: who counts as gone, and their deletion.

Only sign-ups that nobody followed up go by themselves; for the rest an operator says when
(`pruneusers`). What people close themselves: hc/housekeeping/farewells.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from hc.accounts.models import Member, User
from hc.accounts.services import closing
from hc.api.models import Check, Ping

NEVER_USED = timedelta(days=30)
# A job may run once a year.
LIVE = timedelta(days=366)


def unused(now: datetime) -> QuerySet[User]:
    """The accounts to be deleted; never those of administrators.

    Made more than 30 days ago, never signed in to, without memberships, and no job of theirs has
    sent a ping for a year; or told more than 30 days ago, by a mail that was sent, that they would
    be deleted, and neither they nor their jobs were heard since; or with a date of deletion that
    has passed, if they were told in its last two weeks, and not heard since then.
    """
    overdue = _overdue(now) & _silent_since(f"profile__{closing.COLUMNS[closing.DELETION]}")
    return _people().filter(_never_used(now) | _noticed(now) | overdue).order_by("pk")


def spared(now: datetime) -> QuerySet[User]:
    """The accounts whose date of deletion has passed, but which are in use, or were not told."""
    passed = _people().filter(profile__deletion_scheduled_date__lt=now)
    return passed.exclude(pk__in=unused(now).values("pk")).order_by("pk")


def prune_users(now: datetime) -> Iterator[int]:
    """Delete unused accounts with all that they own, one per transaction; yields 1 for each."""
    for _ in closing.forget_failed_notices():
        pass
    for user_id in list(unused(now).values_list("pk", flat=True)):
        yield _delete(user_id, now)


def unconfirmed(now: datetime) -> QuerySet[User]:
    """Accounts that were asked for more than a month ago, by somebody who then never came."""
    return _people().filter(_never_used(now), password__startswith=UNUSABLE_PASSWORD_PREFIX)


def delete_unconfirmed(now: datetime) -> Iterator[int]:
    """Delete these; yields 1 for each. Anybody can ask for accounts for the addresses of others."""
    for user_id in list(unconfirmed(now).order_by("pk").values_list("pk", flat=True)):
        yield _delete(user_id, now)


def _never_used(now: datetime) -> Q:
    return (
        Q(date_joined__lt=now - NEVER_USED, last_login=None, profile__last_active_date=None)
        & ~Exists(Member.objects.filter(user=OuterRef("pk")))
        & ~_pinged_since(now - LIVE)
    )


def _people() -> QuerySet[User]:
    return User.objects.filter(is_superuser=False, is_staff=False)


def _noticed(now: datetime) -> Q:
    return (
        Q(profile__deletion_notice_date__lt=now - closing.NOTICE)
        & ~Q(closing.notice_is_unsent(closing.UNUSED))
        & _silent_since("profile__deletion_notice_date")
    )


def _overdue(now: datetime) -> Q:
    """Accounts that an operator wanted to be deleted by now, and that were told so in time; people
    whose accounts were deactivated are told nothing."""
    date = F("profile__deletion_scheduled_date")
    return (
        Q(profile__deletion_scheduled_date__lt=now, is_active=True)
        & Q(profile__deletion_reminded__gte=date - closing.LAST_CALL)
        & Q(profile__deletion_reminded__lt=date)
        & ~Q(closing.notice_is_unsent(closing.DELETION))
    )


def _silent_since(notice: str) -> Q:
    """Whether neither they nor their teams nor their jobs were heard since a notice."""
    silent = Q(last_login=None) | Q(last_login__lt=F(notice))
    inactive = Q(profile__last_active_date=None) | Q(profile__last_active_date__lt=F(notice))
    teams, jobs = _team_active_since(OuterRef(notice)), _pinged_since(OuterRef(notice))
    return silent & inactive & ~teams & ~jobs


def _pinged_since(moment: datetime | OuterRef) -> Q:
    """Whether a check of theirs has got a ping of any kind."""
    pings = Ping.objects.filter(owner__project__owner=OuterRef("pk"), created__gte=moment)
    checks = Check.objects.filter(project__owner=OuterRef("pk"), last_ping__gte=moment)
    return Q(Exists(pings)) | Q(Exists(checks))


def _team_active_since(moment: datetime | OuterRef) -> Q:
    """Whether somebody else uses a project of theirs."""
    team = Member.objects.filter(project__owner=OuterRef("pk"))
    active = Q(user__last_login__gte=moment) | Q(user__profile__last_active_date__gte=moment)
    return Q(Exists(team.filter(active)))


def _delete(user_id: int, now: datetime) -> int:
    """Delete an account, unless it has come to life meanwhile. No ping can come in between."""
    with transaction.atomic():
        list(User.objects.select_for_update().filter(pk=user_id))
        list(Check.objects.for_update().filter(project__owner=user_id).values_list("pk"))
        user = unused(now).filter(pk=user_id).first()
        if user is None:
            return 0
        user.delete()
    return 1
