"""Who belongs to a project, and as what: changing roles, removing people, leaving."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import Member, Project, Role, User
from hc.accounts.services import team_mails
from hc.accounts.services.projects import locked
from hc.api.services import reminders


class NotThere(Exception):
    """The person is no member of the project, or not one whom this may be done to."""


def set_role(project: Project, user_id: int, role: str, by: User, now: datetime) -> User:
    """Another role for a member, who is told of it. Raises NotThere, also for oneself."""
    with transaction.atomic():
        member = _other(project, user_id, by)
        wanted = Role(role)
        if member.role == wanted:
            return member.user
        Member.objects.filter(pk=member.pk).update(role=wanted)
        change = {"role": [Role(member.role).label, wanted.label]}
        target = Target(member.user.email)
        audit.record("team.role_changed", target, project=project, details=change)
        team_mails.tell_of_role(project, member.user, wanted, by, now)
    return member.user


def remove_member(project: Project, user_id: int, by: User, now: datetime) -> User:
    """The person is out, and told so. Raises NotThere, also for oneself."""
    with transaction.atomic():
        member = _other(project, user_id, by)
        _part(member, now)
        audit.record("team.removed", Target(member.user.email), project=project)
        team_mails.tell_of_removal(project, member.user, by, now)
    return member.user


def leave(project: Project, user: User, now: datetime) -> None:
    """A member goes; the owner is told. Raises NotThere."""
    with transaction.atomic():
        row = locked(project)
        member = _member(row, user.pk)
        _part(member, now)
        audit.record("team.left", Target(user.email), project=row, user=user)
        team_mails.tell_of_leaving(row, user, now)


def _part(member: Member, now: datetime) -> None:
    """End a membership, with a request to take the project over, if there is one."""
    Member.objects.filter(pk=member.pk).delete()
    reminders.follow_people([member.user_id], now)


def _other(project: Project, user_id: int, by: User) -> Member:
    """A member other than `by`; the project is locked, as it is for transfers."""
    if user_id == by.pk:
        raise NotThere
    return _member(locked(project), user_id)


def _member(project: Project, user_id: int) -> Member:
    rows = Member.objects.filter(project=project, user=user_id)
    member = rows.select_related("user").first()
    if member is None:
        raise NotThere
    return member
