"""The error texts of an operation, for its description: those told with its replies, and those
that follow from its parameters and its body. Source: http-api 3.3, 3.4.

`{…}` in a text stands for something that the request said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hc.api.rest.operation import Operation, Parameter

OF_BODIES = (
    "could not parse request body",
    "request body is too large",
    "json validation error: value is not an object",
)
_OF_TYPES = {
    "string": ["is not a string"],
    "boolean": ["is not a boolean"],
    "integer": ["is not a number", "is too small", "is too large"],
    "array": ["is not an array"],
    "object": ["is not an object"],
}
_OF_RULES = {
    "maxLength": "is too long",
    "maxItems": "is too long",
    "minLength": "is too short",
    "pattern": "does not match pattern",
    "enum": "has unexpected value",
    "anyOf": "has unexpected value",
}
_OF_FORMATS = {
    "schedule": "is not a valid cron or OnCalendar expression",
    "time-zone": "is not a valid timezone",
}


def texts_of(operation: Operation, version: int) -> dict[int, list[str]]:
    """All error texts of an operation by status."""
    found: dict[int, list[str]] = {}
    for reply in operation.replies:
        found.setdefault(reply.status, []).extend(reply.texts)
    derived: list[str] = []
    for parameter in operation.parameters:
        if version in parameter.versions:
            derived += _of_parameter(parameter)
    if operation.method == "POST":
        derived += OF_BODIES
    if operation.body:
        derived += _of_fields(operation.body.model_json_schema())
    if derived:
        found[400] = list(dict.fromkeys([*derived, *found.get(400, [])]))
    return {status: texts for status, texts in found.items() if texts}


def pattern_of(text: str) -> str:
    """A regular expression for an error text."""
    fixed = re.split(r"{\w*}", text)
    return "^" + r"[\s\S]*".join(map(_escaped, fixed)) + "$"


def _escaped(text: str) -> str:
    """re.escape writes escapes that JSON Schema's dialect does not have."""
    return re.sub(r"([.*+?^$|()\[\]{}\\])", r"\\\1", text)


def _of_parameter(parameter: Parameter) -> Iterator[str]:
    yield from parameter.texts
    for schema in parameter.schema.get("anyOf", [parameter.schema]):
        if schema.get("type") == "integer":
            span = f"from {schema['minimum']} to {schema['maximum']}"
            yield f"bad parameter: {parameter.name} must be a number {span}"
    if parameter.schema.get("type") in ("string", "array") and parameter.name != "cursor":
        yield f"bad parameter: {parameter.name} has characters that are not allowed"


def _of_fields(schema: Mapping[str, Any]) -> list[str]:
    """Each text once, with `{field}` for the fields that it can be about."""
    texts: list[str] = []
    for name, field in schema["properties"].items():
        texts += (f"{{field}} {text}" for text in _of_field(field))
        if "items" in field:
            texts.append(f"an item in '{name}' has unexpected value")
        if name in schema.get("required", []):
            texts.append("{field} is missing")
    return [f"json validation error: {text}" for text in texts]


def _of_field(field: Mapping[str, Any]) -> Iterator[str]:
    if "enum" not in field:
        yield from _OF_TYPES.get(field.get("type", ""), [])
    yield from (text for rule, text in _OF_RULES.items() if rule in field)
    if field.get("format") in _OF_FORMATS:
        yield _OF_FORMATS[field["format"]]
