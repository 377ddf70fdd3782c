"""What is done to one check, seldom: copy, transfer, clear, filtering rules, another time zone, a
ping by hand."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from hc.accounts import audit
from hc.accounts.access import AuthenticatedRequest, Role, check_for
from hc.accounts.services.list_view import keep_list_view
from hc.accounts.views.limits import too_many
from hc.api import history
from hc.api.models import Check, Limit, TokenBucket
from hc.api.models.token_bucket import ALLOWED
from hc.api.services import checks, clearing, lifecycle
from hc.core import zones
from hc.front import zone_hint
from hc.front.forms import RulesForm
from hc.front.panel import leave, render_panel
from hc.front.transfer_form import TransferForm
from hc.pings.event import UA_LENGTH, Overloaded, PingEvent, Receipt
from hc.pings.intake import intake

PINGS = Limit(20, timedelta(minutes=1))
FULL = "This account has as many checks as it may have."


@require_POST
@login_required
def copy(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    check, _ = check_for(request, code, need=Role.REGULAR)
    try:
        made = lifecycle.copy(check.code)
    except checks.LimitReached:
        messages.warning(request, f"{FULL} Delete one to copy another.")
        return redirect("hc-details", check.code)
    messages.success(
        request, "This is the copy. It has its own ping address; adapt its name by “Edit”."
    )
    return redirect("hc-details", made.code)


@login_required
def transfer(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    check, _ = check_for(request, code, need=Role.REGULAR)
    form = TransferForm(request.user, check, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        target = form.cleaned_data["project"]
        try:
            lifecycle.move(check.code, target, form.cleaned_data["slug"], timezone.now())
        except lifecycle.SlugTaken:
            form.refuse_slug()
        except lifecycle.SameProject:
            form.add_error("project", "It is in that project already.")
        except checks.LimitReached:
            form.add_error("project", "Its owner has as many checks as the account may have.")
        else:
            messages.success(request, f"{check.label()} is in {target} now.")
            return leave(request, "hc-details", check.code)
    context = _frame(request, check) | {"form": form}
    status = 422 if form.errors else 200
    return render_panel(request, "front/check_transfer.html", context, status)


@login_required
def clear(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    check, _ = check_for(request, code, need=Role.REGULAR)
    if request.method == "POST":
        clearing.clear(check.code, timezone.now())
        undo = reverse("hc-undo-clear", args=[check.code])
        # The tags of a message are where its button for undoing leads.
        messages.success(request, f"The log of {check.label()} is empty.", undo)
        return leave(request, "hc-details", check.code)
    return render_panel(request, "front/check_clear.html", _frame(request, check))


@require_POST
@login_required
def undo_clear(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    check, _ = check_for(request, code, need=Role.REGULAR)
    try:
        clearing.undo_clear(check.code, timezone.now())
    except lifecycle.TooLate:
        messages.info(request, f"It is too late to take that back: {check.label()} has changed.")
    else:
        messages.success(request, f"The log of {check.label()} is back.")
    return redirect("hc-details", check.code)


@login_required
def filtering_rules(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    check, _ = check_for(request, code, need=Role.REGULAR)
    form = RulesForm(request.POST) if request.method == "POST" else RulesForm.for_check(check)
    if form.is_bound and form.is_valid():
        checks.change(check.code, form.rules(), timezone.now())
        messages.success(request, "Saved which pings count.")
        return leave(request, "hc-details", check.code)
    context = _frame(request, check) | {"form": form}
    status = 422 if form.errors else 200
    return render_panel(request, "front/check_rules.html", context, status)


@require_POST
@login_required
def set_zone(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """The remedy that the hint about the time zone offers; only a zone by which its runs fit."""
    check, _ = check_for(request, code, need=Role.REGULAR)
    now = timezone.now()
    name = zones.canonical(request.POST.get("zone", "")) or ""
    if not name or not zone_hint.would_fit(check, history.of(check, now).begins, name):
        messages.info(request, "The pings of this check do not come by the clock of that zone.")
    else:
        checks.change(check.code, {"tz": name}, now)
        messages.success(request, f"The schedule follows the clock of {name} now.")
    return redirect("hc-details", check.code)


@require_POST
@login_required
def ping_style(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """By which addresses this person is shown how to ping."""
    check, _ = check_for(request, code, need=Role.REGULAR)
    keep_list_view(request.user, {"ping_style": request.POST.get("style", "")})
    return redirect("hc-details", check.code)


@require_POST
@login_required
def ping_now(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """A ping by hand: taken in as any other, so the rules of the check apply to it.

    Not sent by the browser to the ping address: that may be another host, which the browser may
    not reach, and a failure there could not be told from one of the network.
    """
    check, _ = check_for(request, code, need=Role.REGULAR)
    now = timezone.now()
    wait = TokenBucket.attempt(f"pingnow-{request.user.pk}", PINGS, now)
    if wait != ALLOWED:
        return too_many(request, wait)
    event = PingEvent(
        check.code,
        now,
        method="POST",
        scheme="https" if request.is_secure() else "http",
        remote_addr=audit.actor().address,
        ua=request.headers.get("User-Agent", "")[:UA_LENGTH],
    )
    said, status = _outcome(event)
    if "X-Ping-Now" in request.headers:
        return HttpResponse(said, status=status, content_type="text/plain")
    (messages.success if status == 200 else messages.error)(request, said)
    return redirect("hc-details", check.code)


def _outcome(event: PingEvent) -> tuple[str, int]:
    """What became of a ping, for the person who sent it, and as a status."""
    try:
        receipt = intake().take([event])[0]
    except Overloaded:
        return "The ping could not be stored. Try again in a moment.", 503
    if receipt in (Receipt.RECORDED, Receipt.CREATED):
        return "Pinged.", 200
    if receipt is Receipt.SPOOLED:
        return "Pinged. It is kept on disk until the database is back.", 200
    return "The ping was not taken.", 503


def _frame(request: AuthenticatedRequest, check: Check) -> dict[str, object]:
    return {"project": check.project, "section": "checks", "check": check}
