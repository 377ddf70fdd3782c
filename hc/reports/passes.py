"""One pass over all that is due.

A mail is put together without holding any lock, since the alert engine writes to the same rows.
Then, in one transaction, the next date is written, on condition that nobody has moved it
meanwhile, and the mail is queued: so a report is neither lost nor sent twice, whatever dies when
and however many copies of the process run.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q, QuerySet

from hc.accounts.models import Profile
from hc.accounts.models.profile import Reports
from hc.api.services import mails, reminders
from hc.core.state import Shown
from hc.lib.mail import Mail
from hc.reports import dates, figures
from hc.reports import mails as compose

logger = logging.getLogger(__name__)

BATCH = 50
AGAIN_AFTER_ERROR = timedelta(hours=1)
# How long a report is worth reading, should the mail server be away.
USE = {
    Reports.DAILY: timedelta(hours=20),
    Reports.WEEKLY: timedelta(days=3),
    Reports.MONTHLY: timedelta(days=7),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """The next date of a person who was due, and the mail if there is something to tell."""

    following: datetime | None
    mail: Mail | None = None
    use: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of mail: the columns of its date and of what people want, and how it is drafted."""

    date: str
    wish: str
    due: Callable[[datetime], Q]
    draft: Callable[[Profile, datetime], Draft]


def one_pass(now: datetime, is_stopping: Callable[[], bool] = lambda: False) -> tuple[int, int]:
    """Queue what is due, reports and reminders in turn; how many of each were queued."""
    reminders.catch_up(now)
    reports = reminded = 0
    steps = zip_longest(_steps(REPORTS, now), _steps(REMINDERS, now), fillvalue=False)
    while not is_stopping():
        step = next(steps, None)
        if step is None:
            break
        reports += step[0]
        reminded += step[1]
    return reports, reminded


def _steps(sort: Sort, now: datetime) -> Iterator[bool]:
    """Deal with everybody who is due; yields for each person whether a mail was queued."""
    last = 0
    while batch := _next_batch(sort, last, now):
        last = max(batch)
        # Copies of this process get out of each other's way.
        random.shuffle(batch)
        for pk in batch:
            yield _deal_with(sort, pk, now)


def _next_batch(sort: Sort, after: int, now: datetime) -> list[int]:
    due = _due(sort, now).filter(pk__gt=after).order_by("pk")
    return list(due.values_list("pk", flat=True)[:BATCH])


def _due(sort: Sort, now: datetime) -> QuerySet[Profile]:
    return Profile.objects.filter(sort.due(now), user__is_active=True)


def _deal_with(sort: Sort, pk: int, now: datetime) -> bool:
    """One person's trouble is nobody else's; that of the database is everybody's."""
    try:
        profile = _due(sort, now).select_related("user").filter(pk=pk).first()
        return profile is not None and settle(sort, profile, sort.draft(profile, now), now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("report failed", extra={"action": sort.wish, "profile": pk})
        later = {sort.date: now + AGAIN_AFTER_ERROR}
        Profile.objects.filter(sort.due(now), pk=pk).update(**later)
        return False


def settle(sort: Sort, profile: Profile, draft: Draft, now: datetime) -> bool:
    """Write the next date and queue the mail, unless the person was dealt with meanwhile, or
    wishes something else now; whether a mail was queued."""
    with transaction.atomic():
        known = {name: getattr(profile, name) for name in (sort.date, sort.wish)}
        mine = Profile.objects.filter(pk=profile.pk, **known).update(**{sort.date: draft.following})
        if not (mine and draft.mail):
            return False
        mails.post(draft.mail, now, use=draft.use)
        return True


def _reports_due(now: datetime) -> Q:
    return (Q(next_report_date__lte=now) | Q(next_report_date=None)) & ~Q(reports=Reports.OFF)


def _report(profile: Profile, now: datetime) -> Draft:
    """Who has no date yet gets one, and no report."""
    user, zone = profile.user, dates.zone_of(profile)
    following = dates.next_report(profile.reports, now, zone)
    if profile.next_report_date is None or figures.is_silent(user, now):
        return Draft(following)
    spans = dates.covered(profile.reports, now, zone)
    found = figures.sections(user, spans, now)
    mail = compose.report(user, profile.reports, spans, found)
    return Draft(following, mail, USE[Reports(profile.reports)])


def _reminders_due(now: datetime) -> Q:
    return Q(next_nag_date__lte=now, nag_period__gt=timedelta(0))


def _reminder(profile: Profile, now: datetime) -> Draft:
    user, period = profile.user, profile.nag_period
    checks = figures.checks_of(user).select_related("project__owner")
    down = [check for check in checks if check.shown_status(now) is Shown.DOWN]
    if not down:
        return Draft(None)
    if figures.is_silent(user, now):
        return Draft(now + period)
    return Draft(now + period, compose.reminder(user, period, down, now), period)


REPORTS = Sort("next_report_date", "reports", _reports_due, _report)
REMINDERS = Sort("next_nag_date", "nag_period", _reminders_due, _reminder)
