"""The one list of integrations. Adding a service: a folder, and a line here.

Importing this needs no Django, because the settings derive from the manifests; transports and
config models are imported when they are first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from hc.integrations.base import BadConfig, Config, Integration, Send, SendMany
from hc.integrations.email import EMAIL
from hc.integrations.group import GROUP
from hc.integrations.webhook import WEBHOOK

KINDS: tuple[Integration, ...] = (EMAIL, WEBHOOK, GROUP)
_BY_KIND = {integration.kind: integration for integration in KINDS}


def get(kind: str) -> Integration | None:
    """The integration of that kind; None for kinds that were retired or never existed."""
    return _BY_KIND.get(kind)


def available(settings: Mapping[str, Any]) -> list[Integration]:
    """The integrations that are switched on in this installation, in their order."""
    return [integration for integration in KINDS if integration.enabled(settings)]


def load_config(kind: str, value: str) -> Config:
    """The config in a channel's stored value; raises BadConfig."""
    if kind not in _BY_KIND:
        raise BadConfig(f"there is no integration of the kind {kind!r}")
    return _config_class(kind).load(value)


@cache
def _config_class(kind: str) -> type[Config]:
    config: type[Config] = import_module(f"hc.integrations.{kind}.config").CONFIG
    return config


@cache
def transport(kind: str) -> Send:
    """The sender of a known kind."""
    send: Send = import_module(f"hc.integrations.{kind}.transport").send
    return send


def can_send_many(kind: str) -> bool:
    """Whether one message of that kind can tell of many checks."""
    return kind in _BY_KIND and _BY_KIND[kind].sends_many


def fans_out(kind: str) -> bool:
    """Whether other channels are told in the place of one of that kind."""
    return kind in _BY_KIND and _BY_KIND[kind].fans_out


@cache
def bulk_transport(kind: str) -> SendMany:
    """The sender of many alerts at once, of a kind that has one."""
    send: SendMany = import_module(f"hc.integrations.{kind}.transport").send_many
    return send
