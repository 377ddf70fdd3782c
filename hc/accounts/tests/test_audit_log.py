"""The audit log as people read it."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hc.accounts.audit import Actor, Target, acting, changes, record
from hc.accounts.audit_words import VERBS, say
from hc.accounts.middleware import IMPERSONATOR
from hc.accounts.models import AuditEntry, Project, Role, User, Via
from hc.accounts.services import keys
from hc.api.models import Check
from hc.api.services import checks
from hc.housekeeping import retention
from tests.factories import make_member

HOUR = timedelta(hours=1)


def url(project: Project, part: str = "") -> str:
    return f"/projects/{project.code}/settings/activity/{part}"


def entry(action: str, details: Any = None, **columns: Any) -> AuditEntry:
    who = {"actor_name": "alice@example.org", "via": Via.WEB} | columns
    return AuditEntry(action=action, target="Backup", details=details or {}, **who)


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({}, "alice@example.org edited the check Backup"),
        ({"grace": ["1 hour", "2 hours"]}, "… Backup: grace 1 hour → 2 hours"),
        ({"desc": ["", "See wiki"]}, "… Backup: notes nothing → See wiki"),
        ({"manual_resume": [False, True]}, "… Backup: manual resume off → on"),
        ({"channel": "Pager", "on": False}, "… Backup: alerts through Pager off"),
        ({"changed": ["name", "value"]}, "… Backup: name, value changed"),
        ({"checks": 3}, "… Backup: checks 3"),
        (["nonsense"], "alice@example.org edited the check Backup"),
    ],
)
def test_changes_are_told_in_words(details: Any, said: str) -> None:
    expected = said.replace("…", "alice@example.org edited the check")
    assert str(say(entry("check.edited", details))) == expected


def test_who_did_it_is_told() -> None:
    assert say(entry("check.paused", impersonator="root@x")).who == "root@x as alice@example.org"
    assert say(entry("check.paused", actor_name="", via=Via.SYSTEM)).who == "The service"
    assert say(entry("check.paused", actor_name="", via=Via.COMMAND)).who == "An operator"


def test_an_action_without_words_is_told_by_its_name() -> None:
    assert str(say(entry("moon.walked_on"))) == "alice@example.org walked on moon Backup"


def test_periods_are_stored_as_people_read_them() -> None:
    assert changes({"grace": HOUR}, {"grace": 2 * HOUR}) == {"grace": ["1 hour", "2 hours"]}


def test_what_is_done_on_pages_is_listed_with_links(
    as_alice: Client, project: Project, check: Check
) -> None:
    as_alice.post(f"/checks/{check.code}/pause/", REMOTE_ADDR="192.0.2.7")
    html = as_alice.get(url(project)).content.decode()
    assert "paused the check" in html
    assert f'href="/cloaked/{check.unique_key}/"' in html
    assert "192.0.2.7" in html
    checks.remove(check.code, timezone.now())
    html = as_alice.get(url(project)).content.decode()
    assert "deleted the check" in html
    assert "/cloaked/" not in html


def test_impersonation_and_keys_are_marked(
    as_alice: Client, project: Project, check: Check
) -> None:
    session = as_alice.session
    session[IMPERSONATOR] = "root@example.org"
    session.save()
    as_alice.post(f"/checks/{check.code}/pause/")
    with acting(Actor(Via.API, "API key CI")):
        checks.resume(check.code, timezone.now())
    html = as_alice.get(url(project)).content.decode()
    assert "root@example.org as alice@example.org" in html
    assert "administrator" in html
    assert "API key CI" in html


@pytest.fixture
def busy(project: Project, check: Check, alice: User, bob: User) -> Project:
    with acting(Actor(Via.WEB, alice.email, alice)):
        checks.pause(check.code, timezone.now())
        keys.create_ping_key(project)
    with acting(Actor(Via.WEB, bob.email, bob)):
        checks.resume(check.code, timezone.now())
    return project


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("", {"paused the check", "made a ping key", "resumed the check"}),
        ("kind=checks", {"paused the check", "resumed the check"}),
        ("kind=keys", {"made a ping key"}),
        ("person=bob@example.org", {"resumed the check"}),
        ("kind=keys&person=bob@example.org", set()),
        ("kind=nonsense", {"paused the check", "made a ping key", "resumed the check"}),
    ],
)
def test_it_is_filtered(as_alice: Client, busy: Project, query: str, seen: set[str]) -> None:
    html = as_alice.get(f"{url(busy)}?{query}").content.decode()
    verbs = {"paused the check", "made a ping key", "resumed the check"}
    assert {verb for verb in verbs if verb in html} == seen


def test_it_is_paged(as_alice: Client, project: Project) -> None:
    AuditEntry.objects.all().delete()
    for number in range(120):
        record("check.edited", Target(f"job-{number:03}"), project=project)
    seen: list[str] = []
    path = url(project)
    for _ in range(3):
        html = as_alice.get(path).content.decode()
        seen += [name for n in range(120) if (name := f"job-{n:03}") in html]
        found = html.partition('href="?before=')[2].partition('"')[0]
        path = f"{url(project)}?before={found}"
    assert sorted(seen) == [f"job-{n:03}" for n in range(120)]
    assert not found
    assert as_alice.get(f"{url(project)}?before=x").status_code == 400


def test_it_takes_the_same_queries_however_long(as_alice: Client, busy: Project) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            as_alice.get(url(busy))
        return len(found)

    queries()
    before = queries()
    for number in range(30):
        record("check.edited", Target(f"job {number}"), project=busy)
    assert queries() == before


@pytest.mark.parametrize("form", ["csv", "json"])
def test_it_is_exported(as_alice: Client, busy: Project, form: str) -> None:
    record("check.edited", Target("=1+1"), project=busy, details={"tags": ["", "ä, b"]})
    response = as_alice.get(f"{url(busy)}export/{form}/?kind=checks")
    assert response.streaming
    assert f".{form}" in response["Content-Disposition"]
    text = response.getvalue().decode()
    rows = json.loads(text) if form == "json" else list(csv.DictReader(text.splitlines()))
    assert [row["action"] for row in rows] == [
        "check.created",
        "check.paused",
        "check.resumed",
        "check.edited",
    ]
    assert rows[1]["who"] == "alice@example.org"
    assert rows[3]["target"] == ("'=1+1" if form == "csv" else "=1+1")
    assert "ä, b" in rows[3]["text"]
    assert as_alice.get(f"{url(busy)}export/xml/").status_code == 404


@pytest.mark.parametrize(("role", "status"), [(Role.MANAGER, 200), (Role.REGULAR, 403)])
def test_it_is_for_managers(
    client: Client, busy: Project, bob: User, role: Role, status: int
) -> None:
    make_member(busy, bob, role)
    client.force_login(bob)
    assert client.get(url(busy)).status_code == status
    assert client.get(f"{url(busy)}export/csv/").status_code == status
    assert (
        "/settings/activity/" in client.get(f"/projects/{busy.code}/settings/").content.decode()
    ) is (status == 200)


def test_entries_go_when_they_are_old(project: Project) -> None:
    now = timezone.now()
    record("check.edited", project=project)
    record("check.paused", project=project)
    AuditEntry.objects.filter(action="check.edited").update(created=now - timedelta(days=401))
    AuditEntry.objects.filter(action="check.paused").update(created=now - timedelta(days=399))
    for _ in retention.audit_entries(now):
        pass
    assert not AuditEntry.objects.filter(action="check.edited").exists()
    assert AuditEntry.objects.filter(action="check.paused").exists()


def test_words_are_short() -> None:
    assert all(len(action) <= 40 for action in VERBS)
