"""Asking people to join a project. Nothing happens to their accounts unless they accept.

Each invitation has two links, made of its code by a keyed hash, so that neither is stored. The one
that is mailed proves that its reader has the mailbox; the other one, which managers may copy and
pass on, does not.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from hc.accounts import audit
from hc.accounts.access import Role, projects_of, roles_of
from hc.accounts.audit import Target
from hc.accounts.models import Invitation, Member, Project, User, normalise_email
from hc.accounts.models import Role as StoredRole
from hc.accounts.services import team_mails
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import locked
from hc.api.models import Limit, TokenBucket
from hc.api.models.token_bucket import ALLOWED, private_name
from hc.api.services import reminders
from hc.lib.links import absolute

LIFETIME = timedelta(days=7)
MAX_PENDING = 200
MAX_SUGGESTIONS = 50
DAY = timedelta(days=1)
PER_INVITER = Limit(20, DAY)
PER_RECIPIENT = Limit(10, DAY)
MAILED, COPIED = "mailed", "copied"


class AlreadyThere(Exception):
    """The person is in the project."""


class TooMany(Exception):
    """The project has as many open invitations as it may have."""


class TriedTooOften(Exception):
    """`wait`: until when the inviter may ask again."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(wait)
        self.wait = wait


class Gone(Exception):
    """The invitation was used, declined, revoked, or has expired."""


@dataclass(frozen=True, slots=True)
class Found:
    """An invitation behind a link. `proven`: the link was mailed to the address itself."""

    invitation: Invitation
    proven: bool


def link(invitation: Invitation, kind: str = COPIED) -> str:
    path = reverse("hc-invitation", args=[invitation.code, _token(invitation.code, kind)])
    return absolute(path)


def find(code: UUID, token: str) -> Found | None:
    """The invitation that a link is about, which may have expired; None for a wrong link."""
    rows = Invitation.objects.filter(code=code, project__removed=None)
    invitation = rows.select_related("project__owner", "inviter").first()
    if invitation is None:
        return None
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        for kind in (MAILED, COPIED):
            if constant_time_compare(token, _token(code, kind, secret)):
                return Found(invitation, kind == MAILED)
    return None


def invite(project: Project, email: str, role: str, by: User, now: datetime) -> Invitation:
    """Ask somebody to join; somebody who was asked already is asked anew, with the new role.

    Raises AlreadyThere, TooMany, TriedTooOften.
    """
    address = normalise_email(email)
    if _is_there(project, address):
        raise AlreadyThere
    if address not in suggestions(project, by):
        _keep_to_the_limit(f"invite-{by.pk}", PER_INVITER, now)
    _keep_to_the_limit(private_name("invited", address), PER_RECIPIENT, now)
    with transaction.atomic():
        row = locked(project)
        others = Invitation.objects.filter(project=row).exclude(email=address)
        if others.count() >= MAX_PENDING:
            raise TooMany
        invitation = _stored(row, address, role, by, now)
        audit.record("team.invited", Target(address), project=row, details={"role": role})
        _mail(invitation, now)
    return invitation


def resend(project: Project, code: UUID, by: User, now: datetime) -> Invitation:
    """Mail it once more, valid for another week. Raises Gone, TriedTooOften."""
    found = Invitation.objects.filter(project=project, code=code).first()
    if found is None:
        raise Gone
    _keep_to_the_limit(f"invite-{by.pk}", PER_INVITER, now)
    _keep_to_the_limit(private_name("invited", found.email), PER_RECIPIENT, now)
    with transaction.atomic():
        invitation = _locked(project, code)
        Invitation.objects.filter(pk=invitation.pk).update(expires=now + LIFETIME)
        invitation.expires = now + LIFETIME
        audit.record("team.invitation_resent", Target(invitation.email), project=project)
        _mail(invitation, now)
    return invitation


def mail_again(invitation: Invitation, now: datetime) -> None:
    """Mail its link, asked for by somebody who has the other link. Raises TriedTooOften."""
    _keep_to_the_limit(private_name("invited", invitation.email), PER_RECIPIENT, now)
    with transaction.atomic():
        _mail(invitation, now)


def revoke(project: Project, code: UUID) -> Invitation:
    """Take it back; its links die. Raises Gone."""
    with transaction.atomic():
        invitation = _locked(project, code)
        Invitation.objects.filter(pk=invitation.pk).delete()
        audit.record("team.invitation_revoked", Target(invitation.email), project=project)
    return invitation


def accept(code: UUID, user: User, now: datetime) -> Project:
    """Let `user`, whose address was invited, join. Raises Gone for all but one of many at once."""
    with transaction.atomic():
        project, invitation = _taken(code, user.email, now)
        if project.owner_id == user.pk:
            return project
        try:
            with transaction.atomic():
                Member.objects.create(project=project, user=user, role=invitation.role)
        except IntegrityError:  # is a member already, by whatever way
            return project
        details = {"role": invitation.role}
        audit.record("team.joined", Target(user.email), project=project, details=details)
        reminders.follow_people([user.pk], now)
        if invitation.inviter and invitation.inviter.is_active:
            team_mails.tell_of_acceptance(invitation, user, now)
    return project


def join_as_new(
    invitation: Invitation,
    now: datetime,
    *,
    password: str = "",
    tz: str = "",
    furnish: bool = False,
) -> User:
    """Make an account for the invited address, and let it join; `furnish`: with a project of its
    own besides. Raises Gone, and AddressTaken if there is an account."""
    with transaction.atomic():
        user = create_account(invitation.email, password=password, tz=tz, furnish=furnish)
        accept(invitation.code, user, now)
    return user


def decline(code: UUID, now: datetime) -> Project:
    """Not to join. Raises Gone."""
    with transaction.atomic():
        email = Invitation.objects.filter(code=code).values_list("email", flat=True).first()
        project, invitation = _taken(code, email or "", now)
        audit.record("team.declined", Target(invitation.email), project=project)
        if invitation.inviter and invitation.inviter.is_active:
            team_mails.tell_of_refusal(invitation, now)
    return project


def suggestions(project: Project, by: User) -> list[str]:
    """Addresses of people whom `by` works with elsewhere: in projects where they see the team."""
    theirs = projects_of(by)
    roles = roles_of(by, theirs)
    seen = [p.pk for p in theirs if p.pk != project.pk and roles[p.pk] >= Role.REGULAR]
    people = User.objects.filter(
        Q(memberships__project__in=seen) | Q(project__in=seen), is_active=True
    )
    here = Q(memberships__project=project) | Q(pk__in=[project.owner_id, by.pk])
    people = people.exclude(pk__in=User.objects.filter(here).values("pk"))
    asked = Invitation.objects.filter(project=project).values("email")
    found = people.exclude(email__in=asked).values_list("email", flat=True)
    return list(found.distinct().order_by("email")[:MAX_SUGGESTIONS])


def _is_there(project: Project, address: str) -> bool:
    members = Member.objects.filter(project=project, user__email=address)
    return project.owner.email == address or members.exists()


def _stored(project: Project, address: str, role: str, by: User, now: datetime) -> Invitation:
    """The one row for this address, new or renewed; the project is locked."""
    columns = {"role": StoredRole(role).value, "inviter": by, "expires": now + LIFETIME}
    found = Invitation.objects.filter(project=project, email=address).first()
    if found is None:
        code = uuid4()
        return Invitation.objects.create(
            code=code,
            project=project,
            email=address,
            created=now,
            digest=hashlib.sha256(_token(code, MAILED).encode()).hexdigest(),
            **columns,
        )
    Invitation.objects.filter(pk=found.pk).update(**columns)
    found.refresh_from_db()
    return found


def _taken(code: UUID, email: str, now: datetime) -> tuple[Project, Invitation]:
    """The invitation, which is gone after this. The project's row keeps others waiting."""
    row = Invitation.objects.filter(code=code, email=email).select_related("project").first()
    if row is None:
        raise Gone
    invitation = _locked(row.project, code)
    if invitation.expires <= now or invitation.project.removed is not None:
        raise Gone
    Invitation.objects.filter(pk=invitation.pk).delete()
    return invitation.project, invitation


def _locked(project: Project, code: UUID) -> Invitation:
    """As it is now that nobody else can change it: whoever does locks the project first."""
    locked(project)
    rows = Invitation.objects.filter(project=project, code=code)
    invitation = rows.select_related("project__owner", "inviter").first()
    if invitation is None:
        raise Gone
    return invitation


def _mail(invitation: Invitation, now: datetime) -> None:
    """The link by mail, where mail works; else somebody passes the other one on."""
    if settings.EMAIL_HOST:
        Invitation.objects.filter(pk=invitation.pk).update(sent=now)
        team_mails.invite(invitation, link(invitation, MAILED), now)


def _keep_to_the_limit(bucket: str, limit: Limit, now: datetime) -> None:
    wait = TokenBucket.attempt(bucket, limit, now)
    if wait != ALLOWED:
        raise TriedTooOften(wait)


def _token(code: UUID, kind: str, secret: str | None = None) -> str:
    signed = salted_hmac(f"hc.invitation.{kind}", str(code), secret=secret, algorithm="sha256")
    return signed.hexdigest()[:40]
