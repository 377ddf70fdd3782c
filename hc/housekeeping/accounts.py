"""Accounts that nobody uses: who counts as gone, and their deletion.

Nothing here runs by itself; an operator says when (`pruneusers`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

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
    be deleted, and neither they nor their jobs were heard since.
    """
    people = User.objects.filter(is_superuser=False, is_staff=False)
    return people.filter(_never_used(now) | _noticed(now)).order_by("pk")


def prune_users(now: datetime) -> Iterator[int]:
    """Delete unused accounts with all that they own, one per transaction; yields 1 for each."""
    for _ in closing.forget_failed_notices():
        pass
    for user_id in list(unused(now).values_list("pk", flat=True)):
        yield _delete(user_id, now)


def _never_used(now: datetime) -> Q:
    return (
        Q(date_joined__lt=now - NEVER_USED, last_login=None, profile__last_active_date=None)
        & ~Exists(Member.objects.filter(user=OuterRef("pk")))
        & ~_pinged_since(now - LIVE)
    )


def _noticed(now: datetime) -> Q:
    notice = F("profile__deletion_notice_date")
    silent = Q(last_login=None) | Q(last_login__lt=notice)
    inactive = Q(profile__last_active_date=None) | Q(profile__last_active_date__lt=notice)
    return (
        Q(profile__deletion_notice_date__lt=now - closing.NOTICE)
        & ~Q(closing.notice_is_unsent())
        & silent
        & inactive
        & ~_pinged_since(OuterRef("profile__deletion_notice_date"))
        & ~_team_active_since(OuterRef("profile__deletion_notice_date"))
    )


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
