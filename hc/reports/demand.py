"""Reports and reminders that an administrator wants somebody to have now.

The dates of those that come by themselves stay as they are.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hc.accounts.models import Profile
from hc.accounts.models.profile import Reports
from hc.api.services import mails
from hc.core.state import Shown
from hc.reports import dates, figures
from hc.reports import mails as compose
from hc.reports.passes import USE


def send_report(profile: Profile, now: datetime) -> None:
    """Queue the report that the person would get, the monthly one if they want none."""
    kind = Reports(profile.reports)
    if kind is Reports.OFF:
        kind = Reports.MONTHLY
    spans = dates.covered(kind, now, dates.zone_of(profile))
    found = figures.sections(profile.user, spans, now)
    mails.post(compose.report(profile.user, kind, spans, found), now, use=USE[kind])


def send_reminder(profile: Profile, now: datetime) -> bool:
    """Queue a reminder of what is down; False if nothing is."""
    period = profile.nag_period or timedelta(days=1)
    checks = figures.checks_of(profile.user).select_related("project__owner")
    down = [check for check in checks if check.shown_status(now) is Shown.DOWN]
    if not down:
        return False
    mails.post(compose.reminder(profile.user, period, down, now), now, use=period)
    return True
