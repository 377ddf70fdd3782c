"""What people may do with channels: one named function per change."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from hc.accounts.models import Project
from hc.api.models import Channel, Check
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
    return channel


def update(code: UUID, config: Config, *, name: str, verified: bool | None = None) -> None:
    """New settings for a channel. It is switched on again; what checks use it stays.

    `verified`: None leaves the confirmation of its address as it is.
    """
    columns = {"value": config.dump(), "name": name, "disabled": False}
    if verified is not None:
        columns["email_verified"] = verified
    Channel.objects.filter(code=code).update(**columns)


def verify(code: UUID) -> None:
    """The address of a channel was confirmed from its mailbox."""
    Channel.objects.filter(code=code).update(email_verified=True)


def rename(code: UUID, name: str) -> None:
    """What lists call the channel; empty for its own title."""
    Channel.objects.filter(code=code).update(name=name)


def set_checks(channel: Channel, checks: Collection[Check]) -> None:
    """Exactly these checks of its project alert through the channel."""
    with transaction.atomic():
        Channel.objects.select_for_update().get(pk=channel.pk)
        channel.checks.set(checks)


def enable(code: UUID) -> None:
    """Send messages through the channel again."""
    Channel.objects.filter(code=code).update(disabled=False)


def disable(code: UUID) -> None:
    """Send nothing through the channel any more."""
    Channel.objects.filter(code=code).update(disabled=True)


def remove(code: UUID) -> None:
    """Delete a channel with its messages."""
    with transaction.atomic():
        Channel.objects.select_for_update().get(code=code).delete()
