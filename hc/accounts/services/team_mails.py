"""Mails to people whose place in a project changes, or who may say something to it.

All wait in the queue of mails, in the transaction of the change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from hc.accounts.models import Invitation, Project, Role, User
from hc.accounts.services import account_mails
from hc.lib.links import absolute

if TYPE_CHECKING:
    from hc.accounts.services.transfer import Freight

WEEK = timedelta(days=7)
ROLE_WORDS = {
    Role.READONLY: "look at its checks, but change nothing",
    Role.REGULAR: "see and change its checks, integrations and keys",
    Role.MANAGER: "see and change everything in it, and invite others",
}
SEE_TEAM = ("See the team", "hc-project-team")
OPEN = ("Open it", "hc-checks")


@dataclass(frozen=True, slots=True)
class _Notice:
    """A short mail. `action`: what its button says, and the name of the page it leads to."""

    subject: str
    text: str
    action: tuple[str, str] | None = None


def invite(invitation: Invitation, link: str, now: datetime) -> None:
    facts = {
        "project": invitation.project,
        "inviter": invitation.inviter.email if invitation.inviter else "",
        "may": ROLE_WORDS[Role(invitation.role)],
        "expires": invitation.expires,
        "link": link,
    }
    subject = f"Invitation to {invitation.project}"
    account_mails.send(invitation.email, "project_invitation", subject, facts, now=now, use=WEEK)


def tell_of_acceptance(invitation: Invitation, user: User, now: datetime) -> None:
    can = ROLE_WORDS[Role(invitation.role)]
    notice = _Notice(
        f"{user.email} joined {invitation.project}",
        f"{user.email} accepted the invitation, and can now {can}.",
        SEE_TEAM,
    )
    _tell(invitation.project, invitation.inviter, notice, now)


def tell_of_refusal(invitation: Invitation, now: datetime) -> None:
    notice = _Notice(
        f"{invitation.email} did not join {invitation.project}",
        f"{invitation.email} declined the invitation.",
        SEE_TEAM,
    )
    _tell(invitation.project, invitation.inviter, notice, now)


def tell_of_role(project: Project, member: User, role: Role, by: User, now: datetime) -> None:
    text = f"{by.email} changed your role to “{role.label}”: you can now {ROLE_WORDS[role]}."
    _tell(project, member, _Notice(f"Your role in {project}", text, OPEN), now)


def tell_of_removal(project: Project, member: User, by: User, now: datetime) -> None:
    text = (
        f"{by.email} removed you from the project. Its checks are no longer in your reports, and "
        "you cannot open it any more. Your account and your own projects stay as they are."
    )
    _tell(project, member, _Notice(f"You are no longer in {project}", text), now)


def tell_of_leaving(project: Project, user: User, now: datetime) -> None:
    notice = _Notice(f"{user.email} left {project}", f"{user.email} left the project.", SEE_TEAM)
    _tell(project, project.owner, notice, now)


def offer_project(project: Project, user: User, freight: Freight, now: datetime) -> None:
    path = reverse("hc-project-settings", args=[project.code])
    owner = project.owner.email
    facts = {"project": project, "owner": owner, "freight": freight, "link": absolute(path)}
    subject = f"{owner} wants to hand {project} over to you"
    account_mails.send(user.email, "project_transfer", subject, facts, now=now, use=WEEK)


def tell_of_acceptance_of_transfer(
    project: Project, former: User, user: User, now: datetime
) -> None:
    """The former owner learns that the project has changed hands."""
    text = f"{user.email} owns the project now. You stay in it as a member."
    _tell(project, former, _Notice(f"{user.email} took {project} over", text, OPEN), now)


def tell_of_refusal_of_transfer(project: Project, user: User, now: datetime) -> None:
    """The owner learns that the project stays theirs."""
    text = f"{user.email} declined to take the project over. You still own it."
    notice = _Notice(f"{user.email} did not take {project} over", text, OPEN)
    _tell(project, project.owner, notice, now)


def _tell(project: Project, user: User | None, notice: _Notice, now: datetime) -> None:
    if user is None or not user.is_active:
        return
    facts: dict[str, Any] = {"project": project, "text": notice.text}
    if notice.action:
        words, page = notice.action
        facts |= {"action": words, "link": absolute(reverse(page, args=[project.code]))}
    account_mails.send(user.email, "project_notice", notice.subject, facts, now=now, use=WEEK)
