"""The JSON Schemas of bodies and answers, from their models, for the description of the API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from hc.api.rest.channel_settings import changes_schema, settings_schema
from hc.api.rest.channels import ChangedChannel, NewChannel
from hc.integrations import registry, setup

Schema = dict[str, Any]
REFERENCE = "#/components/schemas/"
# Of any type, since nobody looks at it where there is the header.
API_KEY = {"description": "The key, where the header `X-Api-Key` is missing: a string."}
# What a caller may say of an integration depends on its kind.
_WITH_SETTINGS = {NewChannel, ChangedChannel}


def name_of(model: type[BaseModel]) -> str:
    """What the description calls a model."""
    return str(model.model_config.get("title") or model.__name__.removesuffix("Answer"))


def reference(name: str) -> Schema:
    return {"$ref": REFERENCE + name}


def components(bodies: Iterable[type[BaseModel]], answers: Iterable[type[BaseModel]]) -> Schema:
    """All schemas by name."""
    of_bodies = _definitions(bodies, keep_defaults=True)
    of_answers = _definitions(answers, keep_defaults=False)
    for name, schema in list(of_answers.items()):
        if len(schema["properties"]) > 1:
            of_answers[part_of(name)] = _in_part(schema)
    found = of_bodies | of_answers
    for one in bodies:
        if one in _WITH_SETTINGS:
            found[name_of(one)] |= _by_kind(one, found)
        found[name_of(one)]["properties"]["api_key"] = API_KEY
    return dict(sorted(found.items()))


def part_of(name: str) -> str:
    """The name of the schema of an answer with chosen fields."""
    return f"Part{name}"


def chosen_fields(schema: Schema, components: Schema) -> Schema:
    """The schema of an answer whose rows have only the fields that `fields` names."""
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].removeprefix(REFERENCE)
    columns: Schema = components[name]["properties"]
    if len(columns) > 1:
        return {"anyOf": [schema, reference(part_of(name))]}
    ((key, rows),) = columns.items()
    items = chosen_fields(rows["items"], components)
    return {**components[name], "properties": {key: rows | {"items": items}}}


def _in_part(schema: Schema) -> Schema:
    about = "As many of its fields as `fields` names."
    kept = {k: v for k, v in schema.items() if k != "required"}
    return kept | {"description": about}


def _definitions(models: Iterable[type[BaseModel]], *, keep_defaults: bool) -> Schema:
    names = {model.__name__: name_of(model) for model in models}

    def renamed(name: str) -> str:
        return names.get(name) or name.removesuffix("Answer")

    wanted = [(model, "validation") for model in models]
    _, whole = models_json_schema(wanted, ref_template=REFERENCE + "{model}")  # type: ignore[arg-type] # a list is invariant
    tidied = {
        renamed(name): _tidied(schema, keep_defaults=keep_defaults)
        for name, schema in whole.get("$defs", {}).items()
    }
    text = json.dumps(tidied)
    found: Schema = json.loads(
        re.sub(rf'"{REFERENCE}(\w+)"', lambda m: f'"{REFERENCE}{renamed(m[1])}"', text)
    )
    return found


def _tidied(schema: Any, *, keep_defaults: bool) -> Any:
    """Without what pydantic adds and readers do not need. Defaults of answers mean nothing."""
    if isinstance(schema, list):
        return [_tidied(item, keep_defaults=keep_defaults) for item in schema]
    if not isinstance(schema, dict):
        return schema
    dropped = {"title"} if keep_defaults else {"title", "default"}
    found = {
        key: _tidied(value, keep_defaults=keep_defaults)
        for key, value in schema.items()
        if key not in dropped or isinstance(value, dict)
    }
    if isinstance(about := found.get("description"), str):
        found["description"] = " ".join(about.split())
    return found


def _by_kind(model: type[BaseModel], found: Schema) -> Schema:
    """Adds the settings of all kinds that can be set up by a form, and says how to choose."""
    choices = []
    for integration in registry.available(settings.INTEGRATIONS):
        form_class = setup.form_class(integration.kind)
        if form_class is None:
            continue
        is_new = model is NewChannel
        name = f"{'New' if is_new else 'Changed'}{integration.kind.title()}Settings"
        make = settings_schema if is_new else changes_schema
        found[name] = make(form_class()) | {"description": integration.label}
        choice: Schema = {"properties": {"settings": reference(name)}}
        if is_new:
            choice["properties"]["kind"] = {"const": integration.kind}
            choice["required"] = ["settings"]
        choices.append(choice)
    return {"anyOf": choices}
