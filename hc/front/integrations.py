"""The list of a project's integrations, and how each of them is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from hc.accounts.access import AuthenticatedRequest, ProjectAccess, project_for
from hc.accounts.models import Project
from hc.alerts.testing import tests_of
from hc.api.models import Channel, Check, DeliveryState, Notification
from hc.front import channel_checks
from hc.front.channels import members_of_groups, named
from hc.front.live import live_response
from hc.integrations import registry
from hc.integrations.base import BadConfig, Config, Integration
from hc.integrations.names import channel_name, kind_label

# How long the outcome of a test stands in the list; its log keeps it.
TESTS_SHOWN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel as the list shows it. `test`: the last test message, for a while."""

    channel: Channel
    integration: Integration | None
    title: str
    details: str
    state: str
    n_checks: int
    members: Sequence[str] = ()
    test: Notification | None = None
    # When a message arrived last; only of those whose last one did not.
    delivered: datetime | None = None

    @property
    def is_editable(self) -> bool:
        return self.integration is not None and self.integration.enabled(settings.INTEGRATIONS)

    def facts(self) -> tuple[object, ...]:
        """All that the row shows but the passing of time."""
        channel, test = self.channel, self.test
        return (
            channel.pk,
            self.title,
            self.details,
            self.state,
            self.n_checks,
            self.members,
            (channel.last_notify, channel.last_notify_duration, channel.last_error),
            test and (test.pk, test.state, test.attempts, test.error),
            self.delivered,
        )


@login_required
def index(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    if request.method == "POST":
        return channel_checks.assign(request, code)
    return render(request, "front/integrations.html", _context(project_for(request, code)))


def status(request: HttpRequest, code: UUID) -> HttpResponse:
    """The list alone, for the page that shows it; 304 while nothing has changed."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    context = _context(project_for(request, code))
    return live_response(request, "front/_integrations_live.html", context, context["version"])


def last_tests(channels: Sequence[Channel], now: datetime) -> dict[int, Notification]:
    """The newest test message of each channel that was tested a short time ago."""
    tests = tests_of(channels).filter(created__gt=now - TESTS_SHOWN)
    return {test.channel_id: test for test in tests.order_by("pk")}


def _context(access: ProjectAccess) -> dict[str, Any]:
    rows = _rows(access.project, timezone.now())
    n_checks = Check.objects.filter(project=access.project).count()
    facts = repr(([row.facts() for row in rows], n_checks))
    return {
        "access": access,
        "project": access.project,
        "section": "integrations",
        "rows": rows,
        "n_checks": n_checks,
        "available": registry.available(settings.INTEGRATIONS),
        "version": hashlib.sha256(facts.encode()).hexdigest()[:24],
    }


def _rows(project: Project, now: datetime) -> list[ChannelRow]:
    """The channels of a project, groups first, then by age."""
    counted = Channel.objects.filter(project=project).annotate(n_checks=Count("checks"))
    channels = sorted(
        counted.order_by("created", "pk"), key=lambda ch: not registry.fans_out(ch.kind)
    )
    members = members_of_groups(channels)
    tests = last_tests(channels, now)
    delivered = _last_deliveries(channels)
    rows = [
        _row(channel, channel.n_checks, members.get(channel.pk, ()), tests.get(channel.pk))
        for channel in channels
    ]
    return [replace(row, delivered=delivered.get(row.channel.pk)) for row in rows]


def _last_deliveries(channels: Sequence[Channel]) -> dict[int, datetime]:
    """When something arrived last through each channel whose last message failed."""
    failing = [channel.pk for channel in channels if channel.last_error]
    sent = Notification.objects.filter(channel__in=failing, state=DeliveryState.SENT)
    return dict(sent.values("channel").annotate(at=Max("created")).values_list("channel", "at"))


def _row(
    channel: Channel, n_checks: int, members: Sequence[Channel], test: Notification | None
) -> ChannelRow:
    config = _config(channel)
    title = channel_name(channel)
    details = [kind_label(channel)]
    if config:
        details += [config.title(), config.details()]
    return ChannelRow(
        channel,
        registry.get(channel.kind),
        title,
        " · ".join(dict.fromkeys(text for text in details if text and text != title)),
        _state(channel, config, members),
        n_checks,
        [named(member) for member in members],
        test,
    )


def _state(channel: Channel, config: Config | None, members: Sequence[Channel]) -> str:
    """The first that holds of what the template has words for."""
    integration = registry.get(channel.kind)
    if integration is None:
        return "retired"
    states = {
        "unreadable": config is None,
        "off": channel.disabled,
        "unconfirmed": integration.confirms and not channel.email_verified,
        "silent": integration.fans_out and all(member.disabled for member in members),
        "failed": bool(channel.last_error),
        "delivered": channel.last_notify is not None,
    }
    return next((state for state, holds in states.items() if holds), "unused")


def _config(channel: Channel) -> Config | None:
    try:
        return registry.load_config(channel.kind, channel.value)
    except BadConfig:
        return None
