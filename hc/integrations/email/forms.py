"""The form of a mailbox, and the confirmation that it wants our mails."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings

from hc.accounts.models import User, normalise_email
from hc.api.models import Channel
from hc.integrations.base import BadConfig, Config
from hc.integrations.email import confirmation
from hc.integrations.email.config import EmailConfig
from hc.integrations.setup import ChannelForm, Note


class EmailForm(ChannelForm):
    address = forms.EmailField(
        label="E-mail address",
        max_length=100,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    down = forms.BooleanField(label="when a check goes down", required=False, initial=True)
    up = forms.BooleanField(label="when it comes up again", required=False, initial=True)
    together = forms.BooleanField(
        label="Tell of many checks in one mail",
        required=False,
        initial=True,
        help_text="From the tenth message within a minute on.",
    )
    field_order = ("address", "name", "down", "up", "together")
    rules: ClassVar = {
        "not": {
            "required": ["down", "up"],
            "properties": {"down": {"const": False}, "up": {"const": False}},
        }
    }

    @classmethod
    def initial_from(cls, config: Config) -> dict[str, Any]:
        values = super().initial_from(config)
        return values | {"address": values["value"]}

    def clean_address(self) -> str:
        return normalise_email(self.cleaned_data["address"])

    def clean(self) -> dict[str, Any]:
        if not (self.cleaned_data.get("down") or self.cleaned_data.get("up")):
            self.add_error("down", "Choose at least one.")
        return self.cleaned_data

    def config(self) -> EmailConfig:
        data = self.cleaned_data
        return EmailConfig(
            value=data["address"], up=data["up"], down=data["down"], together=data["together"]
        )

    def is_verified(self, user: User, before: Channel | None) -> bool:
        """One's own address needs no confirmation, nor does one that was confirmed already."""
        address: str = self.cleaned_data["address"]
        if not settings.EMAIL_USE_VERIFICATION or address == user.email:
            return True
        if before is None or before.disabled or not before.email_verified:
            return False
        try:
            return EmailConfig.load(before.value).address == address
        except BadConfig:
            return False

    def after_save(self, channel: Channel, user: User) -> Note | None:
        if channel.email_verified:
            return None
        address = self.cleaned_data["address"]
        if confirmation.send(channel, address, user):
            return Note(f"We have sent a mail to {address} to be confirmed.")
        text = "Too many mails were sent to confirm addresses; save it again in an hour."
        return Note(text, warning=True)


FORM = EmailForm
