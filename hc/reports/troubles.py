"""Notices about checks that change all the time, and about log records. Told once a day.

The mark that people were told and the mails are written in one transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q
from django.urls import reverse

from hc.accounts.models import Project, User
from hc.api.models import Check, Flip, Limit, TokenBucket
from hc.api.services import mails
from hc.core import words
from hc.lib.links import absolute
from hc.logs.models import Record
from hc.reports.letters import letter, link_to

DAY = timedelta(days=1)
MANY_FLIPS = 200
# A job that runs every day never runs exactly a day later.
ONCE_A_DAY = Limit(1, timedelta(hours=20))


def send_flapping_notices(now: datetime) -> int:
    """Tell the people of each check that changed its status more than 200 times within a day, the
    worst first; of how many checks they were told."""
    present = {"owner__removed": None, "owner__project__removed": None}
    flips = Flip.objects.filter(created__gt=now - DAY, **present)
    counted = flips.values("owner").annotate(number=Count("pk")).filter(number__gt=MANY_FLIPS)
    worst = dict(counted.order_by("-number", "owner").values_list("owner", "number"))
    checks = Check.objects.filter(pk__in=worst).select_related("project__owner").in_bulk()
    return sum(_tell(checks[pk], number, now) for pk, number in worst.items() if pk in checks)


def _tell(check: Check, number: int, now: datetime) -> bool:
    """Whether the people of a check were told; False if they know already."""
    facts = {
        "label": check.label(),
        "project": str(check.project),
        "number": number,
        "link": link_to(check),
    }
    subject = f"{check.label()} changes its status all the time"
    with transaction.atomic():
        if not TokenBucket.authorize(f"flapping-{check.pk}", ONCE_A_DAY, now):
            return False
        people = _people_of(check.project)
        mails.post_all([letter(to, "flapping", subject, facts) for to in people], now)
        return True


def _people_of(project: Project) -> list[str]:
    """The addresses of the owner and of the members."""
    people = Q(pk=project.owner_id) | Q(memberships__project=project)
    found = User.objects.filter(people, is_active=True).order_by("pk").distinct()
    return list(found.values_list("email", flat=True))


def send_log_summary(now: datetime) -> int:
    """Tell the administrators how many records the log got within a day, if any."""
    number = Record.objects.filter(created__gt=now - DAY).count()
    if not number:
        return 0
    facts = {"number": number, "link": absolute(reverse("admin:logs_record_changelist"))}
    subject = f"{settings.SITE_NAME}: {words.count(number, 'log record')}"
    with transaction.atomic():
        if TokenBucket.authorize("log-summary", ONCE_A_DAY, now):
            people = [address for _, address in settings.ADMINS]
            mails.post_all([letter(to, "logs", subject, facts) for to in people], now)
    return number
