"""How to ping a check: the zone of its schedule, its address, snippets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from hc.accounts.models import Profile, Project, Role, User
from hc.api.models import Check
from hc.pings.event import PingEvent
from hc.pings.writer import record
from tests.factories import make_check, make_cron_check, make_member


def page(client: Client, check: Check) -> str:
    response = client.get(f"/checks/{check.code}/details/")
    assert response.status_code == 200
    return response.content.decode()


# --- The time zone -------------------------------------------------------------------------------


NIGHTS = [datetime(2026, 6, day, 22, 15, 4, tzinfo=UTC) for day in range(1, 10)]
HINT = "Does this job run by another clock?"


@pytest.fixture
def astray(project: Project) -> Iterator[Check]:
    """A check in UTC whose job runs at 1:15 in Riga."""
    with time_machine.travel(NIGHTS[-1] + timedelta(hours=1), tick=False):
        check = make_cron_check(project, "15 1 * * *", name="Invoices")
        record([PingEvent(check.code, at) for at in NIGHTS], NIGHTS[-1])
        yield check


def test_a_job_by_another_clock_gets_a_hint_with_the_remedy(
    as_alice: Client, astray: Check
) -> None:
    Profile.objects.update(tz="Europe/Riga")
    html = page(as_alice, astray)
    assert HINT in html
    assert "Its pings come 3 hours earlier than its schedule says in UTC." in html
    assert "Use Europe/Riga" in html
    as_alice.post(f"/checks/{astray.code}/zone/", {"zone": "Europe/Riga"})
    astray.refresh_from_db()
    assert astray.tz == "Europe/Riga"
    assert HINT not in page(as_alice, astray)


def test_other_zones_of_the_project_are_offered_and_no_wrong_one_is_taken(
    as_alice: Client, astray: Check, project: Project
) -> None:
    make_cron_check(project, "0 0 * * *", "Asia/Tokyo")
    make_cron_check(project, "0 0 * * *", "Europe/Helsinki")
    html = page(as_alice, astray)
    assert "Use Europe/Helsinki" in html
    assert "Use Asia/Tokyo" not in html
    assert 'data-zone-hint="180"' in html  # a script offers the zone of a browser that fits
    for zone in ("Asia/Tokyo", "Mars/Phobos", ""):
        as_alice.post(f"/checks/{astray.code}/zone/", {"zone": zone})
        astray.refresh_from_db()
        assert astray.tz == "UTC"


# --- How to ping ---------------------------------------------------------------------------------


def test_the_style_of_the_address_is_each_persons_own(
    as_alice: Client, check: Check, project: Project, bob: User, client: Client
) -> None:
    url = f"/checks/{check.code}/ping_style/"
    assert as_alice.post(url, {"style": "slug"})["Location"] == f"/checks/{check.code}/details/"
    assert "This check has no slug yet" in page(as_alice, check)
    Check.objects.filter(pk=check.pk).update(slug="backup")
    assert "need the project’s ping key" in page(as_alice, check)
    Project.objects.filter(pk=project.pk).update(ping_key="k" * 22)
    assert f"http://testserver/ping/{'k' * 22}/backup/start" in page(as_alice, check)
    make_check(project, slug="backup")
    assert "has the same slug" in page(as_alice, check)
    make_member(project, bob, Role.REGULAR)
    client.force_login(bob)
    assert f"http://testserver/ping/{check.code}" in page(client, check)
    Project.objects.filter(pk=project.pk).update(show_slugs=True)  # what those have who did not say
    assert "has the same slug" in page(client, check)
    assert Project.objects.get(pk=project.pk).show_slugs


def test_snippets_for_every_environment(as_alice: Client, project: Project) -> None:
    check = make_cron_check(project, "30 2 * * 1-5", "Europe/Riga")
    html = page(as_alice, check)
    for words in (
        "30 2 * * 1-5  your-job.sh",
        "OnCalendar=Mon..Fri *-*-* 02:30:00 Europe/Riga",
        "AbortSignal.timeout",
        "http.Client",
        "stream_context_create",
        "Invoke-RestMethod",
    ):
        assert words in html
