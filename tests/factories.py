"""Objects for tests, made by the services that make them in production."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from hc.accounts.models import Member, Project, Role, User
from hc.api.models import Channel, Check, Listening, ScheduleKind
from hc.api.services import channels, checks
from hc.core.state import Kind
from hc.integrations.email.config import EmailConfig
from hc.integrations.group.config import GroupConfig
from hc.integrations.webhook.config import WebhookConfig
from hc.pings.event import PingEvent

PASSWORD = "correct horse battery"


def make_check(project: Project, *, name: str = "", **schedule: Any) -> Check:
    """A check; keyword arguments are those of ScheduleSettings, or columns of the check."""
    fields = set(checks.ScheduleSettings.__dataclass_fields__)
    columns = {k: v for k, v in schedule.items() if k not in fields}
    settings = {k: v for k, v in schedule.items() if k in fields}
    details = checks.Details({"name": name, **columns})
    return checks.create(project, details, checks.ScheduleSettings(**settings))


def make_cron_check(project: Project, expression: str, tz: str = "UTC", **more: Any) -> Check:
    return make_check(project, kind=ScheduleKind.CRON, schedule=expression, tz=tz, **more)


def make_webhook(project: Project, url: str = "https://example.org/hook", **more: Any) -> Channel:
    """A webhook for both directions."""
    config = WebhookConfig(**({"url_down": url, "url_up": url} | more))
    return channels.create(project, "webhook", config)


def make_email(project: Project, address: str = "ops@example.org") -> Channel:
    return channels.create(project, "email", EmailConfig(value=address), verified=True)


def make_group(project: Project, *members: Channel, name: str = "Ops") -> Channel:
    config = GroupConfig(channels=tuple(channel.code for channel in members))
    return channels.create(project, "group", config, name=name)


def listen(now: datetime) -> None:
    """All pings up to `now` have been heard."""
    Listening.objects.update_or_create(pk=1, defaults={"until": now})


def make_member(project: Project, user: User, role: Role) -> Member:
    return Member.objects.create(project=project, user=user, role=role)


def ping_event(
    code: UUID, at: datetime, kind: Kind = Kind.SUCCESS, rid: UUID | None = None, body: bytes = b""
) -> PingEvent:
    return PingEvent(code, at, kind, rid=rid, method="POST", ua="curl", body=body)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def close_connection() -> None:
    """Close the database connection of the thread this runs on."""
    connection.close()
