"""What people may do with channels: one named function per change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import Project
from hc.api.models import Channel, Check
from hc.api.services.transitions import note_links
from hc.integrations.base import Config
from hc.lib.transactions import atomically


@atomically
def create(
    project: Project, kind: str, config: Config, *, name: str = "", verified: bool = False
) -> Channel:
    """A new channel, through which all existing checks of the project alert."""
    checks = list(Check.objects.filter(project=project).for_update())
    channel = Channel.objects.create(
        project=project, kind=kind, value=config.dump(), name=name, email_verified=verified
    )
    channel.checks.set(checks)
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


@atomically
def set_checks(channel: Channel, checks: Collection[Check]) -> None:
    """Exactly these checks of its project alert through the channel."""
    before = set(channel.checks.values_list("pk", flat=True))
    after = {check.pk for check in checks}
    after &= _locked(before | after)
    Channel.objects.select_for_update().get(pk=channel.pk)
    channel.checks.set(after)
    note_links(before ^ after)
    _note("integration.assigned", channel, {"checks": len(after)})


@atomically
def change_checks(channel: Channel, added: Collection[Check], removed: Collection[Check]) -> int:
    """More or fewer checks alert through the channel; those that are not named stay as they are.

    Returns how many do then.
    """
    there = _locked({check.pk for check in (*added, *removed)})
    Channel.objects.select_for_update().get(pk=channel.pk)
    channel.checks.add(*(check for check in added if check.pk in there))
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


@atomically
def remove(code: UUID) -> None:
    """Delete a channel with its messages."""
    channel = Channel.objects.select_for_update().get(code=code)
    _note("integration.removed", channel)
    channel.delete()


def _locked(ids: Collection[int]) -> set[int]:
    """Those of the checks that there still are, locked: before the channel, as all writers do."""
    return set(Check.objects.filter(pk__in=ids).for_update().values_list("pk", flat=True))


@atomically
def _change(code: UUID, action: str, **columns: Any) -> None:
    """Write these columns, and a line in the audit log: without values, which may hold secrets."""
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
