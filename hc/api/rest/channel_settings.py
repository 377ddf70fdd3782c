"""The settings of a channel as JSON: the fields of the form of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from hc.api.models import Channel
from hc.api.rest.answers import Problem, invalid
from hc.api.rest.check_fields import NO_NUL
from hc.integrations import setup
from hc.integrations.fields import HEADER_NAME, HeadersField, LaxURLField
from hc.integrations.setup import ChannelForm

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


def settings_schema(form: ChannelForm) -> dict[str, Any]:
    """The JSON Schema of the settings that a form takes for a new channel."""
    required = [name for name, field in form.fields.items() if name != "name" and field.required]
    return {**changes_schema(form), "required": required, **form.rules}


def changes_schema(form: ChannelForm) -> dict[str, Any]:
    """The same for a channel that there is: what is left out stays."""
    fields = {name: field for name, field in form.fields.items() if name != "name"}
    return {
        "type": "object",
        "properties": {name: _schema_of(field) for name, field in fields.items()},
        "additionalProperties": False,
    }


def _schema_of(field: forms.Field) -> dict[str, Any]:
    kind = _type_of(field)
    schema = dict(_SCHEMAS[kind])
    if about := str(field.help_text or field.label or ""):
        schema["description"] = about
    if kind == "list" and field.required:
        schema["minItems"] = 1
    return schema | _limits(field) if kind == "string" else schema


def _limits(field: forms.Field) -> dict[str, Any]:
    """Which strings a field takes."""
    if isinstance(field, forms.ChoiceField):
        return {"enum": [*([] if field.required else [""]), *(v for v, _ in field.widget.choices)]}
    limits: dict[str, Any] = {"pattern": _SOME_TEXT if field.required else NO_NUL["pattern"]}
    if length := getattr(field, "max_length", None):
        limits["maxLength"] = length
    for field_class, form in _FORMATS.items():
        if isinstance(field, field_class):
            limits["format"] = form
    return limits


_SOME_TEXT = r"^[^\u0000]*[^\u0000\s][^\u0000]*$"
_LINE_ENDS = r"\u0000\n\u000b\f\r\u001c-\u001e\u0085\u2028\u2029"
_HEADER = rf"^[^{_LINE_ENDS}]*[^{_LINE_ENDS}\s][^{_LINE_ENDS}]*$"
_FORMATS: dict[type[forms.Field], str] = {forms.EmailField: "email", LaxURLField: "web-address"}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "boolean": {"type": "boolean"},
    "list": {"type": "array", "items": {"type": "string", "format": "channel-id"}},
    "headers": {
        "type": "object",
        "propertyNames": {"pattern": f"^{HEADER_NAME}$"},
        "additionalProperties": {"type": "string", "pattern": _HEADER},
    },
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
