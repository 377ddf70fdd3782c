"""The one list of integrations. Adding a service: a folder, and a line here.

Importing this needs no Django, because the settings derive from the manifests; transports and
config models are imported when they are first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from hc.integrations.base import DIRECTIONS, BadConfig, Config, Integration, Send, SendMany
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
    """The config in a channel's stored value; raises BadConfig, and nothing else.

    What comes out of here has answered all questions once. It is frozen, so it always will: no
    caller has to guard himself against the settings of a channel that somebody stored somehow.
    """
    if kind not in _BY_KIND:
        raise BadConfig(f"there is no integration of the kind {kind!r}")
    try:
        config = _config_class(kind).load(value)
        _interview(config)
    except BadConfig:
        raise
    except Exception as e:  # noqa: BLE001 - of whatever sort: these settings are of no use
        # Its text would quote the settings, which may hold secrets.
        raise BadConfig(f"unusable settings ({type(e).__name__})") from None
    return config


def _interview(config: Config) -> None:
    """Ask a config all there is to ask; raises if an answer does, or is nothing for a table."""
    texts = [config.title(), config.details(), config.reader_address() or ""]
    for status in DIRECTIONS:
        config.wants(status)
        texts.append(config.destination(status))
    config.members()
    config.tells_together()
    if "\0" in "".join(texts):  # PostgreSQL stores and compares none
        raise BadConfig("NUL characters")


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
