"""Invitations: nothing happens unless they are accepted, once, by whom they are for."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from hc.accounts.models import AuditEntry, Invitation, Member, Project, Role, User
from hc.accounts.services import invitations
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
from tests.factories import PASSWORD, make_member
from tests.teams import proved

NEW = "new@example.org"


def url(project: Project, part: str = "") -> str:
    return f"/projects/{project.code}/settings/team/{part}"


def path_in(mail: EmailMessage) -> str:
    found = re.search(r"http://testserver(/invitations/\S+)", str(mail.body))
    assert found
    return found[1]


def copied(project: Project) -> str:
    """The link that managers may copy."""
    return invitations.link(project.invitations.get()).removeprefix("http://testserver")


def members(project: Project) -> list[tuple[str, str]]:
    return list(Member.objects.filter(project=project).values_list("user__email", "role"))


@pytest.fixture
def invite(as_alice: Client, project: Project) -> Callable[..., int]:
    """Alice invites somebody; the status of the answer."""
    proved(as_alice)

    def ask(email: str, role: str = "w") -> int:
        return as_alice.post(url(project, "invite/"), {"email": email, "role": role}).status_code

    return ask


def test_an_invitation_waits_for_consent(
    invite: Callable[..., int], project: Project, bob: User, mails: list[EmailMessage]
) -> None:
    assert invite(" Bob@Example.org ", "m") == 302
    assert members(project) == []
    assert mails[0].to == ["bob@example.org"]
    assert "Production" in mails[0].subject
    assert "alice@example.org" in str(mails[0].body)
    client = Client()
    client.force_login(bob)
    path = path_in(mails[0])
    assert client.get(path).status_code == 200
    assert members(project) == []
    response = client.post(path, {"action": "accept"})
    assert response["Location"] == f"/projects/{project.code}/checks/"
    assert members(project) == [("bob@example.org", "m")]
    assert not Invitation.objects.exists()
    assert mails[1].to == ["alice@example.org"]
    assert client.post(path, {"action": "accept"}).status_code == 410


def test_it_can_be_declined(
    invite: Callable[..., int], project: Project, bob: User, mails: list[EmailMessage]
) -> None:
    invite("bob@example.org")
    client = Client()
    assert client.post(path_in(mails[0]), {"action": "decline"}).status_code == 200
    assert members(project) == []
    assert not Invitation.objects.exists()
    assert "declined" in str(mails[1].body)


def test_only_the_one_who_is_invited_accepts(
    invite: Callable[..., int], project: Project, bob: User, mails: list[EmailMessage]
) -> None:
    invite(NEW)
    client = Client()
    assert client.post(path_in(mails[0]), {"action": "accept"}).status_code == 403
    client.force_login(bob)
    assert "signed in as bob@example.org" in client.get(path_in(mails[0])).content.decode()
    assert client.post(path_in(mails[0]), {"action": "accept"}).status_code == 403
    assert client.post(path_in(mails[0]), {"action": "join"}).status_code == 403
    assert client.post(copied(project), {"action": "decline"}).status_code == 403
    assert members(project) == []
    response = client.post(path_in(mails[0]), {"action": "switch"})
    assert response["Location"] == path_in(mails[0])
    assert "_auth_user_id" not in client.session


def test_a_stranger_makes_an_account_and_joins(
    invite: Callable[..., int], project: Project, mails: list[EmailMessage], settings: Settings
) -> None:
    settings.REGISTRATION_OPEN = False
    invite(NEW, "r")
    client = Client()
    response = client.post(path_in(mails[0]), {"action": "join", "tz": "Europe/Riga"})
    assert response["Location"] == f"/projects/{project.code}/checks/"
    user = User.objects.get(email=NEW)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert members(project) == [(NEW, "r")]
    assert not Project.objects.filter(owner=user).exists()
    assert user.profile.tz == "Europe/Riga"


def test_strangers_may_have_a_project_of_their_own(
    invite: Callable[..., int], project: Project, mails: list[EmailMessage]
) -> None:
    invite(NEW)
    Client().post(path_in(mails[0]), {"action": "join", "own_project": "on"})
    assert Project.objects.filter(owner__email=NEW).count() == 1


def test_the_copied_link_proves_no_mailbox(
    invite: Callable[..., int], project: Project, mails: list[EmailMessage]
) -> None:
    """Whoever invites could else make an account with the address of somebody else."""
    invite(NEW)
    client = Client()
    assert client.post(copied(project), {"action": "join"}).status_code == 403
    assert not User.objects.filter(email=NEW).exists()
    assert client.post(copied(project), {"action": "mail"}).status_code == 302
    assert mails[1].to == [NEW]
    assert path_in(mails[1]) == path_in(mails[0]) != copied(project)


def test_the_copied_link_does_not_tell_who_has_an_account(
    invite: Callable[..., int], project: Project, bob: User
) -> None:
    def page(email: str) -> str:
        Invitation.objects.all().delete()
        invite(email)
        html = Client().get(copied(project)).content.decode()
        html = re.sub(r"/invitations/[^\"]+|csrfmiddlewaretoken\" value=\"\w+", "", html)
        return html.replace(email, "")

    assert page("bob@example.org") == page(NEW)


def test_without_mail_the_link_is_passed_on(
    invite: Callable[..., int],
    as_alice: Client,
    project: Project,
    settings: Settings,
    mails: list[EmailMessage],
) -> None:
    settings.EMAIL_HOST = ""
    assert invite(NEW) == 302
    assert len(mails) == 0
    assert copied(project) in as_alice.get(url(project)).content.decode()
    client, path = Client(), copied(project)
    assert client.post(path, {"action": "join", "password": "short"}).status_code == 422
    assert client.post(path, {"action": "join", "password": PASSWORD}).status_code == 302
    assert members(project) == [(NEW, "w")]
    assert User.objects.get(email=NEW).check_password(PASSWORD)


def test_it_is_valid_for_a_week(
    invite: Callable[..., int], as_alice: Client, project: Project, mails: list[EmailMessage]
) -> None:
    start = timezone.now()
    invite(NEW)
    path = path_in(mails[0])
    with time_machine.travel(start + timedelta(days=6, hours=23), tick=False):
        assert Client().get(path).status_code == 200
    with time_machine.travel(start + timedelta(days=7, minutes=1), tick=False):
        assert Client().get(path).status_code == 410
        assert Client().post(path, {"action": "join"}).status_code == 410
        proved(as_alice)
        code = project.invitations.get().code
        assert as_alice.post(url(project, f"invitations/{code}/resend/")).status_code == 302
        assert Client().get(path).status_code == 200
    assert path_in(mails[1]) == path


def test_a_revoked_one_is_dead(
    invite: Callable[..., int], as_alice: Client, project: Project, mails: list[EmailMessage]
) -> None:
    invite(NEW)
    code = project.invitations.get().code
    assert as_alice.post(url(project, f"invitations/{code}/revoke/")).status_code == 302
    assert Client().get(path_in(mails[0])).status_code == 410
    assert as_alice.post(url(project, f"invitations/{code}/revoke/")).status_code == 404


@pytest.mark.parametrize("token", ["x", "0" * 40])
def test_guessed_links_lead_nowhere(
    invite: Callable[..., int], project: Project, token: str
) -> None:
    invite(NEW)
    code = project.invitations.get().code
    assert Client().get(f"/invitations/{code}/{token}/").status_code == 410


def test_inviting_again_changes_the_role(invite: Callable[..., int], project: Project) -> None:
    invite(NEW, "r")
    invite(NEW, "m")
    assert project.invitations.get().role == "m"


def test_those_who_are_there_are_not_invited(
    invite: Callable[..., int], project: Project, bob: User, mails: list[EmailMessage]
) -> None:
    make_member(project, bob, Role.READONLY)
    assert invite("bob@example.org", "m") == 302
    assert invite("alice@example.org", "m") == 302
    assert not Invitation.objects.exists()
    assert members(project) == [("bob@example.org", "r")]
    assert len(mails) == 0


@pytest.mark.parametrize(("email", "role"), [("nonsense", "w"), ("a@example.org", "x"), ("", "w")])
def test_nonsense_is_refused(invite: Callable[..., int], email: str, role: str) -> None:
    assert invite(email, role) == 422


def test_inviters_are_limited(invite: Callable[..., int]) -> None:
    statuses = [invite(f"n{number}@example.org") for number in range(21)]
    assert statuses == [302] * 20 + [429]


def test_recipients_are_protected(invite: Callable[..., int]) -> None:
    assert [invite(NEW) for _ in range(11)] == [302] * 10 + [429]


def test_suggestions_are_people_one_can_see(alice: User, bob: User, project: Project) -> None:
    seen = create_account("seen@example.org")
    make_member(create_project("Other", alice), seen, Role.REGULAR)
    foreign = create_account("foreign@example.org")
    theirs = create_project("Bob's", bob)
    make_member(theirs, foreign, Role.REGULAR)
    assert invitations.suggestions(project, alice) == ["seen@example.org"]
    make_member(theirs, alice, Role.READONLY)
    assert invitations.suggestions(project, alice) == ["seen@example.org"]
    Member.objects.filter(user=alice).update(role=Role.REGULAR)
    everybody = ["bob@example.org", "foreign@example.org", "seen@example.org"]
    assert invitations.suggestions(project, alice) == everybody


def test_it_is_in_the_log(
    invite: Callable[..., int], bob: User, project: Project, mails: list[EmailMessage]
) -> None:
    invite("bob@example.org")
    client = Client()
    client.force_login(bob)
    client.post(path_in(mails[0]), {"action": "accept"})
    found = AuditEntry.objects.filter(project=project, action__startswith="team.")
    assert list(found.order_by("pk").values_list("action", "actor_name")) == [
        ("team.invited", "alice@example.org"),
        ("team.joined", "bob@example.org"),
    ]


def test_what_is_no_action_is_refused(
    invite: Callable[..., int], mails: list[EmailMessage]
) -> None:
    invite(NEW)
    assert Client().post(path_in(mails[0]), {"action": "?"}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_make_one_membership() -> None:
    alice, bob = create_account("alice@example.org"), create_account("bob@example.org")
    project, now = create_project("Production", alice), timezone.now()
    code = invitations.invite(project, bob.email, "w", alice, now).code
    gate = Barrier(10)

    def accept(number: int) -> bool:
        if number < 10:
            gate.wait()
        try:
            invitations.accept(code, bob, now)
        except invitations.Gone:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(10) as pool:
        done = list(pool.map(accept, range(50)))
    assert done.count(True) == 1
    assert members(project) == [("bob@example.org", "w")]
