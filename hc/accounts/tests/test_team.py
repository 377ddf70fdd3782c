"""Who is in a project: roles, removing people, leaving."""

from __future__ import annotations

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hc.accounts.models import AuditEntry, Member, Project, Role, User
from hc.accounts.services.accounts import create_account
from tests.factories import make_member
from tests.teams import proved


def url(project: Project, part: str = "") -> str:
    return f"/projects/{project.code}/settings/team/{part}"


def role_of(project: Project, user: User) -> str | None:
    found = Member.objects.filter(project=project, user=user)
    return found.values_list("role", flat=True).first()


@pytest.fixture
def carol(db: None) -> User:
    return create_account("carol@example.org")


def test_a_role_is_changed_and_the_member_told(
    as_alice: Client, project: Project, bob: User, mails: list[EmailMessage]
) -> None:
    make_member(project, bob, Role.REGULAR)
    proved(as_alice)
    as_alice.post(url(project, "role/"), {"email": bob.email, "role": "m"})
    assert role_of(project, bob) == "m"
    assert mails[0].to == ["bob@example.org"]
    assert "Manager" in str(mails[0].body)
    entry = AuditEntry.objects.get(action="team.role_changed")
    assert (entry.target, entry.details) == (bob.email, {"role": ["Member", "Manager"]})


def test_the_same_role_again_tells_nobody(
    as_alice: Client, project: Project, bob: User, mails: list[EmailMessage]
) -> None:
    make_member(project, bob, Role.REGULAR)
    proved(as_alice)
    as_alice.post(url(project, "role/"), {"email": bob.email, "role": "w"})
    assert len(mails) == 0
    assert not AuditEntry.objects.filter(action="team.role_changed").exists()


@pytest.mark.parametrize(
    "data",
    [
        {"email": "bob@example.org", "role": "x"},
        {"email": "nobody@example.org", "role": "m"},
        {"email": "alice@example.org", "role": "r"},
        {},
    ],
)
def test_a_role_needs_a_member_and_a_name(
    as_alice: Client, project: Project, bob: User, data: dict[str, str]
) -> None:
    make_member(project, bob, Role.REGULAR)
    proved(as_alice)
    assert as_alice.post(url(project, "role/"), data).status_code == 400
    assert role_of(project, bob) == "w"


def test_managers_do_not_change_or_remove_themselves(
    client: Client, project: Project, bob: User
) -> None:
    make_member(project, bob, Role.MANAGER)
    client.force_login(bob)
    proved(client)
    assert client.post(url(project, "role/"), {"email": bob.email, "role": "r"}).status_code == 400
    assert client.post(url(project, "remove/"), {"email": bob.email}).status_code == 400
    assert role_of(project, bob) == "m"


def test_somebody_is_removed_and_told(
    as_alice: Client, project: Project, bob: User, mails: list[EmailMessage]
) -> None:
    make_member(project, bob, Role.MANAGER)
    proved(as_alice)
    assert as_alice.post(url(project, "remove/"), {"email": "BOB@example.org"}).status_code == 302
    assert role_of(project, bob) is None
    assert mails[0].to == ["bob@example.org"]
    assert AuditEntry.objects.filter(action="team.removed", target=bob.email).exists()
    assert as_alice.post(url(project, "remove/"), {"email": bob.email}).status_code == 400


def test_changing_the_team_asks_who_one_is(as_alice: Client, project: Project, bob: User) -> None:
    make_member(project, bob, Role.REGULAR)
    as_alice.post(url(project, "remove/"), {"email": bob.email})
    as_alice.post(url(project, "role/"), {"email": bob.email, "role": "m"})
    assert role_of(project, bob) == "w"


@pytest.mark.parametrize("role", list(Role))
def test_anybody_leaves_and_the_owner_is_told(
    client: Client, project: Project, bob: User, mails: list[EmailMessage], role: Role
) -> None:
    make_member(project, bob, role)
    client.force_login(bob)
    assert client.post(f"/projects/{project.code}/settings/leave/").status_code == 302
    assert role_of(project, bob) is None
    assert mails[0].to == ["alice@example.org"]
    assert client.get(f"/projects/{project.code}/checks/").status_code == 404


def test_owners_cannot_leave(as_alice: Client, project: Project) -> None:
    assert as_alice.post(f"/projects/{project.code}/settings/leave/").status_code == 400


def test_readers_see_no_addresses_of_others(
    client: Client, project: Project, bob: User, carol: User
) -> None:
    make_member(project, bob, Role.READONLY)
    make_member(project, carol, Role.MANAGER)
    client.force_login(bob)
    html = client.get(url(project)).content.decode()
    assert carol.email not in html
    assert "1 more member" in html
    Member.objects.filter(user=bob).update(role=Role.REGULAR)
    assert carol.email in client.get(url(project)).content.decode()


def test_the_team_takes_the_same_queries_however_large(as_alice: Client, project: Project) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert as_alice.get(url(project)).status_code == 200
        return len(found)

    def add(number: int) -> None:
        user = User.objects.create_account(f"m{number}@example.org")
        make_member(project, user, Role.REGULAR)
        project.invitations.create(
            email=f"i{number}@example.org",
            digest=str(number),
            created=project.owner.date_joined,
            expires=project.owner.date_joined,
            inviter=project.owner,
        )

    add(1)
    queries()
    before = queries()
    for number in range(2, 8):
        add(number)
    assert queries() == before
