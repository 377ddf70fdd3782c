"""Setting channels up: the generic pages to add, edit and remove one.

A kind brings a subclass of ChannelForm in `<kind>/forms.py`, under the name FORM, and the
template `integrations/<kind>/form.html`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar, Self
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from hc.accounts.access import AuthenticatedRequest, ProjectAccess, Role, channel_for, project_for
from hc.accounts.models import Project, User
from hc.api.models import Channel
from hc.api.services import channels
from hc.integrations import registry
from hc.integrations.base import BadConfig, Config, Integration
from hc.integrations.names import channel_name


@dataclass(frozen=True, slots=True)
class Note:
    """What people should know after a channel was stored. `warning`: something is left to do."""

    text: str
    warning: bool = False


class ChannelForm(forms.Form):
    """What the forms of all kinds have in common."""

    use_required_attribute = False
    name = forms.CharField(
        max_length=100, required=False, help_text="How lists call it; may stay empty."
    )

    # What its fields alone do not say, as JSON Schema, for the description of the API.
    rules: ClassVar[Mapping[str, Any]] = {}

    # What is stored at the moment, when a channel is edited; forms keep secrets from there.
    before: Config | None = None

    @classmethod
    def for_config(cls, name: str, config: Config) -> Self:
        """The form filled with stored settings."""
        form = cls(initial=cls.initial_from(config) | {"name": name})
        form.before = config
        return form

    @classmethod
    def initial_from(cls, config: Config) -> dict[str, Any]:
        """Stored settings by the names of the form's fields."""
        return config.model_dump()

    def get_initial_values(self) -> dict[str, Any]:
        """What the fields hold before anything is typed, as data that the form would take."""
        values = {name: self.get_initial_for_field(f, name) for name, f in self.fields.items()}
        return {
            name: self.fields[name].prepare_value(value)
            for name, value in values.items()
            if value is not None
        }

    def offer(self, project: Project) -> None:
        """Fill choices that depend on the project."""

    def config(self) -> Config:
        """The settings in a valid form; every kind has its own."""
        raise TypeError(f"{type(self).__name__} must say what its settings are")

    def is_verified(self, user: User, before: Channel | None) -> bool:
        """Whether the address in the form may be used without being confirmed first."""
        return True

    def after_save(self, channel: Channel, user: User) -> Note | None:
        """What else a kind does when its channel was stored by `user`, and what to say of it."""
        return None


def store(
    form: ChannelForm, project: Project, kind: str, user: User
) -> tuple[Channel, Note | None]:
    """A new channel with the settings of a valid form, and what to say of it."""
    channel = channels.create(
        project,
        kind,
        form.config(),
        name=form.cleaned_data["name"],
        verified=form.is_verified(user, None),
    )
    return channel, form.after_save(channel, user)


def restore(form: ChannelForm, channel: Channel, user: User) -> Note | None:
    """The settings of a valid form for an existing channel; what to say of it."""
    verified = form.is_verified(user, channel)
    name = form.cleaned_data["name"]
    channels.update(channel.code, form.config(), name=name, verified=verified)
    channel.refresh_from_db()
    return form.after_save(channel, user)


def gate(kind: str) -> Integration:
    """The integration of that kind; 404 for everybody when it is switched off."""
    integration = registry.get(kind)
    if integration is None or not integration.enabled(settings.INTEGRATIONS):
        raise Http404
    return integration


def add(request: HttpRequest, code: UUID, kind: str) -> HttpResponse:
    integration = gate(kind)
    return _add(request, code, integration)


@login_required
def _add(request: HttpRequest, code: UUID, integration: Integration) -> HttpResponse:
    access = project_for(request, code, need=Role.REGULAR)
    form_class = _form_of(integration)
    form = form_class(request.POST) if request.method == "POST" else form_class()
    form.offer(access.project)
    if form.is_bound and form.is_valid():
        _, note = store(form, access.project, integration.kind, access.user)
        messages.success(request, "Added. All checks of this project alert through it.")
        _say(request, note)
        return redirect("hc-integrations", access.project.code)
    return _form_page(request, access, integration, form)


@login_required
def edit(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    channel, access = channel_for(request, code, need=Role.REGULAR)
    integration = gate(channel.kind)
    form_class = _form_of(integration)
    form = stored(form_class, channel)
    form.offer(access.project)
    if request.method == "POST":
        before, form = form.before, form_class(request.POST)
        form.before = before
        form.offer(access.project)
        if form.is_valid():
            note = restore(form, channel, request.user)
            messages.success(request, "Saved.")
            _say(request, note)
            return redirect("hc-integrations", access.project.code)
    return _form_page(request, access, integration, form, channel)


@login_required
def remove(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    channel, access = channel_for(request, code, need=Role.REGULAR)
    name = channel_name(channel)
    if request.method == "POST":
        channels.remove(channel.code)
        messages.success(request, f"{name} was removed.")
        return redirect("hc-integrations", access.project.code)
    context = {
        "access": access,
        "project": access.project,
        "section": "integrations",
        "name": name,
        "n_checks": channel.checks.count(),
    }
    return render(request, "integrations/remove.html", context)


def form_class(kind: str) -> type[ChannelForm] | None:
    """The form of a kind; None if it is set up in another way."""
    name = f"hc.integrations.{kind}.forms"
    if find_spec(name) is None:
        return None
    form: type[ChannelForm] | None = getattr(import_module(name), "FORM", None)
    return form


def stored(form_class: type[ChannelForm], channel: Channel) -> ChannelForm:
    """The form with the channel's settings; empty if they cannot be read any more."""
    try:
        config = registry.load_config(channel.kind, channel.value)
    except BadConfig:
        return form_class(initial={"name": channel.name})
    return form_class.for_config(channel.name, config)


def _form_of(integration: Integration) -> type[ChannelForm]:
    form = form_class(integration.kind)
    if form is None:
        raise Http404
    return form


def _say(request: HttpRequest, note: Note | None) -> None:
    if note:
        (messages.warning if note.warning else messages.info)(request, note.text)


def _form_page(
    request: HttpRequest,
    access: ProjectAccess,
    integration: Integration,
    form: ChannelForm,
    channel: Channel | None = None,
) -> HttpResponse:
    context = {
        "access": access,
        "project": access.project,
        "section": "integrations",
        "integration": integration,
        "form": form,
        "channel": channel,
    }
    status = 422 if form.is_bound else 200
    return render(request, f"integrations/{integration.kind}/form.html", context, status=status)
