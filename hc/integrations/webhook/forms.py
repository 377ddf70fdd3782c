"""The form of a webhook: one request for going down, one for coming up."""

from __future__ import annotations

from typing import Any, ClassVar, get_args

from django import forms

from hc.integrations.fields import HeadersField, LaxURLField
from hc.integrations.setup import ChannelForm
from hc.integrations.webhook.config import Method, WebhookConfig

METHODS = [(method, method) for method in get_args(Method)]
MAX_BODY = 10_000


def _body_field() -> forms.CharField:
    attrs = {"rows": 4, "class": "code", "spellcheck": "false"}
    return forms.CharField(
        label="Request body",
        max_length=MAX_BODY,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs=attrs),
    )


def _method_field() -> forms.ChoiceField:
    return forms.ChoiceField(label="Method", choices=METHODS, required=False)


class WebhookForm(ChannelForm):
    method_down = _method_field()
    url_down = LaxURLField(label="URL", required=False)
    body_down = _body_field()
    headers_down = HeadersField(label="Request headers", required=False)
    method_up = _method_field()
    url_up = LaxURLField(label="URL", required=False)
    body_up = _body_field()
    headers_up = HeadersField(label="Request headers", required=False)
    secret = forms.CharField(
        label="Signing secret",
        max_length=200,
        required=False,
        help_text="If given, requests are signed by the Standard Webhooks scheme.",
        widget=forms.PasswordInput(attrs={"class": "code", "autocomplete": "off"}),
    )
    drop_secret = forms.BooleanField(label="Sign no more", required=False)
    rules: ClassVar = {
        "anyOf": [
            {"required": [name], "properties": {name: {"minLength": 1}}}
            for name in ("url_down", "url_up")
        ]
    }

    @property
    def has_secret(self) -> bool:
        return isinstance(self.before, WebhookConfig) and bool(self.before.secret)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        for direction in ("down", "up"):
            data[f"method_{direction}"] = data.get(f"method_{direction}") or "GET"
        typed = any(data.get(name) or name in self.errors for name in ("url_down", "url_up"))
        if not typed:
            self.add_error("url_down", "Enter at least one URL.")
        return data

    def config(self) -> WebhookConfig:
        values = {k: v for k, v in self.cleaned_data.items() if k in WebhookConfig.model_fields}
        if self.cleaned_data["drop_secret"]:
            values["secret"] = ""
        elif not values["secret"] and isinstance(self.before, WebhookConfig):
            values["secret"] = self.before.secret  # never shown, so an empty field keeps it
        return WebhookConfig(**values)


FORM = WebhookForm
