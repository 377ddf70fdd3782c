"""A project's name and its keys."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hc.accounts.models import ApiKey, AuditEntry, Project, Role, Scope, User
from hc.accounts.services import keys
from hc.api.models import Check
from tests.factories import make_member
from tests.teams import proved


def url(project: Project, part: str = "") -> str:
    return f"/projects/{project.code}/settings/{part}"


def actions(project: Project) -> list[str]:
    found = AuditEntry.objects.filter(project=project).order_by("pk")
    return list(found.values_list("action", flat=True))


def test_a_project_is_renamed(as_alice: Client, project: Project) -> None:
    data = {"name": "  Live \n servers ", "show_slugs": "slug"}
    assert as_alice.post(url(project), data).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.show_slugs) == ("Live servers", True)
    entry = AuditEntry.objects.get(action="project.edited")
    assert entry.details == {"name": ["Production", "Live servers"], "show_slugs": [False, True]}


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_a_bad_name_is_refused_with_words(as_alice: Client, project: Project, name: str) -> None:
    response = as_alice.post(url(project), {"name": name, "show_slugs": "uuid"})
    assert response.status_code == 422
    assert "errors" in response.content.decode()
    project.refresh_from_db()
    assert project.name == "Production"


def test_readers_see_the_name_but_no_form(client: Client, project: Project, bob: User) -> None:
    make_member(project, bob, Role.READONLY)
    client.force_login(bob)
    html = client.get(url(project)).content.decode()
    assert "Production" in html
    assert 'name="name"' not in html


# --- Keys -------------------------------------------------------------------------------------


def test_a_key_is_made_and_shown_once(as_alice: Client, project: Project) -> None:
    proved(as_alice)
    data = {"name": "CI", "scope": "ro", "days": "30"}
    response = as_alice.post(url(project, "keys/add/"), data)
    key = ApiKey.objects.get()
    text = response.content.decode().partition('id="new-key"')[2].partition("<")[0]
    text = text.partition(">")[2]
    caller = keys.caller_of(text, timezone.now())
    assert caller
    assert (caller.scope, caller.project_id, caller.label) == (
        Scope.READONLY,
        project.pk,
        "API key CI",
    )
    assert key.expires
    assert timedelta(days=29) < key.expires - timezone.now() < timedelta(days=31)
    assert "no-store" in response["Cache-Control"]
    page = as_alice.get(url(project, "keys/")).content.decode()
    assert "CI" in page
    assert text not in page
    assert actions(project)[-1] == "key.created"
    assert text not in str(AuditEntry.objects.values_list("details", "target"))


def test_making_a_key_asks_who_one_is(as_alice: Client, project: Project) -> None:
    response = as_alice.post(url(project, "keys/add/"), {"name": "CI", "scope": "rw"})
    assert response.status_code == 200
    assert not ApiKey.objects.exists()


def test_a_key_needs_a_name(as_alice: Client, project: Project) -> None:
    proved(as_alice)
    response = as_alice.post(url(project, "keys/add/"), {"name": " ", "scope": "rw"})
    assert response.status_code == 422
    assert not ApiKey.objects.exists()


def test_a_project_has_so_many_keys(as_alice: Client, project: Project) -> None:
    proved(as_alice)
    ApiKey.objects.bulk_create(
        ApiKey(project=project, scope="rw", prefix="x", digest=str(n)) for n in range(keys.MAX_KEYS)
    )
    response = as_alice.post(url(project, "keys/add/"), {"name": "one more", "scope": "rw"})
    assert response.status_code == 422
    assert ApiKey.objects.count() == keys.MAX_KEYS


def test_a_revoked_key_is_refused(as_alice: Client, project: Project) -> None:
    proved(as_alice)
    key, text = keys.create_key(project, Scope.READWRITE, name="CI")
    assert as_alice.post(url(project, f"keys/{key.code}/revoke/")).status_code == 302
    assert keys.caller_of(text, timezone.now()) is None
    assert as_alice.post(url(project, f"keys/{key.code}/revoke/")).status_code == 404


def test_keys_of_other_projects_are_not_revoked(
    as_alice: Client, project: Project, bob: User
) -> None:
    other, _ = keys.create_key(Project.objects.get(owner=bob), Scope.READWRITE)
    proved(as_alice)
    assert as_alice.post(url(project, f"keys/{other.code}/revoke/")).status_code == 404
    assert ApiKey.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize("scope", ["rw", "ro"])
def test_older_keys_are_listed_and_revoked(as_alice: Client, project: Project, scope: str) -> None:
    proved(as_alice)
    both = {"rw": keys.create_api_key(project), "ro": keys.create_readonly_key(project)}
    html = as_alice.get(url(project, "keys/")).content.decode()
    assert all(f"{text[4:12]}…" in html and text not in html for text in both.values())
    as_alice.post(url(project, "keys/older/revoke/"), {"scope": scope})
    now = timezone.now()
    assert [s for s, text in both.items() if keys.caller_of(text, now) is None] == [scope]
    assert as_alice.post(url(project, "keys/older/revoke/"), {"scope": "x"}).status_code == 400


def test_the_ping_key_is_made_replaced_and_revoked(as_alice: Client, project: Project) -> None:
    proved(as_alice)
    seen: list[str | None] = []
    for action in ("create", "create", "revoke"):
        as_alice.post(url(project, "keys/ping/"), {"action": action})
        project.refresh_from_db()
        seen.append(project.ping_key)
        if project.ping_key:
            assert project.ping_key in as_alice.get(url(project, "keys/")).content.decode()
    assert seen[0] != seen[1]
    assert seen[2] is None
    assert actions(project)[-3:] == ["pingkey.created", "pingkey.renewed", "pingkey.revoked"]
    assert as_alice.post(url(project, "keys/ping/"), {"action": "?"}).status_code == 400


def test_readers_see_no_keys(client: Client, project: Project, bob: User) -> None:
    keys.create_ping_key(project)
    make_member(project, bob, Role.READONLY)
    client.force_login(bob)
    assert client.get(url(project, "keys/")).status_code == 403
    assert "/settings/keys/" not in client.get(url(project)).content.decode()


def test_the_list_of_keys_takes_the_same_queries_however_long(
    as_alice: Client, project: Project
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            as_alice.get(url(project, "keys/"))
        return len(found)

    keys.create_key(project, Scope.READWRITE)
    queries()
    before = queries()
    for _ in range(5):
        keys.create_key(project, Scope.READWRITE)
    assert queries() == before


# --- What readers do not see ------------------------------------------------------------------


def test_readers_get_the_page_of_a_check_without_its_code(
    client: Client, project: Project, check: Check, bob: User
) -> None:
    make_member(project, bob, Role.READONLY)
    client.force_login(bob)
    listed = client.get(f"/projects/{project.code}/checks/").content.decode()
    assert str(check.code) not in listed
    assert f"/cloaked/{check.unique_key}/" in listed
    page = client.get(f"/cloaked/{check.unique_key}/")
    assert page.status_code == 200
    assert str(check.code) not in page.content.decode()
    assert "The ping address is hidden" in page.content.decode()
    part = client.get(f"/cloaked/{check.unique_key}/status/")
    assert part.status_code == 200
    assert str(check.code) not in part.content.decode()
    response = client.get(f"/checks/{check.code}/details/")
    assert response["Location"] == f"/cloaked/{check.unique_key}/"


def test_members_are_led_from_a_link_to_the_whole_page(as_alice: Client, check: Check) -> None:
    response = as_alice.get(f"/cloaked/{check.unique_key}/")
    assert response["Location"] == f"/checks/{check.code}/details/"
    html = as_alice.get(response["Location"]).content.decode()
    assert f"/ping/{check.code}" in html or str(check.code) in html
