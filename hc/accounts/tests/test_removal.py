"""Removing a project, with a week to change one's mind."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from hc.accounts.access import projects_of
from hc.accounts.models import AuditEntry, Profile, Project, Role, Scope, User
from hc.accounts.services import keys, projects
from hc.alerts.queueing import enqueue
from hc.api import badge_queries
from hc.api.models import Check, Flip, Notification
from hc.core.state import Kind
from hc.pings.writer import record
from hc.reports import figures
from tests.factories import make_check, make_member, make_webhook, ping_event
from tests.teams import proved

DAY = timedelta(days=1)


def remove(client: Client, project: Project, said: str = "remove") -> int:
    proved(client)
    path = f"/projects/{project.code}/remove/"
    return client.post(path, {"confirmation": said}).status_code


@pytest.mark.parametrize("said", ["remove", "REMOVE ", "Production"])
def test_it_asks_for_the_word_or_the_name(as_alice: Client, project: Project, said: str) -> None:
    assert remove(as_alice, project, "yes") == 422
    project.refresh_from_db()
    assert project.removed is None
    assert remove(as_alice, project, said) == 302
    project.refresh_from_db()
    assert project.removed is not None
    assert AuditEntry.objects.filter(action="project.removed", project=project).exists()


def test_it_asks_who_one_is(as_alice: Client, project: Project) -> None:
    as_alice.post(f"/projects/{project.code}/remove/", {"confirmation": "remove"})
    project.refresh_from_db()
    assert project.removed is None


def test_it_is_hidden_everywhere(
    as_alice: Client, project: Project, check: Check, alice: User, bob: User
) -> None:
    now = timezone.now()
    channel = make_webhook(project)
    _, text = keys.create_key(project, Scope.READWRITE)
    older = keys.create_readonly_key(project)
    make_member(project, bob, Role.MANAGER)
    remove(as_alice, project)
    project.refresh_from_db()
    for path in (
        f"/projects/{project.code}/checks/",
        f"/projects/{project.code}/settings/",
        f"/projects/{project.code}/integrations/",
        f"/checks/{check.code}/details/",
        f"/cloaked/{check.unique_key}/",
        f"/integrations/{channel.code}/deliveries/",
    ):
        assert as_alice.get(path).status_code == 404, path
    for user in (alice, bob):
        assert project not in projects_of(user)
        assert project.pk not in figures.projects_of(user)
    assert keys.caller_of(text, now) is None
    assert keys.caller_of(older, now) is None
    assert badge_queries.project_counts(project.badge_key, now) is None
    assert badge_queries.tag_counts(project.badge_key, "x", now) is None
    assert badge_queries.check_counts(check.badge_key, now) is None
    menu = as_alice.get("/projects/menu/").content.decode()
    assert "Production" not in menu
    assert "alice@example.org" in menu


def test_it_is_silent(as_alice: Client, project: Project, check: Check) -> None:
    make_webhook(project)
    now = timezone.now()
    record([ping_event(check.code, now, Kind.FAIL)], now)
    assert Notification.objects.filter(state="queued").count() == 1
    remove(as_alice, project)
    dropped = Notification.objects.get()
    assert (dropped.state, dropped.due, dropped.error) == ("dropped", None, projects.SILENCED)
    flip = Flip.objects.create(owner=check, created=now, old_status="down", new_status="up")
    assert enqueue([flip], now) == 0
    projects.restore(project, now)
    flip = Flip.objects.create(owner=check, created=now, old_status="up", new_status="down")
    assert enqueue([flip], now) == 1


def test_nobody_is_reminded_of_it(as_alice: Client, project: Project, check: Check) -> None:
    profiles = Profile.objects.filter(user=project.owner)
    profiles.update(nag_period=DAY)
    now = timezone.now()
    record([ping_event(check.code, now, Kind.FAIL)], now)
    assert profiles.get().next_nag_date
    remove(as_alice, project)
    assert profiles.get().next_nag_date is None
    projects.restore(project, now)
    assert profiles.get().next_nag_date


def test_undo_brings_everything_back(as_alice: Client, project: Project, check: Check) -> None:
    remove(as_alice, project)
    page = as_alice.get("/").content.decode()
    assert page.count(f"/projects/{project.code}/restore/") == 2  # the message, and the list
    now = timezone.now()
    record([ping_event(check.code, now)], now)
    response = as_alice.post(f"/projects/{project.code}/restore/")
    assert response["Location"] == f"/projects/{project.code}/checks/"
    assert as_alice.get(response["Location"]).status_code == 200
    check.refresh_from_db()
    assert (check.n_pings, check.status) == (1, "up")
    assert as_alice.post(f"/projects/{project.code}/restore/").status_code == 404


def test_undo_is_for_a_week(as_alice: Client, project: Project) -> None:
    projects.remove(project, timezone.now())
    with time_machine.travel(timezone.now() + 7 * DAY + timedelta(minutes=1), tick=False):
        assert "/restore/" not in as_alice.get("/").content.decode()
        as_alice.post(f"/projects/{project.code}/restore/")
    project.refresh_from_db()
    assert project.removed is not None


def test_a_removed_project_takes_no_room(as_alice: Client, project: Project, check: Check) -> None:
    other = Project.objects.exclude(pk=project.pk).get()  # it has one check
    Profile.objects.filter(user=project.owner).update(check_limit=2)
    remove(as_alice, project)
    make_check(other)
    response = as_alice.post(f"/projects/{project.code}/restore/", follow=True)
    assert "no room" in response.content.decode()
    project.refresh_from_db()
    assert project.removed is not None


@pytest.mark.parametrize("role", [None, *Role])
def test_only_the_owner_removes_and_restores(
    project: Project, client: Client, bob: User, role: Role | None
) -> None:
    if role:
        make_member(project, bob, role)
    client.force_login(bob)
    assert remove(client, project) == 404
    projects.remove(project, timezone.now())
    assert client.post(f"/projects/{project.code}/restore/").status_code == 404
    project.refresh_from_db()
    assert project.removed is not None


def test_removing_takes_a_post(as_alice: Client, project: Project) -> None:
    assert as_alice.get(f"/projects/{project.code}/remove/").status_code == 405
