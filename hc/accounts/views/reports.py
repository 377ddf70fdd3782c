"""Which reports and reminders a person gets, and the page that ends both without signing in."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from hc.accounts.access import AuthenticatedRequest
from hc.accounts.forms import NotificationsForm
from hc.accounts.models import Profile
from hc.accounts.services import reports
from hc.reports import preferences
from hc.reports.dates import zone_of


@login_required
def notifications(request: AuthenticatedRequest) -> HttpResponse:
    profile = Profile.of(request.user.pk)
    seconds = int(profile.nag_period.total_seconds())
    initial = {"reports": profile.reports, "nag_period": str(seconds)}
    form = NotificationsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        preferences.choose(request.user, **form.cleaned_data, now=timezone.now())
        messages.success(request, "Saved.")
        return redirect("hc-notifications")
    zone, following = zone_of(profile), profile.next_report_date
    words = f"{following.astimezone(zone):%A, %-d %B, %H:%M}" if following else ""
    context = {"part": "notifications", "form": form, "zone": zone, "following": words}
    status = 422 if form.errors else 200
    return render(request, "accounts/notifications.html", context, status=status)


@csrf_exempt
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A POST, also one by a mail program, stops the mails."""
    username = reports.username_in(token)
    if username is None:
        return render(request, "accounts/unsubscribe_bad_link.html")
    if request.method == "POST":
        reports.stop(username)
        return render(request, "accounts/unsubscribed.html")
    context = {"auto_submit": not reports.is_fresh(token)}
    return render(request, "accounts/unsubscribe.html", context)
