"""What holds for every integration, now and for those to come."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import get_template

from hc.integrations import registry
from hc.integrations.base import BadConfig, Config, Integration
from hc.integrations.setup import ChannelForm, form_class

FOLDER = Path(registry.__file__).parent
each_kind = pytest.mark.parametrize("integration", registry.KINDS, ids=lambda i: i.kind)


@each_kind
def test_its_folder_is_complete(integration: Integration) -> None:
    folder = FOLDER / integration.kind
    assert ET.parse(folder / "logo.svg").getroot().tag.endswith("svg")  # noqa: S314 - our own file
    assert callable(registry.transport(integration.kind))
    form = form_class(integration.kind)
    assert form
    assert issubclass(form, ChannelForm)
    template = get_template(f"integrations/{integration.kind}/form.html")
    assert str(folder) in str(template.origin)  # type: ignore[attr-defined]  # of Django's engine
    assert finders.find(f"integrations/{integration.kind}/logo.svg") == str(folder / "logo.svg")


@each_kind
def test_it_is_listed_with_words(integration: Integration) -> None:
    assert registry.get(integration.kind) is integration
    assert integration.label
    assert integration.blurb.endswith(".")
    assert len(integration.kind) <= 20


@each_kind
@pytest.mark.parametrize("value", ["{", "[]", "null", "42", '{"value": 5, "method_down": "EAT"}'])
def test_unreadable_settings_are_an_error_of_their_own(
    integration: Integration, value: str
) -> None:
    try:
        config = registry.load_config(integration.kind, value)
    except BadConfig:
        return
    assert isinstance(config, Config)


# What a form would never store, but a script, a migration or an older version may have.
POISON = [
    ("webhook", {"url_down": "http://[::1"}),
    ("webhook", {"url_down": "https://example.org/", "url_up": "http://[secret"}),
    ("webhook", {"url_down": "http://exa\u2100mple.org/"}),
    ("webhook", {"url_down": "http://exam\0ple.org/"}),
    ("email", {"value": "a\0@example.org"}),
]


@pytest.mark.parametrize(("kind", "value"), POISON)
def test_settings_that_raise_later_are_refused_when_they_are_read(
    kind: str, value: dict[str, str]
) -> None:
    with pytest.raises(BadConfig) as caught:
        registry.load_config(kind, json.dumps(value))
    error = caught.value
    assert error.__suppress_context__ or not error.__context__  # a log would quote the address
    assert not any(text in str(caught.value) for text in value.values())


def test_retired_kinds_are_unknown() -> None:
    assert registry.get("hipchat") is None
    with pytest.raises(BadConfig):
        registry.load_config("hipchat", "x")


def test_what_is_switched_off_is_not_available() -> None:
    kinds = [i.kind for i in registry.available({"WEBHOOKS_ENABLED": False})]
    assert kinds == ["email", "group"]


def test_there_is_no_logo_but_those_of_the_kinds() -> None:
    assert finders.find("integrations/email/transport.py") is None
