"""Form fields that several integrations share."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django import forms

MAX_URL = 1000
HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"


class LaxURLField(forms.CharField):
    """An http or https address; also of hosts without a dot and of IP addresses.

    Source: integrations 3 of the specification.
    """

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "url", "autocomplete": "off", "spellcheck": "false", "class": "code"}
        super().__init__(max_length=MAX_URL, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if not text:
            return text
        if "://" not in text:
            text = f"https://{text}"
        try:
            parts = urlsplit(text)
            _ = parts.port
        except ValueError:
            parts = None
        if parts is None or not parts.hostname or parts.scheme not in ("http", "https"):
            raise forms.ValidationError("Enter an address like “https://example.org/hook”.")
        if re.search(r"[\s\x00-\x1f]", text):
            raise forms.ValidationError("An address has no spaces.")
        return text


class HeadersField(forms.CharField):
    """Request headers, one "Name: value" per line; becomes a dict."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"rows": 3, "class": "code", "spellcheck": "false"}
        super().__init__(max_length=1000, widget=forms.Textarea(attrs=attrs), **kwargs)

    def to_python(self, value: Any) -> Any:
        headers: dict[str, str] = {}
        for line in (super().to_python(value) or "").splitlines():
            if not line.strip():
                continue
            name, colon, text = (part.strip() for part in line.partition(":"))
            if not (colon and name and text):
                raise forms.ValidationError("Write one “Name: value” per line.")
            if not re.fullmatch(HEADER_NAME, name):
                raise forms.ValidationError(f"“{name}” cannot be the name of a header.")
            headers[name] = text
        return headers

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return "\n".join(f"{name}: {text}" for name, text in value.items())
        return value

    def validate(self, value: Any) -> None:
        """An empty field is no headers."""

    def run_validators(self, value: Any) -> None:
        super().run_validators(self.prepare_value(value))
