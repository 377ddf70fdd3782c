"""The channels of a check as its page lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, QuerySet

from hc.api.models import Channel, Check, Notification
from hc.integrations import registry
from hc.integrations.base import BadConfig
from hc.integrations.names import channel_name
from hc.lib.question import Question


def _with_use(project: int, check: int) -> QuerySet[Any, Any]:
    links = Channel.checks.through.objects.filter(check=check, channel=OuterRef("pk"))
    found = Channel.objects.filter(project=project).annotate(used=Exists(links))
    return found.order_by("created", "pk")


def _last_told(check: int) -> QuerySet[Notification]:
    told = Notification.objects.filter(owner=check).order_by().values("channel_id")
    newest = told.annotate(newest=Max("pk")).values("newest")
    return Notification.objects.filter(pk__in=newest)


_CHANNELS = Question("hc_channels", {"project": "integer", "check": "integer"}, _with_use)
_LAST_TOLD = Question("hc_last_told", {"check": "integer"}, _last_told)


def channel_rows(check: Check) -> list[dict[str, Any]]:
    """The project's channels, whether the check uses each, and what it was told last."""
    channels = _CHANNELS.rows(project=check.project_id, check=check.pk)
    last = {row.channel_id: row for row in _LAST_TOLD.rows(check=check.pk)}
    members = members_of_groups(channels)
    return [
        {
            "channel": channel,
            "name": channel_name(channel),
            "integration": registry.get(channel.kind),
            "used": channel.used,
            "members": [named(member) for member in members.get(channel.pk, ())],
            "last": last.get(channel.pk),
        }
        for channel in channels
    ]


def members_of_groups(channels: Sequence[Channel]) -> dict[int, list[Channel]]:
    """The members of each group among all channels of a project."""
    by_code = {ch.code: ch for ch in channels if not registry.fans_out(ch.kind)}
    return {
        group.pk: [by_code[code] for code in _members(group) if code in by_code]
        for group in channels
        if registry.fans_out(group.kind)
    }


def named(member: Channel) -> str:
    """A member in the list of a group."""
    return f"{channel_name(member)} (switched off)" if member.disabled else channel_name(member)


def _members(group: Channel) -> tuple[UUID, ...]:
    try:
        return registry.load_config(group.kind, group.value).members()
    except BadConfig:
        return ()
