"""What other services call to say how a delivery went. No sign-in: they cannot have one."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from hc.alerts import bounces, feedback
from hc.lib import signing


@csrf_exempt
@require_POST
def notification_status(request: HttpRequest, code: UUID) -> HttpResponse:
    """A delivery callback; whatever it says, the caller need not come again.

    Only callers who were given the address for it count (`Alert.callback_url`): the code alone is
    in the hands of everybody whom the message has reached.
    """
    report = feedback.report_in(request.POST)
    if report and signing.check_callback_token(code, request.GET.get("token", "")):
        feedback.record(code, report, timezone.now(), within=feedback.CALLBACK_TIME)
    return HttpResponse()


@csrf_exempt
@require_POST
def bounce(request: HttpRequest) -> HttpResponse:
    """A mail that came back, as it was received; what follows the report is not read."""
    answer = bounces.receive(request.read(bounces.MAX_BYTES), timezone.now())
    return HttpResponse(answer, content_type="text/plain")
