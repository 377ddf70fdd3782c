"""The form of a group: which integrations of the project belong to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms

from hc.accounts.models import Project
from hc.api.models import Channel
from hc.integrations import registry
from hc.integrations.base import Config
from hc.integrations.group.config import GroupConfig
from hc.integrations.names import channel_name, kind_label
from hc.integrations.setup import ChannelForm


class GroupForm(ChannelForm):
    channels = forms.MultipleChoiceField(
        label="Members",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Choose at least one.",
            "invalid_choice": "One of these is not an integration of this project.",
        },
    )
    field_order = ("name", "channels")

    @classmethod
    def initial_from(cls, config: Config) -> dict[str, Any]:
        return {"channels": [str(code) for code in config.members()]}

    def offer(self, project: Project) -> None:
        field = self.fields["channels"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - for the types
        field.choices = [
            (str(channel.code), f"{kind_label(channel)}: {channel_name(channel)}")
            for channel in Channel.objects.filter(project=project).order_by("created", "pk")
            if not registry.fans_out(channel.kind)
        ]

    def config(self) -> GroupConfig:
        return GroupConfig(channels=tuple(UUID(code) for code in self.cleaned_data["channels"]))


FORM = GroupForm
