"""Which reports and reminders somebody wants. How to end both without signing in:
`hc.accounts.services.reports`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import Profile, User
from hc.api.services import reminders
from hc.reports.dates import next_report, zone_of

NAG_PERIODS = (timedelta(0), timedelta(hours=1), timedelta(days=1))


def choose(user: User, reports: str, nag_period: timedelta, now: datetime) -> None:
    """Store the choice. The next report is planned anew; a reminder that is planned stays.

    Source: accounts 10.1 of the specification.
    """
    pk = Profile.of(user.pk).pk
    with transaction.atomic():
        profile = Profile.objects.select_for_update().get(pk=pk)
        now_wanted = {"reports": reports, "nag_period": nag_period}
        before = {"reports": profile.reports, "nag_period": profile.nag_period}
        if changed := audit.changes(before, now_wanted):
            audit.record("account.preferences", Target(user.email), user=user, details=changed)
        Profile.objects.filter(pk=pk).update(
            reports=reports,
            nag_period=nag_period,
            next_report_date=next_report(reports, now, zone_of(profile)),
        )
        if nag_period != profile.nag_period:
            reminders.follow_people([user.pk], now)
