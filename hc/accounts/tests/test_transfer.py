"""Handing a project over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.utils import timezone

from hc.accounts.models import AuditEntry, Member, Profile, Project, Role, User
from hc.accounts.services import transfer
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
from hc.api.models import Check
from hc.api.services import checks
from tests.factories import make_check, make_member
from tests.teams import proved


def url(project: Project, part: str = "") -> str:
    return f"/projects/{project.code}/settings/transfer/{part}"


@pytest.fixture
def as_bob(project: Project, bob: User) -> Client:
    """A read-only member."""
    make_member(project, bob, Role.READONLY)
    client = Client()
    client.force_login(bob)
    return client


def offer(as_alice: Client, project: Project, email: str = "bob@example.org") -> int:
    proved(as_alice)
    return as_alice.post(url(project), {"email": email}).status_code


def test_a_project_changes_hands(
    as_alice: Client, as_bob: Client, project: Project, check: Check, mails: list[EmailMessage]
) -> None:
    assert offer(as_alice, project) == 302
    project.refresh_from_db()
    assert project.owner.email == "alice@example.org"
    assert mails[0].to == ["bob@example.org"]
    assert f"/projects/{project.code}/settings/" in str(mails[0].body)
    page = as_bob.get(f"/projects/{project.code}/settings/").content.decode()
    assert "wants to hand this project over to you" in page
    assert as_bob.post(url(project, "answer/"), {"answer": "accept"}).status_code == 302
    project.refresh_from_db()
    assert project.owner.email == "bob@example.org"
    member = Member.objects.get(project=project)
    assert (member.user.email, member.role) == ("alice@example.org", "w")
    assert member.transfer_request_date is None
    assert mails[1].to == ["alice@example.org"]
    found = AuditEntry.objects.filter(action__startswith="transfer.").order_by("pk")
    assert [entry.action for entry in found] == ["transfer.started", "transfer.accepted"]
    assert as_bob.post(url(project, "answer/"), {"answer": "accept"}).status_code == 403


def test_an_offer_is_declined(
    as_alice: Client, as_bob: Client, project: Project, mails: list[EmailMessage]
) -> None:
    offer(as_alice, project)
    as_bob.post(url(project, "answer/"), {"answer": "decline"})
    project.refresh_from_db()
    assert project.owner.email == "alice@example.org"
    assert transfer.pending(project) is None
    assert "declined" in str(mails[1].body)


def test_an_offer_is_taken_back(as_alice: Client, as_bob: Client, project: Project) -> None:
    offer(as_alice, project)
    for _ in range(2):
        assert as_alice.post(url(project, "cancel/")).status_code == 302
    assert as_bob.post(url(project, "answer/"), {"answer": "accept"}).status_code == 403


def test_there_is_one_offer_at_a_time(as_alice: Client, as_bob: Client, project: Project) -> None:
    carol = create_account("carol@example.org")
    make_member(project, carol, Role.REGULAR)
    offer(as_alice, project)
    offer(as_alice, project, carol.email)
    asked = Member.objects.filter(transfer_request_date__isnull=False)
    assert [member.user for member in asked] == [carol]
    assert as_bob.post(url(project, "answer/"), {"answer": "accept"}).status_code == 403


def test_offering_asks_who_one_is(as_alice: Client, as_bob: Client, project: Project) -> None:
    as_alice.post(url(project), {"email": "bob@example.org"})
    assert transfer.pending(project) is None


@pytest.mark.parametrize("email", ["alice@example.org", "nobody@example.org", ""])
def test_only_members_are_asked(as_alice: Client, project: Project, email: str) -> None:
    assert offer(as_alice, project, email) == 400


def test_those_without_room_cannot_accept(
    as_alice: Client, as_bob: Client, project: Project, check: Check, bob: User
) -> None:
    Profile.objects.filter(user=bob).update(check_limit=1)  # bob has one check already
    offer(as_alice, project)
    page = as_bob.get(f"/projects/{project.code}/settings/").content.decode()
    assert "disabled" in page
    as_bob.post(url(project, "answer/"), {"answer": "accept"})
    project.refresh_from_db()
    assert project.owner.email == "alice@example.org"
    Profile.objects.filter(user=bob).update(check_limit=2)
    as_bob.post(url(project, "answer/"), {"answer": "accept"})
    project.refresh_from_db()
    assert project.owner == bob


def test_offers_are_limited(as_alice: Client, as_bob: Client, project: Project) -> None:
    assert [offer(as_alice, project) for _ in range(11)] == [302] * 10 + [429]


def test_nonsense_is_no_answer(as_alice: Client, as_bob: Client, project: Project) -> None:
    offer(as_alice, project)
    assert as_bob.post(url(project, "answer/"), {"answer": "maybe"}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_while_checks_are_added() -> None:
    alice, bob = create_account("alice@example.org"), create_account("bob@example.org")
    project, own = create_project("Production", alice), Project.objects.get(owner=bob)
    for _ in range(5):
        make_check(project)
    Profile.objects.filter(user=bob).update(check_limit=8)  # one of his, two more, or the project
    make_member(project, bob, Role.REGULAR)
    now = timezone.now()
    transfer.start(project, bob.pk, alice, now)

    def act(number: int) -> None:
        try:
            if number == 3:
                transfer.accept(project, bob, now)
            else:
                checks.create(own, checks.Details({}), checks.ScheduleSettings())
        except (transfer.NoRoom, checks.LimitReached):
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(act, range(12)))
    assert Check.objects.filter(project__owner=bob).count() == 8
