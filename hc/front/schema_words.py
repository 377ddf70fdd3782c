"""JSON Schemas as people read them: fields with their types and limits in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

_REFERENCE = "#/components/schemas/"
_FORMATS = {
    "date-time": "time",
    "uuid": "UUID",
    "channel-id": "UUID",
    "uri": "address",
    "web-address": "address",
    "email": "e-mail address",
    "time-zone": "time zone",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of an object. `target`: the name of the object that it holds."""

    name: str
    about: str
    type: str
    required: bool = False
    default: str = ""
    deprecated: bool = False
    choices: tuple[str, ...] = ()
    target: str = ""


def fields_of(schema: Schema) -> list[Field]:
    """The fields of an object, in their order."""
    required = schema.get("required", [])
    return [
        field(name, one, required=name in required)
        for name, one in schema.get("properties", {}).items()
    ]


def field(name: str, schema: Schema, *, about: str = "", required: bool = False) -> Field:
    has_default = "default" in schema and schema["default"] not in ("", [], {}, None)
    return Field(
        name,
        about or schema.get("description", ""),
        type_in_words(schema),
        required=required,
        default=json.dumps(schema["default"]) if has_default else "",
        deprecated=schema.get("deprecated", False),
        choices=tuple(json.dumps(value) for value in _choices(schema)),
        target=target_of(schema),
    )


def target_of(schema: Schema) -> str:
    """The name of the object that a schema refers to, be it in a list or one of several."""
    if "$ref" in schema:
        return str(schema["$ref"].removeprefix(_REFERENCE))
    for inner in (
        *schema.get("anyOf", []),
        schema.get("items"),
        schema.get("additionalProperties"),
    ):
        if isinstance(inner, Mapping) and (found := target_of(inner)):
            return found
    return ""


def type_in_words(schema: Schema) -> str:
    """ "integer, 60 to 31536000", "list of strings", "string or null"."""
    if "$ref" in schema:
        return target_of(schema)
    if "anyOf" in schema:
        words = [type_in_words(one) for one in schema["anyOf"]]
        return " or ".join(dict.fromkeys(word for word in words if word != "empty"))
    if "const" in schema:
        return "empty" if schema["const"] == "" else json.dumps(schema["const"])
    kind = schema.get("type", "string" if "enum" in schema else "any")
    if kind == "array":
        return _list_in_words(schema)
    words = [_kind_in_words(kind, schema), *_limits(schema)]
    return ", ".join(words)


def _choices(schema: Schema) -> list[Any]:
    items = schema.get("items", {})
    return list(schema.get("enum") or items.get("enum") or [])


def _list_in_words(schema: Schema) -> str:
    return f"list of {_plural(schema.get('items', {}))}"


def _kind_in_words(kind: str, schema: Schema) -> str:
    form = schema.get("format", "")
    if kind == "object" and isinstance(inner := schema.get("additionalProperties"), Mapping):
        return f"object of {_plural(inner)}"
    return _FORMATS.get(form, kind)


def _plural(schema: Schema) -> str:
    if target := target_of(schema):
        return target
    kind = type_in_words(schema).partition(",")[0]
    return "addresses" if kind == "address" else f"{kind}s"


def _limits(schema: Schema) -> list[str]:
    found = []
    if "minimum" in schema and "maximum" in schema:
        found.append(f"{schema['minimum']} to {schema['maximum']}")
    if "maxLength" in schema:
        found.append(f"up to {schema['maxLength']} characters")
    return found
