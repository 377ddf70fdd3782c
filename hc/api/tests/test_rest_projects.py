"""Projects and their keys by the API, with the key of an account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from hc.accounts.models import ApiKey, Member, Project, User
from hc.accounts.services import keys
from hc.accounts.services.projects import create_project
from hc.api.tests.scripts import Script
from tests.factories import make_member

LIST = "projects/"

pytestmark = pytest.mark.usefixtures("clock")


def _names(script: Script) -> dict[str, str]:
    return {one["name"]: one["role"] for one in script.listed(LIST, "projects")}


def test_the_projects_of_the_account_are_listed(
    manager: Script, project: Project, alice: User, bob: User
) -> None:
    create_project("Nobody else's", bob)
    roles = {"Read": "r", "Write": "w", "Manage": "m"}
    for name, role in roles.items():
        make_member(create_project(name, bob), alice, role)  # type: ignore[arg-type]
    names = _names(manager)
    assert names["Production"] == "owner"
    assert {name: names[name] for name in roles} == {
        "Read": "readonly",
        "Write": "regular",
        "Manage": "manager",
    }
    assert "Nobody else's" not in names


def test_readers_are_not_told_the_ping_key(manager: Script, alice: User, bob: User) -> None:
    other = create_project("Other", bob)
    keys.create_ping_key(other)
    member = make_member(other, alice, "r")  # type: ignore[arg-type]
    assert manager.get(f"projects/{other.code}").json()["ping_key"] is None
    Member.objects.filter(pk=member.pk).update(role="w")
    other.refresh_from_db()
    assert manager.get(f"projects/{other.code}").json()["ping_key"] == other.ping_key


def test_a_new_project_can_be_used_at_once(manager: Script, client: Client) -> None:
    made = manager.post(LIST, {"name": "  New   one "}).json()
    assert (made["name"], made["role"]) == ("New one", "owner")
    key = manager.post(f"projects/{made['uuid']}/keys/", {"name": "ci"}).json()["key"]
    check = Script(client, key).post("checks/", {"name": "x", "slug": "job"})
    assert check.status_code == 201
    assert client.get(f"/ping/{made['ping_key']}/job").status_code == 200


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "name is missing"),
        ({"name": None}, "name is not a string"),
        ({"name": ""}, "name is too short"),
        ({"name": "x" * 61}, "name is too long"),
        ({"name": "a\0"}, "name does not match pattern"),
    ],
)
def test_a_project_needs_a_proper_name(manager: Script, body: dict[str, Any], error: str) -> None:
    response = manager.post(LIST, body)
    assert response.json()["error"] == f"json validation error: {error}"


def test_keys_are_made_listed_and_ended(
    manager: Script, project: Project, client: Client, now: datetime
) -> None:
    path = f"projects/{project.code}/keys/"
    later = (now + timedelta(days=1)).isoformat(timespec="seconds")
    made = manager.post(path, {"name": "wall", "scope": "ro", "expires": later}).json()
    text = made.pop("key")
    assert made["expires"] == later
    assert made["prefix"] == text[4:12]
    assert Script(client, text).get("checks/").status_code == 200
    (listed,) = manager.listed(path, "keys")
    assert listed == made | {"last_used": "2026-06-15T12:00:00+00:00"}
    assert text not in manager.get(path).content.decode()
    assert manager.delete(f"{path}{made['uuid']}").json() == listed
    assert Script(client, text).get("checks/").status_code == 401
    assert manager.delete(f"{path}{made['uuid']}").status_code == 404


@pytest.mark.parametrize(
    "expires",
    [
        "2020-01-01T00:00:00Z",
        "2099-01-01T00:00:00",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+14:00",
        "soon",
        4_000_000_000,
        True,
        [],
    ],
)
def test_an_end_must_be_an_instant_to_come(
    manager: Script, project: Project, expires: object
) -> None:
    response = manager.post(f"projects/{project.code}/keys/", {"expires": expires})
    assert response.status_code == 400
    assert response.json()["error"].startswith("json validation error: expires ")
    assert not ApiKey.objects.filter(project=project).exists()


def test_an_end_is_told_in_utc(manager: Script, project: Project) -> None:
    body = {"expires": "2099-01-01T00:30:00.5+02:00"}
    made = manager.post(f"projects/{project.code}/keys/", body).json()
    assert made["expires"] == "2098-12-31T22:30:00+00:00"
    assert manager.listed(f"projects/{project.code}/keys/", "keys")[0]["expires"] == made["expires"]


@pytest.mark.parametrize(("role", "status"), [("r", 403), ("w", 403), ("m", 201)])
def test_only_managers_make_keys(
    manager: Script, alice: User, bob: User, role: str, status: int
) -> None:
    other = create_project("Other", bob)
    make_member(other, alice, role)  # type: ignore[arg-type]
    path = f"projects/{other.code}/keys/"
    assert manager.post(path, {}).status_code == status
    assert manager.get(path).status_code == (200 if status == 201 else 403)
    assert manager.delete(f"{path}{uuid4()}").status_code == (404 if status == 201 else 403)


def test_strangers_are_told_nothing(manager: Script, bob: User) -> None:
    other = create_project("Other", bob)
    for path in (f"projects/{other.code}", f"projects/{uuid4()}", f"projects/{other.code}/keys/"):
        assert manager.get(path).status_code == 404
    assert manager.post(f"projects/{other.code}/keys/", {}).status_code == 404


def test_a_key_of_another_project_is_not_ended(
    manager: Script, project: Project, alice: User
) -> None:
    second = create_project("Second", alice)
    made = manager.post(f"projects/{second.code}/keys/", {}).json()
    assert manager.delete(f"projects/{project.code}/keys/{made['uuid']}").status_code == 404
    assert ApiKey.objects.filter(code=made["uuid"]).exists()


def test_there_are_only_so_many_keys(manager: Script, project: Project) -> None:
    path = f"projects/{project.code}/keys/"
    ApiKey.objects.bulk_create(
        ApiKey(project=project, scope="ro", digest=str(n), prefix="x") for n in range(keys.MAX_KEYS)
    )
    response = manager.post(path, {})
    assert (response.status_code, response.json()["error"]) == (403, "key limit reached")


def test_keys_of_projects_do_not_manage_projects(script: Script, project: Project) -> None:
    assert script.get(LIST).status_code == 401
    assert script.post(f"projects/{project.code}/keys/", {}).status_code == 401


def test_projects_are_of_version_three(manager: Script) -> None:
    manager.version = 2
    assert manager.get(LIST).status_code == 404
