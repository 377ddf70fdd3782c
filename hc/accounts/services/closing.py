"""Accounts that nobody uses are closed a month after their owners were told so: whether they were.

A notice waits in the queue of mails under a bounce id of its own. One that never left the house,
because the mail server was away or refused it, does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Exists, OuterRef, Value
from django.db.models.functions import Concat

from hc.accounts.models import Profile, User
from hc.api.models import DeliveryState, QueuedMail

NOTICE = timedelta(days=30)
PREFIX = "i."


def notice_id(user: User) -> str:
    """The bounce id of the notice to an account."""
    return f"{PREFIX}{user.username}"


def notice_is_unsent() -> Exists:
    """A condition on users: there is a notice to them that has not been sent."""
    name = Concat(Value(PREFIX), OuterRef("username"))
    unsent = QueuedMail.objects.exclude(state=DeliveryState.SENT)
    return Exists(unsent.filter(bounce_id=name))


def forget_failed_notices() -> Iterator[int]:
    """Those whose notice could not be sent count as not told; yields 1 for each."""
    failed = QueuedMail.objects.filter(state=DeliveryState.FAILED, bounce_id__startswith=PREFIX)
    for name, created in failed.order_by("pk").values_list("bounce_id", "created"):
        told = Profile.objects.filter(
            user__username=name.removeprefix(PREFIX), deletion_notice_date=created
        )
        yield told.update(deletion_notice_date=None)
