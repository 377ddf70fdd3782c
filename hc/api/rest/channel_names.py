"""How scripts name channels: by code or by name. Source: http-api 3.4.3."""

from __future__ import annotations

from hc.accounts.models import Project
from hc.api.models import Channel
from hc.api.rest.answers import Problem


def channels_named(project: Project, text: str) -> list[Channel]:
    """The channels that a list with commas names, `*` for all; raises a Problem."""
    if not text:
        return []
    channels = list(Channel.objects.filter(project=project).order_by("pk"))
    if text == "*":
        return channels
    # A name may have commas of its own.
    items = [text] if any(one.name == text for one in channels) else text.split(",")
    return list(dict.fromkeys(_one_named(channels, item) for item in items))


def _one_named(channels: list[Channel], item: str) -> Channel:
    if not item:
        raise Problem(400, "empty channel identifier")
    found = [one for one in channels if str(one.code) == item.lower()]
    found = found or [one for one in channels if one.name == item]
    if not found:
        raise Problem(400, f"invalid channel identifier: {item}")
    if len(found) > 1:
        raise Problem(400, f"non-unique channel identifier: {item}")
    return found[0]
