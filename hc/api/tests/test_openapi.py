"""The description of the API is complete, valid and true."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from django.test import Client
from django.urls import URLResolver
from pytest_django import Settings

from hc.accounts.models import Project
from hc.accounts.services import keys
from hc.api.rest import dispatch, errors, urls
from hc.api.rest.bodies import _TEXTS as TEXTS_OF_BODIES
from hc.api.rest.check_fields import CheckFields
from hc.api.rest.description import ALL, document
from hc.api.rest.openapi import describe, template
from tests.factories import make_check, make_cron_check

ADDRESS = "/api/v3/openapi.json"
REST = Path(__file__).parents[1] / "rest"
# What calls itself a part of the API but is for machines of another sort.
NOT_OF_IT = r"notifications/|bounces/|status/|metrics/"


@pytest.fixture
def described() -> dict[str, Any]:
    return document()


def schema(described: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = described["components"]["schemas"][name]
    return found


# --- How it is served -------------------------------------------------------------------------


def test_it_needs_no_key(client: Client) -> None:
    response = client.get(ADDRESS)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response.json() == document()


def test_it_has_an_etag(client: Client) -> None:
    tag = client.get(ADDRESS)["ETag"]
    same = client.get(ADDRESS, headers={"If-None-Match": tag})
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize(("method", "status"), [("head", 200), ("options", 204), ("post", 405)])
def test_its_methods(client: Client, method: str, status: int) -> None:
    response = client.generic(method.upper(), ADDRESS)
    assert response.status_code == status
    assert response["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"


def test_it_is_of_version_3_only(client: Client) -> None:
    assert client.get("/api/v2/openapi.json").status_code == 404


def test_it_names_the_site(settings: Settings) -> None:
    settings.SITE_ROOT = "https://example.org/sub"
    assert document()["servers"] == [{"url": "https://example.org/sub/api/v3"}]


# --- It is complete ---------------------------------------------------------------------------


def routes() -> Iterator[str]:
    """The addresses below /api/v3/ that are no redirects, with {} for what varies."""
    version = next(one for one in urls.urlpatterns if str(one.pattern) == "api/v3/")
    assert isinstance(version, URLResolver)
    for one in version.url_patterns:
        path = str(one.pattern)
        if not path or re.search(NOT_OF_IT, path):
            continue
        if one.callback is not dispatch._with_slash:
            names = re.sub(r"\(\?P<\w+>[^)]*\)", "{}", path)
            yield "/" + names.removeprefix("^").removesuffix(r"\Z").replace("\\", "")


def test_all_addresses_are_in_it(described: dict[str, Any]) -> None:
    paths = {re.sub(r"{\w+}", "{}", path) for path in described["paths"]}
    assert paths == set(routes())


def test_all_methods_are_in_it(described: dict[str, Any], client: Client) -> None:
    for path, methods in described["paths"].items():
        place = path.replace("{n}", "1").replace("{check}", "{uuid}")
        sample = re.sub(r"{\w+}", "00000000-0000-0000-0000-000000000000", place)
        allowed = client.options(f"/api/v3{sample}")["Access-Control-Allow-Methods"].split(", ")
        assert {m.upper() for m in methods} == set(allowed) - {"HEAD", "OPTIONS"}, path


def test_all_operations_have_names_of_their_own(described: dict[str, Any]) -> None:
    names = [one["operationId"] for item in described["paths"].values() for one in item.values()]
    assert len(names) == len(set(names))
    assert {template(one.path) for one in ALL} == set(described["paths"])


def test_all_fields_that_can_be_written_are_in_it(described: dict[str, Any]) -> None:
    fields = schema(described, "CheckSettings")["properties"]
    assert set(fields) == {*CheckFields.model_fields, "api_key"}
    assert all("description" in field for field in fields.values())


@pytest.mark.parametrize("scope", ["rw", "ro"])
def test_what_is_answered_is_in_it(
    client: Client, project: Project, described: dict[str, Any], scope: str
) -> None:
    make_check(project, name="Simple")
    make_cron_check(project, "* * * * *", name="Cron")
    make = keys.create_api_key if scope == "rw" else keys.create_readonly_key
    checks = client.get("/api/v3/checks/", headers={"X-Api-Key": make(project)}).json()["checks"]
    judge = jsonschema_rs.validator_for({**schema(described, "Check"), **described})
    assert len(checks) == 2
    for check in checks:
        judge.validate(check)


def test_chosen_fields_are_in_it(described: dict[str, Any]) -> None:
    whole, part = schema(described, "Check"), schema(described, "PartCheck")
    assert part["properties"] == whole["properties"]
    assert "required" not in part


def test_the_settings_of_all_kinds_are_in_it(described: dict[str, Any]) -> None:
    kinds = [one["properties"]["kind"]["const"] for one in schema(described, "NewChannel")["anyOf"]]
    assert kinds == ["email", "webhook", "group"]
    webhook = schema(described, "NewWebhookSettings")
    assert webhook["properties"]["method_down"]["enum"][:3] == ["", "GET", "POST"]


def test_settings_of_kinds_that_are_switched_off_are_not(settings: Settings) -> None:
    settings.INTEGRATIONS = {**settings.INTEGRATIONS, "WEBHOOKS_ENABLED": False}
    assert "NewWebhookSettings" not in document()["components"]["schemas"]


# --- All error texts --------------------------------------------------------------------------

STARTS = {
    "Problem": "",
    "invalid": "json validation error: ",
    "bad_parameter": "bad parameter: ",
    "_wrong": "json validation error: {} ",
}


def raised_texts() -> Iterator[tuple[str, str]]:
    """(file, text) of all errors in the source, with {} for what varies."""
    for path in REST.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                text = _text_of(node.func.id, node.args)
                if text is not None and path.name != "answers.py":
                    yield path.name, STARTS[node.func.id] + text


def _text_of(name: str, arguments: list[ast.expr]) -> str | None:
    if name not in STARTS:
        return None
    return _in_words(arguments[1 if name == "Problem" else 0])


def _in_words(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join("{}" if isinstance(p, ast.FormattedValue) else _said(p) for p in node.values)
    return None


def _said(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""


def documented_texts() -> set[str]:
    found = {text for one in ALL for texts in errors.texts_of(one, 3).values() for text in texts}
    return {re.sub(r"{\w*}", "{}", text) for text in found}


def meet(one: str, other: str) -> bool:
    """Whether two texts can be the same, where {} stands for anything."""
    return bool(
        re.fullmatch(errors.pattern_of(one), other) or re.fullmatch(errors.pattern_of(other), one)
    )


def test_all_error_texts_are_in_it() -> None:
    raised, told = set(raised_texts()), documented_texts()
    assert len(raised) > 25
    assert [text for text in raised if not any(meet(text[1], other) for other in told)] == []


def test_no_error_text_is_made_up() -> None:
    raised = {text for _, text in raised_texts()}
    raised |= {"not found", "the database does not answer"}
    assert [text for text in documented_texts() if not any(meet(text, o) for o in raised)] == []


def test_all_rules_for_fields_have_their_texts() -> None:
    told = {text.rpartition("{} ")[2] for text in documented_texts()}
    assert set(TEXTS_OF_BODIES.values()) <= told


# --- It is valid ------------------------------------------------------------------------------


def test_all_references_lead_somewhere(described: dict[str, Any]) -> None:
    text = json.dumps(described)
    for target in set(re.findall(r'"#/components/(\w+/[\w-]+)"', text)):
        kind, name = target.split("/")
        assert name in described["components"][kind]
    assert {"Check", "Error", "CheckSettings"} <= set(described["components"]["schemas"])


def test_all_schemas_are_valid(described: dict[str, Any]) -> None:
    for one in described["components"]["schemas"].values():
        jsonschema_rs.meta.validate({k: v for k, v in one.items() if k != "$ref"})


def test_examples_are_what_they_are_examples_of(described: dict[str, Any]) -> None:
    judged = 0
    for item in described["paths"].values():
        for one in item.values():
            body = one.get("requestBody", {}).get("content", {}).get("application/json", {})
            if "example" in body:
                judge = jsonschema_rs.validator_for({**body["schema"], **_shared(described)})
                judge.validate(body["example"])
                judged += 1
    assert judged > 5


def test_the_document_is_made_anew_for_other_settings(settings: Settings) -> None:
    settings.SITE_NAME = "Cronwatch"
    assert describe(ALL)["info"]["title"] == document()["info"]["title"] == "Cronwatch API"


def _shared(described: dict[str, Any]) -> dict[str, Any]:
    return {"components": described["components"]}
