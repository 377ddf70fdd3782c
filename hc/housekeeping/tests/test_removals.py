from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from hc.accounts.models import AuditEntry, Invitation, Project
from hc.accounts.services import invitations, projects
from hc.api.models import Check, Ping
from hc.housekeeping import removals, retention
from hc.lib import objects
from hc.pings import bodies
from hc.pings.writer import record
from tests.factories import ping_event
from tests.storage import Bucket

DAY = timedelta(days=1)


def test_removed_projects_go_after_a_week(project: Project, check: Check) -> None:
    now = timezone.now()
    record([ping_event(check.code, now) for _ in range(3)], now)
    projects.remove(project, now)
    assert sum(removals.delete_removed(now + 7 * DAY - timedelta(minutes=1))) == 0
    assert sum(removals.delete_removed(now + 7 * DAY)) == 3 + 1 + 1
    assert not Project.objects.filter(pk=project.pk).exists()
    assert not Ping.objects.exists()
    assert AuditEntry.objects.filter(action="project.deleted", target="Production").exists()
    assert Project.objects.count() == 1  # the other one of Alice's


def test_their_bodies_go_from_the_storage(project: Project, check: Check, bucket: Bucket) -> None:
    now = timezone.now()
    record([ping_event(check.code, now, body=b"x" * 500)], now)
    store = objects.configured()
    assert store
    list(bodies.move(store, 0, bodies.newest_ping()))
    assert list(store.folders())
    projects.remove(project, now)
    list(removals.delete_removed(now + 8 * DAY))
    assert not list(store.folders())


def test_invitations_go_a_month_after_their_end(project: Project) -> None:
    now = timezone.now()
    invitations.invite(project, "new@example.org", "w", project.owner, now)
    list(retention.invitations(now + 36 * DAY))
    assert Invitation.objects.exists()
    list(retention.invitations(now + 38 * DAY))
    assert not Invitation.objects.exists()
