"""Notices about accounts that an operator has sent: each person is told once.

The mark that somebody was told and the mail are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse

from hc.accounts.models import Member, Profile, User
from hc.accounts.services import closing
from hc.alerts import announcements
from hc.api.models import Channel, Check, Ping
from hc.api.services import mails
from hc.integrations import registry
from hc.integrations.base import BadConfig
from hc.lib.links import absolute
from hc.lib.mail import Mail
from hc.reports.letters import letter

YEAR, WEEK = timedelta(days=365), timedelta(days=7)


# --- Accounts that nobody uses ----------------------------------------------------------------


def inactive(now: datetime) -> QuerySet[Profile]:
    """The accounts that neither people nor jobs have used for a year, and that were not told so
    within it. Source: core 5, sendinactivitynotices."""
    since = now - YEAR
    team = Member.objects.filter(project__owner=OuterRef("user"))
    recent = (
        Q(user__date_joined__gte=since)
        | Q(user__last_login__gte=since)
        | Q(user__profile__last_active_date__gte=since)
    )
    pings = Ping.objects.filter(owner__project__owner=OuterRef("user"), created__gte=since)
    checks = Check.objects.filter(project__owner=OuterRef("user"), last_ping__gte=since)
    return Profile.objects.filter(
        _before(since, "user__last_login"),
        _before(since, "last_active_date"),
        _before(since, "deletion_notice_date"),
        ~Exists(team.filter(recent)),
        ~Exists(checks),
        ~Exists(pings),
        ~closing.failed_lately(closing.UNUSED, now),
        user__date_joined__lt=since,
        user__is_active=True,
        user__is_superuser=False,
        user__is_staff=False,
    )


def send_inactivity_notices(now: datetime) -> Iterator[str]:
    """Tell the owners of unused accounts that these will be closed; yields the addresses."""
    for _ in closing.forget_failed_notices():
        pass
    for pk in list(inactive(now).order_by("pk").values_list("pk", flat=True)):
        if address := _notify(pk, now):
            yield address


def _notify(pk: int, now: datetime) -> str:
    """The address that was written to; "" if the account has come to life, or was told."""
    with transaction.atomic():
        list(Profile.objects.select_for_update().filter(pk=pk).values_list("pk"))
        profile = inactive(now).filter(pk=pk).select_related("user").first()
        if profile is None:
            return ""
        Profile.objects.filter(pk=pk).update(deletion_notice_date=now)
        user = profile.user
        facts = {
            "email": user.email,
            "closing": now + closing.NOTICE,
            "login_url": absolute(reverse("hc-login")),
        }
        subject = "Your account will be closed"
        mail = letter(user.email, "inactivity", subject, facts)
        bounce_id = closing.notice_id(user, closing.UNUSED)
        mails.post(replace(mail, bounce_id=bounce_id), now, use=WEEK)
        return user.email


def _before(moment: datetime, column: str) -> Q:
    return Q(**{column: None}) | Q(**{f"{column}__lt": moment})


# --- Accounts that are going to be deleted ----------------------------------------------------


def scheduled(now: datetime) -> QuerySet[Profile]:
    """The accounts with a date of deletion of which people are to be told now: when it is set
    (which clears `deletion_reminded`), and again two weeks before. Those whose owner could not be
    reached wait for a week, for the sake of all the others."""
    last_call = F("deletion_scheduled_date") - closing.LAST_CALL
    is_close = Q(
        deletion_scheduled_date__lte=now + closing.LAST_CALL, deletion_reminded__lt=last_call
    )
    due = Q(deletion_reminded=None) | is_close
    failed = closing.failed_lately(closing.DELETION, now)
    return Profile.objects.filter(due, ~failed, deletion_scheduled_date__gt=now)


def send_deletion_notices(now: datetime) -> Iterator[str]:
    """Tell everybody concerned that an account will be deleted; yields the addresses, and the
    codes of the integrations that are no mailboxes."""
    for _ in closing.forget_failed_notices():
        pass
    for pk in list(scheduled(now).order_by("pk").values_list("pk", flat=True)):
        yield from _announce(pk, now)


def _announce(pk: int, now: datetime) -> list[str]:
    with transaction.atomic():
        list(Profile.objects.select_for_update().filter(pk=pk).values_list("pk"))
        profile = scheduled(now).filter(pk=pk).select_related("user").first()
        if profile is None or profile.deletion_scheduled_date is None:
            return []
        Profile.objects.filter(pk=pk).update(deletion_reminded=now)
        date = profile.deletion_scheduled_date
        is_last_call = date <= now + closing.LAST_CALL
        people = _concerned(profile.user, with_channels=is_last_call)
        mails.post_all(_letters(profile.user, date, people), now, use=WEEK)
        told = announcements.queue(profile.user, now) if is_last_call else []
        return [*people, *(str(channel.code) for channel in told)]


def _letters(owner: User, date: datetime, people: list[str]) -> Iterator[Mail]:
    """The same for everybody; that to the owner has to arrive."""
    facts = {
        "owner": owner.email,
        "date": date,
        "checks": Check.objects.filter(project__owner=owner).count(),
    }
    for address in people:
        mail = letter(address, "deletion", "An account will be deleted", facts)
        if address == owner.email.lower():
            mail = replace(mail, bounce_id=closing.notice_id(owner, closing.DELETION))
        yield mail


def _concerned(owner: User, *, with_channels: bool) -> list[str]:
    """The owner, those of the team who ever came, and on request all mailboxes that get alerts."""
    team = User.objects.filter(memberships__project__owner=owner, last_login__isnull=False)
    people = User.objects.filter(Q(pk=owner.pk) | Q(pk__in=team.values("pk")), is_active=True)
    addresses = sorted(people.values_list("email", flat=True), key=lambda to: to != owner.email)
    if with_channels:
        addresses += _mailboxes(owner)
    return list(dict.fromkeys(address.lower() for address in addresses))


def _mailboxes(owner: User) -> Iterator[str]:
    channels = Channel.objects.filter(project__owner=owner, project__removed=None)
    for channel in channels.filter(disabled=False, email_verified=True).order_by("pk"):
        try:
            address = registry.load_config(channel.kind, channel.value).reader_address()
        except BadConfig:
            continue
        if address:
            yield address
