"""The demonstration: what it makes fits together."""

from __future__ import annotations

from datetime import datetime
from io import StringIO

import pytest
from django.core.management import call_command

from hc.accounts.models import Project, User
from hc.api.models import Check, DailyRollup, Flip, Notification, Ping
from hc.ops.demo import fill


def test_the_checks_are_in_all_states_and_have_a_past(alice: User, now: datetime) -> None:
    project = fill(alice, now, number=14)
    checks = list(Check.objects.filter(project=project).order_by("pk"))
    shown = {check.shown_status(now).value for check in checks}
    assert shown == {"up", "down", "grace", "paused", "new"}
    assert any(check.is_running(now) for check in checks)
    for check in checks:
        newest = Ping.objects.filter(owner=check).order_by("-n").first()
        assert (newest.n if newest else 0) == check.n_pings == check.rolled_n
        last = Flip.objects.filter(owner=check).order_by("-created", "-pk").first()
        assert (last.new_status if last else "new") == check.status
        runs = DailyRollup.objects.filter(owner=check, successes__gt=0).count()
        assert runs > 10 or check.status == "new" or check.tags == "ml data"
    assert Notification.objects.filter(owner__project=project, state="sent").exists()
    assert not Notification.objects.filter(due__isnull=False).exists()
    assert not Flip.objects.filter(processed=None).exists()


def test_integrations_have_told_of_something(alice: User, now: datetime) -> None:
    project = fill(alice, now, number=5)
    for channel in project.channel_set.all():
        last = channel.notification_set.order_by("settled").last()
        assert last is not None
        assert (channel.last_notify, channel.last_error) == (last.created, last.error)


@pytest.mark.django_db
def test_the_command_makes_an_account_and_says_where_to_look() -> None:
    out = StringIO()
    call_command("demo", checks=2, name="Show", owner="new@example.org", stdout=out)
    project = Project.objects.get(name="Show")
    assert project.owner.email == "new@example.org"
    assert "password" in out.getvalue()
    assert f"/projects/{project.code}/checks/" in out.getvalue()


@pytest.mark.django_db
def test_a_number_that_makes_no_sense_is_refused() -> None:
    err = StringIO()
    with pytest.raises(SystemExit) as refused:
        call_command("demo", checks=0, stderr=err)
    assert refused.value.code == 2
    assert "--checks" in err.getvalue()
