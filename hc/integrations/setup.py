"""Setting channels up: the generic pages to add, edit and remove one.

A kind brings a subclass of ChannelForm in `<kind>/forms.py`, under the name FORM, and the
template `integrations/<kind>/form.html`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Self
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


class ChannelForm(forms.Form):
    """What the forms of all kinds have in common."""

    use_required_attribute = False
    name = forms.CharField(
        max_length=100, required=False, help_text="How lists call it; may stay empty."
    )

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

    def offer(self, project: Project) -> None:
        """Fill choices that depend on the project."""

    def config(self) -> Config:
        """The settings in a valid form; every kind has its own."""
        raise TypeError(f"{type(self).__name__} must say what its settings are")

    def is_verified(self, user: User, before: Channel | None) -> bool:
        """Whether the address in the form may be used without being confirmed first."""
        return True

    def after_save(self, request: HttpRequest, channel: Channel) -> None:
        """What else a kind does when its channel was stored."""


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
    form_class = _form_class(integration.kind)
    form = form_class(request.POST) if request.method == "POST" else form_class()
    form.offer(access.project)
    if form.is_bound and form.is_valid():
        channel = channels.create(
            access.project,
            integration.kind,
            form.config(),
            name=form.cleaned_data["name"],
            verified=form.is_verified(access.user, None),
        )
        messages.success(request, "Added. All checks of this project alert through it.")
        form.after_save(request, channel)
        return redirect("hc-integrations", access.project.code)
    return _form_page(request, access, integration, form)


@login_required
def edit(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    channel, access = channel_for(request, code, need=Role.REGULAR)
    integration = gate(channel.kind)
    form_class = _form_class(integration.kind)
    form = _stored(form_class, channel)
    form.offer(access.project)
    if request.method == "POST":
        before, form = form.before, form_class(request.POST)
        form.before = before
        form.offer(access.project)
        if form.is_valid():
            verified = form.is_verified(request.user, channel)
            name = form.cleaned_data["name"]
            channels.update(channel.code, form.config(), name=name, verified=verified)
            channel.refresh_from_db()
            messages.success(request, "Saved.")
            form.after_save(request, channel)
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


def _form_class(kind: str) -> type[ChannelForm]:
    form: type[ChannelForm] = import_module(f"hc.integrations.{kind}.forms").FORM
    return form


def _stored(form_class: type[ChannelForm], channel: Channel) -> ChannelForm:
    """The form with the channel's settings; empty if they cannot be read any more."""
    try:
        config = registry.load_config(channel.kind, channel.value)
    except BadConfig:
        return form_class(initial={"name": channel.name})
    return form_class.for_config(channel.name, config)


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
