"""Keys at the door of the API: what they open, when they end, how they are kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from hc.accounts.models import ApiKey, Project, Scope, User
from hc.accounts.services import keys
from hc.accounts.services.projects import create_project
from hc.api.tests.scripts import Script

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("clock")


def named(
    client: Client, owner: Project | User, scope: Scope, expires: datetime | None = None
) -> Script:
    return Script(client, keys.create_key(owner, scope, expires=expires)[1])


def test_a_named_key_opens_what_its_scope_says(client: Client, project: Project) -> None:
    write, read = (named(client, project, one) for one in (Scope.READWRITE, Scope.READONLY))
    assert write.post("checks/", {"name": "x"}).status_code == 201
    refused = read.post("checks/", {"name": "x"})
    assert (refused.status_code, refused.json()["error"]) == (401, "wrong api key")
    assert "read-write key" in refused.json()["detail"]
    assert "unique_key" in read.listed("checks/", "checks")[0]
    assert "uuid" in write.listed("checks/", "checks")[0]


def test_several_keys_live_side_by_side(client: Client, project: Project) -> None:
    scripts = [named(client, project, Scope.READWRITE) for _ in range(3)]
    scripts.append(Script(client, keys.create_api_key(project)))
    assert {one.get("checks/").status_code for one in scripts} == {200}
    ApiKey.objects.first().delete()  # type: ignore[union-attr]
    assert sorted(one.get("checks/").status_code for one in scripts) == [200, 200, 200, 401]


def test_a_key_ends_at_its_hour(
    client: Client, project: Project, now: datetime, clock: time_machine.Traveller
) -> None:
    script = named(client, project, Scope.READWRITE, expires=now + HOUR)
    clock.move_to(now + HOUR - timedelta(seconds=1))
    assert script.get("checks/").status_code == 200
    clock.move_to(now + HOUR)
    refused = script.get("checks/")
    assert (refused.status_code, refused.json()["detail"]) == (401, "This key has expired.")


def test_its_use_is_noted_every_ten_minutes(
    client: Client, project: Project, now: datetime, clock: time_machine.Traveller
) -> None:
    script = named(client, project, Scope.READONLY)
    noted = []
    for minutes in (0, 9, 10, 11, 19, 25):
        clock.move_to(now + minutes * MINUTE)
        script.get("checks/")
        last_used = ApiKey.objects.get().last_used
        assert last_used
        noted.append((last_used - now) // MINUTE)
    assert noted == [0, 0, 10, 10, 10, 25]


def test_a_refused_use_opens_nothing_and_unknown_keys_leave_no_trace(
    client: Client, project: Project
) -> None:
    named(client, project, Scope.READONLY)
    assert Script(client, "hcr_" + "x" * 28).get("checks/").status_code == 401
    assert ApiKey.objects.get().last_used is None


def test_former_secret_keys_still_count(
    client: Client, project: Project, alice: User, settings: Settings
) -> None:
    scripts = [
        named(client, project, Scope.READWRITE),
        Script(client, keys.create_api_key(project)),
        Script(client, keys.create_readonly_key(project)),
    ]
    account = named(client, alice, Scope.ACCOUNT)
    settings.SECRET_KEY_FALLBACKS = ["older", settings.SECRET_KEY]
    settings.SECRET_KEY = "another one"
    assert [one.get("checks/").status_code for one in scripts] == [200] * 3
    assert account.get("projects/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert [one.get("checks/").status_code for one in scripts] == [401] * 3
    assert account.get("projects/").status_code == 401


@pytest.mark.parametrize("column", ["api_key", "api_key_readonly"])
def test_a_plain_key_of_old_is_hashed_when_it_is_used(
    client: Client, project: Project, column: str
) -> None:
    text = "A" * 32
    Project.objects.filter(pk=project.pk).update(**{column: text})
    script = Script(client, text)
    assert script.get("checks/").status_code == 200
    project.refresh_from_db()
    assert getattr(project, column) == keys.hashed(text)
    assert script.get("checks/").status_code == 200
    status = script.post("checks/", {"name": "x"}).status_code
    assert status == (201 if column == "api_key" else 401)


def test_what_is_stored_is_no_key(client: Client, project: Project) -> None:
    keys.create_api_key(project)
    _, text = keys.create_key(project, Scope.READWRITE)
    project.refresh_from_db()
    row = ApiKey.objects.get()
    for stolen in (project.api_key, project.api_key[:32], row.digest, row.digest[:32]):
        assert Script(client, stolen).get("checks/").status_code == 401
    assert text not in str(vars(row))


def test_an_empty_column_is_no_key(client: Client, project: Project) -> None:
    assert (project.api_key, project.api_key_readonly) == ("", "")
    assert Script(client, "").get("checks/", headers={"X-Api-Key": ""}).status_code == 401
    # MySQL takes blanks for an empty text.
    blank = " " * 32
    assert Script(client, blank).get("checks/").status_code == 401
    assert Script(client).post("checks/", {"api_key": blank}).status_code == 401
    path = f"/projects/{project.code}/metrics/"
    assert client.get(path + blank.replace(" ", "%20")).status_code == 403


def test_the_key_of_an_account_that_is_switched_off_opens_nothing(
    client: Client, alice: User, project: Project
) -> None:
    script = named(client, alice, Scope.ACCOUNT)
    assert script.get("projects/").status_code == 200
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert script.get("projects/").status_code == 401


def test_a_new_key_in_a_column_ends_the_former_one(client: Client, project: Project) -> None:
    first, second = (Script(client, keys.create_api_key(project)) for _ in range(2))
    assert [first.get("checks/").status_code, second.get("checks/").status_code] == [401, 200]


def test_keys_differ_by_letter_case(client: Client, project: Project) -> None:
    text = keys.create_api_key(project)
    assert Script(client, text.swapcase()).get("checks/").status_code == 401


def test_a_key_goes_with_its_project(client: Client, alice: User) -> None:
    second = create_project("Second", alice)
    script = named(client, second, Scope.READWRITE)
    Project.objects.filter(pk=second.pk).delete()
    assert script.get("checks/").status_code == 401
