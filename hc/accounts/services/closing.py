"""Accounts that are going to be closed: whether their owners were told so.

Two sorts of notices: that nobody uses an account, a month before it may be deleted; and that an
operator has set a date of deletion. Each waits in the queue of mails under a bounce id of its own.
One that never left the house, because the mail server was away or refused it, does not count, nor
does one that came back.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat

from hc.accounts.models import Profile, User
from hc.api.models import DeliveryState, QueuedMail

NOTICE = timedelta(days=30)
# In the last two weeks before its date of deletion an account is told of it again.
LAST_CALL = timedelta(days=14)
UNUSED, DELETION = "i.", "d."
# Where it stands when the owner was told.
COLUMNS = {UNUSED: "deletion_notice_date", DELETION: "deletion_reminded"}
# For so long a settled notice is kept, longer than it may take to come back; and who could not be
# reached is left in peace.
KEPT = timedelta(days=7)


def notice_id(user: User, about: str) -> str:
    """The bounce id of the notice to an account."""
    return f"{about}{user.username}"


def notice_is_unsent(about: str) -> Exists:
    """A condition on users: there is a notice to them that has not been sent, or has come back."""
    return Exists(_of(about, "username").exclude(state=DeliveryState.SENT))


def failed_lately(about: str, now: datetime) -> Exists:
    """A condition on profiles: a short time ago a notice to their owners failed."""
    failed = _of(about, "user__username").filter(state=DeliveryState.FAILED)
    return Exists(failed.filter(settled__gt=now - KEPT))


def others() -> QuerySet[QueuedMail]:
    """The mails that are no notices."""
    return QueuedMail.objects.exclude(_is_notice())


def notice_came_back(bounce_id: str, error: str) -> None:
    """Note that the newest notice with this id did not reach its reader after all."""
    with transaction.atomic():
        sent = QueuedMail.objects.filter(bounce_id=bounce_id, state=DeliveryState.SENT)
        newest = sent.order_by("-pk").values_list("pk", flat=True)[:1]
        failed = QueuedMail.objects.filter(pk__in=list(newest))
        failed.update(state=DeliveryState.FAILED, error=error)
        for _ in forget_failed_notices():
            pass


def forget_failed_notices() -> Iterator[int]:
    """Those whose notice could not be sent, or came back, count as not told; yields 1 for each."""
    failed = QueuedMail.objects.filter(_is_notice(), state=DeliveryState.FAILED)
    for bounce_id, created in failed.order_by("pk").values_list("bounce_id", "created"):
        about, name = bounce_id[:2], bounce_id[2:]
        told = Profile.objects.filter(user__username=name, **{COLUMNS[about]: created})
        yield told.update(**{COLUMNS[about]: None})


def _of(about: str, username: str) -> QuerySet[QueuedMail]:
    return QueuedMail.objects.filter(bounce_id=Concat(Value(about), OuterRef(username)))


def _is_notice() -> Q:
    return Q(bounce_id__startswith=UNUSED) | Q(bounce_id__startswith=DELETION)
