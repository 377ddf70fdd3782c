"""The buttons of an integration: test, switch on and off, rename."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from hc.accounts.access import AuthenticatedRequest, Role, channel_for
from hc.alerts import testing
from hc.api.models import Channel
from hc.api.services import channels
from hc.front.integrations import last_tests
from hc.integrations import registry
from hc.integrations.names import channel_name

MAX_NAME = 100


@require_POST
@login_required
def test(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """Queue a test message; what comes of it is asked for later (test_status)."""
    channel, _ = channel_for(request, code, need=Role.REGULAR)
    refusal = ""
    try:
        testing.send_test(channel, timezone.now())
    except testing.CannotTest as e:
        refusal = str(e)
    if request.headers.get("HX-Request"):
        return _test_result(request, channel, refusal)
    if refusal:
        messages.error(request, refusal)
    else:
        messages.success(request, "A test message is on its way.")
    return _back(request, channel)


def test_status(request: HttpRequest, code: UUID) -> HttpResponse:
    """How the last test message went so far."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    channel, _ = channel_for(request, code)
    return _test_result(request, channel)


def _test_result(request: HttpRequest, channel: Channel, refusal: str = "") -> HttpResponse:
    test = last_tests([channel], timezone.now()).get(channel.pk)
    context = {"channel": channel, "test": test, "refusal": refusal}
    return render(request, "front/_channel_test.html", context)


@require_POST
@login_required
def enable(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """Send alerts through it again. A mailbox that may have stopped our mails is asked anew, by
    its form."""
    channel, _ = channel_for(request, code, need=Role.REGULAR)
    integration = registry.get(channel.kind)
    if integration and integration.confirms:
        messages.info(request, "Save it to switch it on. A foreign address is confirmed again.")
        return redirect("hc-edit-channel", channel.code)
    channels.enable(channel.code)
    messages.success(request, f"{channel_name(channel)} is switched on.")
    return _back(request, channel)


@require_POST
@login_required
def disable(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    channel, _ = channel_for(request, code, need=Role.REGULAR)
    channels.disable(channel.code)
    messages.success(request, f"{channel_name(channel)} is switched off; nothing is sent to it.")
    return _back(request, channel)


@login_required
def rename(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    channel, access = channel_for(request, code, need=Role.REGULAR)
    name = " ".join(request.POST.get("name", channel.name).replace("\0", "").split())
    is_wrong = len(name) > MAX_NAME
    if request.method == "POST" and not is_wrong:
        channels.rename(channel.code, name)
        return redirect("hc-integrations", access.project.code)
    context = {
        "access": access,
        "project": access.project,
        "section": "integrations",
        "name": name,
        "title": channel_name(channel),
        "is_wrong": is_wrong,
    }
    return render(request, "front/channel_rename.html", context, status=422 if is_wrong else 200)


def _back(request: HttpRequest, channel: Channel) -> HttpResponse:
    """To the page with the button: that of the messages, or the list."""
    if request.POST.get("from") == "messages":
        return redirect("hc-deliveries", channel.code)
    return redirect("hc-integrations", channel.project.code)
