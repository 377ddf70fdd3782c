"""What people may do with channels: one named function per change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import Project
from hc.api.models import Channel, Check
from hc.api.services.transitions import note_links
from hc.integrations.base import Config


def create(
    project: Project, kind: str, config: Config, *, name: str = "", verified: bool = False
) -> Channel:
    """A new channel, through which all existing checks of the project alert."""
    with transaction.atomic():
        channel = Channel.objects.create(
            project=project, kind=kind, value=config.dump(), name=name, email_verified=verified
        )
        channel.checks.set(Check.objects.filter(project=project))
        _note("integration.added", channel)
    return channel


def update(code: UUID, config: Config, *, name: str, verified: bool | None = None) -> None:
    """New settings for a channel. It is switched on again; what checks use it stays.

    `verified`: None leaves the confirmation of its address as it is.
    """
    columns = {"value": config.dump(), "name": name, "disabled": False}
    if verified is not None:
        columns["email_verified"] = verified
    _change(code, "integration.edited", **columns)


def verify(code: UUID) -> None:
    """The address of a channel was confirmed from its mailbox."""
    _change(code, "integration.confirmed", email_verified=True)


def rename(code: UUID, name: str) -> None:
    """What lists call the channel; empty for its own title."""
    _change(code, "integration.renamed", name=name)


def set_checks(channel: Channel, checks: Collection[Check]) -> None:
    """Exactly these checks of its project alert through the channel."""
    with transaction.atomic():
        Channel.objects.select_for_update().get(pk=channel.pk)
        before = set(channel.checks.values_list("pk", flat=True))
        channel.checks.set(checks)
        note_links(before ^ {check.pk for check in checks})
        _note("integration.assigned", channel, {"checks": len(checks)})


def change_checks(channel: Channel, added: Collection[Check], removed: Collection[Check]) -> int:
    """More or fewer checks alert through the channel; those that are not named stay as they are.

    Returns how many do then.
    """
    with transaction.atomic():
        Channel.objects.select_for_update().get(pk=channel.pk)
        channel.checks.add(*added)
        channel.checks.remove(*removed)
        note_links({check.pk for check in (*added, *removed)})
        number: int = channel.checks.count()
        _note("integration.assigned", channel, {"checks": number})
    return number


def enable(code: UUID) -> None:
    """Send messages through the channel again."""
    _change(code, "integration.enabled", disabled=False)


def disable(code: UUID) -> None:
    """Send nothing through the channel any more, because a person says so: that it could not
    deliver before is no trouble any longer."""
    _change(code, "integration.disabled", disabled=True, last_error="")


def remove(code: UUID) -> None:
    """Delete a channel with its messages."""
    with transaction.atomic():
        channel = Channel.objects.select_for_update().get(code=code)
        _note("integration.removed", channel)
        channel.delete()


def _change(code: UUID, action: str, **columns: Any) -> None:
    """Write these columns, and a line in the audit log: without values, which may hold secrets."""
    with transaction.atomic():
        channel = Channel.objects.select_for_update().filter(code=code).first()
        if channel is None:
            return
        Channel.objects.filter(pk=channel.pk).update(**columns)
        changed = sorted(name for name in columns if getattr(channel, name) != columns[name])
        if changed:
            _note(action, channel, {"changed": changed})


def _note(action: str, channel: Channel, details: dict[str, Any] | None = None) -> None:
    target = Target(channel.name or channel.kind, channel.code)
    audit.record(action, target, project=channel.project_id, details=details)
