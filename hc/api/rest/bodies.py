"""Reading posted objects by their models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hc.api.rest.answers import Problem, invalid

Model = TypeVar("Model", bound=BaseModel)

# pydantic's kinds of errors, in the words of the API. Source: http-api 3.4.
_TEXTS = {
    "string_type": "is not a string",
    "string_unicode": "does not match pattern",
    "string_too_long": "is too long",
    "string_too_short": "is too short",
    "too_long": "is too long",
    "too_short": "is too short",
    "string_pattern_mismatch": "does not match pattern",
    "bool_type": "is not a boolean",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
    "literal_error": "has unexpected value",
    "list_type": "is not an array",
    "missing": "is missing",
    "dict_type": "is not an object",
}


def read_as(model: type[Model], body: Mapping[str, Any]) -> Model:
    """A posted object; raises a Problem that names the first thing that is wrong."""
    try:
        return model.model_validate(body)
    except ValidationError as e:
        raise _first_problem(e) from None


def _first_problem(error: ValidationError) -> Problem:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    name, *item = first["loc"] or ("value",)
    if item:
        return invalid(f"an item in {str(name)!r} has unexpected value")
    kind = first["type"]
    text = first["msg"] if kind == "said" else _TEXTS.get(kind)
    if text is None:
        text = "is not a number" if kind.startswith("int") else "has unexpected value"
    return invalid(f"{name} {text}")
