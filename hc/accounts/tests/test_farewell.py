from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.test import Client

from hc.accounts.models import AuditEntry, Profile, Project, Role, User
from hc.accounts.services import farewell
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
from hc.api.models import Check, Notification, Ping
from hc.core.state import Kind
from hc.housekeeping import farewells, tasks
from hc.pings.writer import record
from tests.factories import make_check, make_member, make_webhook, ping_event
from tests.people import at_once, confirmed
from tests.storage import Bucket

URL = "/accounts/close/"
DAY = timedelta(days=1)


def close(client: Client, user: User, at: datetime) -> None:
    with time_machine.travel(at, tick=False):
        confirmed(client, user).post(URL, {"confirmation": user.email})


def tidy(now: datetime) -> int:
    return sum(farewells.delete_closed(now))


def test_the_page_says_what_goes(client: Client, alice: User, bob: User, project: Project) -> None:
    make_check(project)
    make_member(project, bob, Role.REGULAR)
    page = confirmed(client, alice).get(URL).content.decode()
    assert "Production" in page
    assert "1 check, used by 1 other" in page
    assert f"/projects/{project.code}/settings/team/" in page or "Hand over" in page


@pytest.mark.parametrize("typed", ["", "bob@example.org", "alice"])
def test_the_address_has_to_be_typed(client: Client, alice: User, typed: str) -> None:
    response = confirmed(client, alice).post(URL, {"confirmation": typed})
    assert response.status_code == 422
    assert Profile.objects.get(user=alice).close_requested is None


def test_closing_signs_out_everywhere_and_deletes_nothing(
    client: Client, alice: User, mails: list[EmailMessage], now: datetime
) -> None:
    other = Client()
    other.force_login(alice)
    response = confirmed(client, alice).post(URL, {"confirmation": alice.email})
    assert "Your account will be closed" in response.content.decode()
    assert client.get("/accounts/profile/").status_code == 302
    assert other.get("/accounts/profile/").status_code == 302
    assert Project.objects.filter(owner=alice).exists()
    assert (mails[0].to, mails[0].subject) == ([alice.email], "Your account will be closed")
    assert AuditEntry.objects.filter(action="account.closing", user=alice, actor=alice).exists()


def test_whoever_comes_back_in_time_keeps_everything(
    client: Client, alice: User, mails: list[EmailMessage], now: datetime
) -> None:
    close(client, alice, now)
    client.force_login(alice)
    for page in ("/", "/accounts/profile/"):
        assert "Keep my account" in client.get(page).content.decode()
    assert client.get("/accounts/close/keep/").status_code == 405
    client.post("/accounts/close/keep/")
    client.post("/accounts/close/keep/")
    assert "Keep my account" not in client.get("/").content.decode()
    assert [mail.subject for mail in mails] == ["Your account will be closed", "Your account stays"]
    assert tidy(now + 100 * DAY) == 0
    assert User.objects.filter(pk=alice.pk).exists()


def test_until_the_end_pings_are_recorded_and_alerts_go_out(
    client: Client, alice: User, project: Project, now: datetime
) -> None:
    check = make_check(project)
    make_webhook(project)
    record([ping_event(check.code, now)], now)
    close(client, alice, now)
    record([ping_event(check.code, now + 13 * DAY, Kind.FAIL)], now + 13 * DAY)
    assert Ping.objects.filter(owner=check).count() == 2
    assert Notification.objects.filter(owner=check).exists()


def test_after_two_weeks_it_is_deleted_with_all_it_owns(
    client: Client, alice: User, bob: User, project: Project, now: datetime
) -> None:
    theirs = create_project("Theirs", bob)
    make_member(theirs, alice, Role.REGULAR)
    for number in range(45):
        make_check(project, name=str(number))
    kept = make_check(theirs)
    close(client, alice, now)
    assert tidy(now + 14 * DAY - timedelta(seconds=1)) == 0
    assert tidy(now + 14 * DAY) == 46 + 1
    assert list(User.objects.all()) == [bob]
    assert list(Check.objects.filter(project=theirs)) == [kept]
    assert Project.objects.filter(owner=bob).count() == 2
    entry = AuditEntry.objects.get(action="account.deleted")
    assert (entry.target, entry.via) == ("alice@example.org", "system")


def test_their_bodies_go_from_the_object_storage(
    client: Client, alice: User, project: Project, now: datetime, bucket: Bucket
) -> None:
    check = make_check(project)
    record([ping_event(check.code, now, body=b"x" * 200)], now)
    sum(tasks.move_bodies(now))
    assert bucket.listed()
    close(client, alice, now)
    tidy(now + 15 * DAY)
    assert not bucket.listed()


def test_housekeeping_does_it_by_itself() -> None:
    assert farewells.delete_closed in [task.steps for task in tasks.TASKS]


def test_the_only_administrator_stays(client: Client, bob: User, now: datetime) -> None:
    root = create_account("root@example.org", admin=True)
    response = confirmed(client, root).post(URL, {"confirmation": root.email})
    assert response.status_code == 422
    assert "only administrator" in response.content.decode()
    User.objects.filter(pk=bob.pk).update(is_superuser=True)
    assert client.post(URL, {"confirmation": root.email}).status_code == 200


def test_who_has_not_proved_themselves_is_asked_first(as_alice: Client, alice: User) -> None:
    as_alice.post(URL, {"confirmation": alice.email})
    assert Profile.objects.get(user=alice).close_requested is None


@pytest.mark.django_db(transaction=True)
def test_of_a_change_of_mind_at_the_last_moment_all_or_nothing_is_left(
    alice: User, now: datetime
) -> None:
    farewell.request(alice, now - 14 * DAY)

    def work(number: int) -> int:
        return tidy(now) if number % 2 else int(farewell.keep(alice, now))

    at_once(work, 4, threads=4)
    left = User.objects.filter(pk=alice.pk).exists()
    assert Project.objects.filter(owner=alice.pk).exists() is left
