"""Channels: list them; those that need no browser can be made, changed, tested and removed.

Settings go through the forms of the web pages, so that they are judged in one place. Their names
are those of the fields of these forms. Source: http-api 3.10.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from pydantic import BaseModel, ConfigDict, Field

from hc.alerts import testing
from hc.api.models import Channel
from hc.api.representation import iso
from hc.api.rest.answers import Problem, invalid, json_answer, not_found
from hc.api.rest.bodies import read_as
from hc.api.rest.call import Call
from hc.api.rest.channel_settings import read_settings, shown_settings
from hc.api.rest.check_fields import MAX_NAME, Text
from hc.api.rest.schemas import ChannelAnswer
from hc.api.services import channels
from hc.integrations import registry, setup
from hc.integrations.setup import ChannelForm, Note

ALL_FIELDS = tuple(ChannelAnswer.model_fields)
USUAL_FIELDS = ["id", "name", "kind"]


class NewChannel(BaseModel):
    """A new integration; all checks of the project alert through it."""

    model_config = ConfigDict(strict=True, extra="ignore")

    kind: Text = Field(description="Its kind, such as `email` or `webhook`.")
    name: Annotated[Text, Field(max_length=MAX_NAME)] = Field("", description="Its name.")
    settings: dict[str, Any] = Field(default_factory=dict, description="As its kind demands.")


class ChangedChannel(BaseModel):
    """What changes of an integration; the rest stays. It is switched on again."""

    model_config = ConfigDict(strict=True, extra="ignore")

    name: Annotated[Text, Field(max_length=MAX_NAME)] = Field("", description="Its name.")
    settings: dict[str, Any] = Field(default_factory=dict, description="As its kind demands.")


def index(call: Call) -> HttpResponse:
    wanted, page = call.fields(ALL_FIELDS) or USUAL_FIELDS, call.page()
    rows = Channel.objects.filter(project=call.project_id).order_by("pk")
    if page and page.after is not None:
        rows = rows.filter(pk__gt=page.after)
    found = list(rows[: page.limit + 1] if page else rows)
    headers = {}
    if page and len(found) > page.limit:
        found.pop()
        headers["Link"] = call.next_link(found[-1].pk)
    shown = [
        {name: facts[name] for name in wanted if name in facts} for facts in map(_shown, found)
    ]
    return json_answer({"channels": shown}, headers=headers)


def read(call: Call, uuid: str) -> HttpResponse:
    return json_answer(_shown(_channel(call, uuid)))


def create(call: Call) -> HttpResponse:
    said = read_as(NewChannel, call.body)
    form_class = _form_class(said.kind)
    data = form_class().get_initial_values() | read_settings(form_class(), said.settings)
    form = _judged(call, form_class(data | {"name": said.name}), None)
    channel, note = setup.store(form, call.project, said.kind, call.project.owner)
    return _written(channel, note, 201)


def update(call: Call, uuid: str) -> HttpResponse:
    channel = _channel(call, uuid)
    said = read_as(ChangedChannel, call.body)
    form_class = _form_class(channel.kind)
    before = setup.stored(form_class, channel)
    data = before.get_initial_values() | read_settings(before, said.settings)
    if "name" in said.model_fields_set:
        data["name"] = said.name
    form = _judged(call, form_class(data), before)
    with transaction.atomic():
        note = setup.restore(form, channel, call.project.owner)
    return _written(channel, note)


def delete(call: Call, uuid: str) -> HttpResponse:
    channel = _channel(call, uuid)
    channels.remove(channel.code)
    return json_answer(_shown(channel))


def test(call: Call, uuid: str) -> HttpResponse:
    """Queue a test message; what came of it shows in `last_notify` and `last_error`."""
    channel = _channel(call, uuid)
    try:
        message = testing.send_test(channel, call.now)
    except testing.TooManyTests as e:
        raise Problem(429, "too many requests", str(e), headers={"Retry-After": "60"}) from None
    except testing.CannotTest as e:
        raise Problem(409, "nothing to test", str(e)) from None
    return json_answer({"notification": str(message.code)}, 202)


def _channel(call: Call, uuid: str) -> Channel:
    channel = Channel.objects.filter(code=UUID(uuid), project=call.project_id).first()
    if channel is None:
        raise not_found("There is no integration with this UUID in the project of the key.")
    return channel


def _form_class(kind: str) -> type[ChannelForm]:
    integration = registry.get(kind)
    if integration is None or not integration.enabled(settings.INTEGRATIONS):
        raise invalid("kind has unexpected value")
    form_class = setup.form_class(kind)
    if form_class is None:
        raise Problem(400, "kind needs a browser", "Set this kind up on the pages of the project.")
    return form_class


def _judged(call: Call, form: ChannelForm, before: ChannelForm | None) -> ChannelForm:
    form.before = before.before if before else None
    form.offer(call.project)
    if not form.is_valid():
        name, errors = next(iter(form.errors.get_json_data().items()))
        place = "name" if name == "name" else f"settings.{name}"
        raise Problem(400, f"json validation error: {place} is not valid", errors[0]["message"])
    return form


def _written(channel: Channel, note: Note | None, status: int = 200) -> HttpResponse:
    facts = _shown(channel)
    return json_answer(facts | {"note": note.text} if note else facts, status)


def _shown(channel: Channel) -> dict[str, Any]:
    return {
        "id": str(channel.code),
        "name": channel.name,
        "kind": channel.kind,
        "disabled": channel.disabled,
        "last_notify": iso(channel.last_notify),
        "last_error": channel.last_error,
        "settings": shown_settings(channel),
    }
