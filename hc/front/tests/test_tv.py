"""The wall board is a page for everybody; what it shows comes from the API."""

from __future__ import annotations

from django.test import Client

from hc.accounts.models import Project, Scope, User
from hc.accounts.services import keys
from tests.people import confirmed


def test_the_board_needs_no_account_and_tells_nothing(client: Client, db: None) -> None:
    response = client.get("/tv/")
    assert response.status_code == 200
    text = response.content.decode()
    assert 'data-api="/api/v3/checks/"' in text
    assert "Set-Cookie" not in response.headers
    # Were the script missing, a name would put the key into the address.
    assert '<input id="tv-key" type="password"' in text
    assert "name=" not in text.partition('id="tv-key"')[2].partition(">")[0]


def test_the_keys_of_a_project_lead_to_it(client: Client, alice: User, project: Project) -> None:
    confirmed(client, alice)
    url = f"/projects/{project.code}/settings/keys/"
    assert 'href="/tv/"' in client.get(url).content.decode()
    values = {"name": "Wall", "scope": "ro", "ends": ""}
    made = client.post(f"{url}add/", values).content.decode()
    assert 'href="/tv/#hcr_' in made
    assert "=Production" in made


def test_a_read_only_key_reads_what_the_board_asks_for(client: Client, project: Project) -> None:
    fields = "name,slug,status,started,last_ping,last_duration,uuid"
    for scope, has_code in ((Scope.READONLY, False), (Scope.READWRITE, True)):
        _, key = keys.create_key(project, scope)
        answer = client.get(f"/api/v3/checks/?fields={fields}", headers={"X-Api-Key": key})
        assert answer.status_code == 200
        # The board tells older keys, which have no prefix, by this.
        assert all(("uuid" in check) is has_code for check in answer.json()["checks"])
