"""Which checks alert through a channel: chosen for all checks of the project at once."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render

from hc.accounts.access import AuthenticatedRequest, Role, channel_for, project_for
from hc.api import queries
from hc.api.models import Channel, Check
from hc.api.services import channels
from hc.core.words import count
from hc.integrations.names import channel_name

PREFIX = "check-"


@login_required
def choose(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    channel, access = channel_for(request, code, need=Role.REGULAR)
    used = set(channel.checks.values_list("pk", flat=True))
    context = {
        "access": access,
        "project": access.project,
        "section": "integrations",
        "channel": channel,
        "title": channel_name(channel),
        "checks": [(check, check.pk in used) for check in queries.checks_of(access.project)],
    }
    return render(request, "front/channel_checks.html", context)


def assign(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """The checks of the keys `check-<code>` alert through the channel `channel`.

    `was`: the codes of those that did when the form was made, so that what others have changed
    meanwhile stays. Without it the others do not alert any more.
    """
    access = project_for(request, code, need=Role.REGULAR)
    wanted = {_uuid(key.removeprefix(PREFIX)) for key in request.POST if key.startswith(PREFIX)}
    project = access.project
    channel = Channel.objects.filter(
        project=project, code=_uuid(request.POST.get("channel", ""))
    ).first()
    checks = list(Check.objects.filter(project=project, code__in=wanted))
    if channel is None or len(checks) < len(wanted):
        raise PermissionDenied
    number = _change(channel, checks, request.POST.get("was"))
    verb = "alerts" if number == 1 else "alert"
    who = count(number, "check")
    messages.success(request, f"{who} {verb} through {channel_name(channel)}.")
    return redirect("hc-integrations", project.code)


def _change(channel: Channel, checks: list[Check], was: str | None) -> int:
    """Only what differs from what the form showed; returns how many checks there are then."""
    if was is None:
        channels.set_checks(channel, checks)
        return len(checks)
    before = {_uuid(code) for code in was.split()}
    codes = {check.code for check in checks}
    removed = Check.objects.filter(project=channel.project_id, code__in=before - codes)
    added = [check for check in checks if check.code not in before]
    return channels.change_checks(channel, added, list(removed))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadRequest("not a code") from None
