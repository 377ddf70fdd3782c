"""Handing a project over to one of its members, who has to agree. Source: accounts 10.7."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import ApiKey, Invitation, Member, Profile, Project, Role, User
from hc.accounts.services import team_mails
from hc.accounts.services.projects import free_slots, locked
from hc.api.models import Channel, Check, Limit, TokenBucket
from hc.api.models.token_bucket import ALLOWED, private_name
from hc.api.services import reminders

PER_SENDER = PER_ADDRESSEE = Limit(10, timedelta(days=1))


class NotAsked(Exception):
    """The person is not the one to whom the project is offered, or no longer."""


class NoRoom(Exception):
    """The addressee's account has room for `free` checks; the project has `checks`."""

    def __init__(self, checks: int, free: int) -> None:
        super().__init__(checks, free)
        self.checks, self.free = checks, free


class TriedTooOften(Exception):
    """`wait`: until the project may be offered again."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(wait)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Freight:
    """What changes hands with a project."""

    checks: int
    channels: int
    keys: int
    members: int


def freight(project: Project) -> Freight:
    columns = (project.api_key, project.api_key_readonly, project.ping_key)
    return Freight(
        Check.objects.filter(project=project).count(),
        Channel.objects.filter(project=project).count(),
        ApiKey.objects.filter(project=project).count() + sum(map(bool, columns)),
        Member.objects.filter(project=project).count(),
    )


def room(user: User) -> int:
    """How many more checks somebody's account may have, as it is now."""
    mine = Check.objects.filter(project__owner=user, project__removed=None)
    return Profile.of(user.pk).check_limit - mine.count()


def pending(project: Project) -> Member | None:
    """To whom the project is offered."""
    rows = Member.objects.filter(project=project, transfer_request_date__isnull=False)
    return rows.select_related("user").first()


def start(project: Project, user_id: int, by: User, now: datetime) -> User:
    """Offer the project to a member; an earlier offer ends. Raises NotAsked, TriedTooOften."""
    found = Member.objects.filter(project=project, user=user_id).select_related("user").first()
    if found is None or not found.user.is_active:
        raise NotAsked
    names = (f"transfer-{by.pk}", private_name("transfer", found.user.email))
    for name, limit in zip(names, (PER_SENDER, PER_ADDRESSEE), strict=True):
        wait = TokenBucket.attempt(name, limit, now)
        if wait != ALLOWED:
            raise TriedTooOften(wait)
    with transaction.atomic():
        row = locked(project)
        _clear(row)
        members = Member.objects.filter(project=row, user=user_id)
        if row.owner_id != by.pk or not members.update(transfer_request_date=now):
            raise NotAsked
        audit.record("transfer.started", Target(found.user.email), project=row)
        team_mails.offer_project(row, found.user, freight(row), now)
    return found.user


def cancel(project: Project) -> None:
    """Take the offer back; harmless if there is none."""
    with transaction.atomic():
        row = locked(project)
        member = pending(row)
        if member is not None:
            _clear(row)
            audit.record("transfer.cancelled", Target(member.user.email), project=row)


def accept(project: Project, user: User, now: datetime) -> None:
    """`user` owns the project from now on, and the former owner is a member.

    Raises NotAsked, NoRoom. The profiles of both are locked, so that no check is added meanwhile.
    """
    with transaction.atomic():
        row = locked(project)
        member = _addressee(row, user)
        pair = [Profile.of(pk).pk for pk in (row.owner_id, user.pk)]
        list(Profile.objects.select_for_update().filter(pk__in=pair).order_by("pk"))
        checks, free = Check.objects.filter(project=row).count(), free_slots(user.pk)
        if checks > free:
            raise NoRoom(checks, free)
        former = row.owner
        columns = {"user": former, "role": Role.REGULAR, "transfer_request_date": None}
        Member.objects.filter(pk=member.pk).update(**columns)
        Project.objects.filter(pk=row.pk).update(owner=user)
        Invitation.objects.filter(project=row, email=user.email).delete()
        change = {"owner": [former.email, user.email]}
        audit.record("transfer.accepted", Target(user.email), project=row, details=change)
        team_mails.tell_of_acceptance_of_transfer(row, former, user, now)
        reminders.follow_people([former.pk, user.pk], now)


def decline(project: Project, user: User, now: datetime) -> None:
    """Not to take it over; its owner is told. Raises NotAsked."""
    with transaction.atomic():
        row = locked(project)
        _addressee(row, user)
        _clear(row)
        audit.record("transfer.declined", Target(user.email), project=row)
        team_mails.tell_of_refusal_of_transfer(row, user, now)


def _addressee(project: Project, user: User) -> Member:
    asked = Member.objects.filter(project=project, user=user, transfer_request_date__isnull=False)
    member = asked.first()
    if member is None or project.removed is not None:
        raise NotAsked
    return member


def _clear(project: Project) -> None:
    asked = Member.objects.filter(project=project, transfer_request_date__isnull=False)
    asked.update(transfer_request_date=None)
