"""The page about the API tells all that its description tells."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from hc.accounts.models import User
from hc.api.rest.description import document
from hc.front import schema_words
from hc.front.api_docs import groups_of, objects_of
from hc.front.schema_words import field, target_of, type_in_words

PAGE = "/docs/api/"


def text_of(client: Client) -> str:
    response = client.get(PAGE)
    assert response.status_code == 200
    return response.content.decode()


def test_it_needs_no_account(client: Client) -> None:
    html = text_of(client)
    assert "<h1>API</h1>" in html
    assert "http://testserver/api/v3/openapi.json" in html


@pytest.mark.django_db
def test_it_costs_no_queries(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        client.get(PAGE)


def test_every_page_links_to_it(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert f'href="{PAGE}"' in client.get("/").content.decode()


def test_all_operations_are_on_it(client: Client) -> None:
    html = text_of(client)
    for path, methods in document()["paths"].items():
        for method, item in methods.items():
            anchor = item["operationId"].replace(".", "-").replace("_", "-")
            assert re.search(rf'id="{anchor.replace("-", "[-_]")}"', html), anchor
            assert item["summary"] in html
            assert f'data-method="{method.upper()}" data-route="/api/v3{path}"' in html


def test_all_error_texts_are_on_it(client: Client) -> None:
    html = text_of(client)
    for group in groups_of(document()):
        for entry in group.entries:
            for answer in entry.answers:
                for text in answer.texts:
                    assert f"<code>{text.replace(chr(39), '&#x27;')}</code>" in html


def test_all_fields_are_on_it(client: Client) -> None:
    html = text_of(client)
    schemas = document()["components"]["schemas"]
    names = [name for name in schemas if not name.startswith("Part")]
    for name in names:
        for one in schemas[name]["properties"]:
            assert one in html, (name, one)


def test_all_links_within_it_lead_somewhere(client: Client) -> None:
    html = text_of(client)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)


def test_objects_are_those_of_answers() -> None:
    names = [one.name for one in objects_of(document())]
    assert {"Check", "Ping", "Flip", "Error", "BadgeUrls"} <= set(names)
    assert "Checks" not in names
    assert "CheckSettings" not in names


def test_the_command_for_making_a_check() -> None:
    entry = groups_of(document())[0].entries[1]
    assert entry.curl.startswith(
        'curl -H "X-Api-Key: $KEY" \\\n  -d \'{\n  "name": "Nightly backup"'
    )
    assert entry.curl.endswith("}' \\\n  http://testserver/api/v3/checks/")


def test_the_command_for_deleting_one() -> None:
    entries = [one for group in groups_of(document()) for one in group.entries]
    entry = next(one for one in entries if one.method == "DELETE")
    assert entry.curl.startswith("curl -X DELETE ")
    assert "{" not in entry.curl


def test_which_key_the_forms_ask_for() -> None:
    kinds = {group.name: {e.key_kind for e in group.entries} for group in groups_of(document())}
    assert kinds["Checks"] == {"project"}
    assert kinds["Projects"] == {"account"}
    assert kinds["Description"] == {""}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "maxLength": 100}, "string, up to 100 characters"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "integer, 1 to 9"),
        ({"enum": ["rw", "ro"]}, "string"),
        ({"type": "array", "items": {"type": "string", "format": "uuid"}}, "list of UUIDs"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Check"}}, "list of Check"),
        ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, "time or null"),
        ({"anyOf": [{"type": "integer"}, {"const": ""}]}, "integer"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "object of strings"),
        ({"$ref": "#/components/schemas/Check"}, "Check"),
        ({}, "any"),
    ],
)
def test_types_in_words(schema: dict[str, Any], words: str) -> None:
    assert type_in_words(schema) == words


def test_fields_say_what_is_needed_of_them() -> None:
    found = field("scope", {"type": "string", "enum": ["rw", "ro"], "default": "rw"})
    assert (found.default, found.choices, found.required) == ('"rw"', ('"rw"', '"ro"'), False)
    (needed,) = schema_words.fields_of({"properties": {"name": {}}, "required": ["name"]})
    assert needed.required


def test_objects_are_found_behind_lists_and_choices() -> None:
    check = {"$ref": "#/components/schemas/Check"}
    assert target_of({"type": "array", "items": {"anyOf": [check, {"type": "null"}]}}) == "Check"
    assert target_of({"type": "string"}) == ""
