"""The settings of a channel as JSON: the fields of the form of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from hc.api.models import Channel
from hc.api.rest.answers import Problem, invalid
from hc.integrations import setup
from hc.integrations.fields import HeadersField

SECRET_WIDGETS = (forms.PasswordInput,)


def read_settings(form: forms.Form, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a script gave for the fields of a form, for the form to judge; raises a Problem."""
    for name, value in given.items():
        if name == "name" or name not in form.fields:
            raise Problem(
                400,
                f"json validation error: settings.{name} is not known",
                f"There are {', '.join(n for n in form.fields if n != 'name')}.",
            )
        wanted = _type_of(form.fields[name])
        if not _has_type(value, wanted):
            raise invalid(f"settings.{name} is not {_WORDS[wanted]}")
    return {
        name: form.fields[name].prepare_value(value) if isinstance(value, dict) else value
        for name, value in given.items()
    }


def shown_settings(channel: Channel) -> dict[str, Any]:
    """The settings of a channel, without those that nobody is shown."""
    form_class = setup.form_class(channel.kind)
    if form_class is None:
        return {}
    form = setup.stored(form_class, channel)
    return {
        name: form.initial[name]
        for name, field in form.fields.items()
        if name in form.initial and name != "name" and not isinstance(field.widget, SECRET_WIDGETS)
    }


def settings_schema(form: forms.Form) -> dict[str, Any]:
    """The JSON Schema of the settings that a form takes."""
    fields = {name: field for name, field in form.fields.items() if name != "name"}
    return {
        "type": "object",
        "properties": {name: _schema_of(field) for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.required],
    }


def _schema_of(field: forms.Field) -> dict[str, Any]:
    kind = _type_of(field)
    schema = dict(_SCHEMAS[kind])
    if about := str(field.help_text or field.label or ""):
        schema["description"] = about
    if kind == "string" and isinstance(field, forms.ChoiceField):
        schema["enum"] = [value for value, _ in field.widget.choices]
    return schema


_SCHEMAS: dict[str, dict[str, Any]] = {
    "boolean": {"type": "boolean"},
    "list": {"type": "array", "items": {"type": "string"}},
    "headers": {"type": "object", "additionalProperties": {"type": "string"}},
    "string": {"type": "string"},
}
_WORDS = {
    "boolean": "a boolean",
    "list": "an array of strings",
    "headers": "an object of strings",
    "string": "a string",
}


def _type_of(field: forms.Field) -> str:
    if isinstance(field, forms.BooleanField):
        return "boolean"
    if isinstance(field, forms.MultipleChoiceField):
        return "list"
    return "headers" if isinstance(field, HeadersField) else "string"


def _has_type(value: Any, wanted: str) -> bool:
    match wanted:
        case "boolean":
            return isinstance(value, bool)
        case "list":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case "headers":
            return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    return isinstance(value, str)
