"""Pages behind the links in mails: confirm an address, unsubscribe it. No sign-in needed."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import csrf_exempt

from hc.api.models import Channel
from hc.api.services import channels
from hc.integrations.base import BadConfig
from hc.integrations.email import confirmation
from hc.integrations.email.config import EmailConfig
from hc.lib import signing


def verify(request: HttpRequest, code: UUID, token: str) -> HttpResponse:
    channel = get_object_or_404(Channel, code=code, kind="email")
    address = confirmation.address_in(channel, token)
    if address is None or address != _address(channel):
        return render(request, "integrations/email/bad_link.html", status=400)
    if request.method == "POST":
        channels.verify(channel.code)
        return render(request, "integrations/email/verified.html", {"address": address})
    return render(request, "integrations/email/verify.html", {"address": address})


@csrf_exempt
def unsubscribe(request: HttpRequest, code: UUID, token: str) -> HttpResponse:
    """The page of the link at the end of each mail; a POST, also one by a mail program, does it."""
    if not signing.check_unsubscribe_token(code, token):
        return render(request, "integrations/email/bad_link.html", status=400)
    channel = Channel.objects.filter(code=code).first()
    if channel is None or channel.kind != "email":
        raise Http404
    if request.method == "POST":
        channels.disable(channel.code)
        return render(request, "integrations/email/unsubscribed.html")
    context = {"address": _address(channel), "auto_submit": not signing.is_fresh(token)}
    return render(request, "integrations/email/unsubscribe.html", context)


def _address(channel: Channel) -> str:
    try:
        return EmailConfig.load(channel.value).address
    except BadConfig:
        return ""
