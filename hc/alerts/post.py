"""The queue of all mails that are not alerts: hc.api.services.mails fills it, this empties it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import DatabaseError, transaction
from django.db.models import Min

from hc.accounts.services import orders
from hc.alerts import leases, telemetry
from hc.alerts.dispatcher import Parcel, Space
from hc.alerts.leases import Attempt, Claim
from hc.api.models import DeliveryState, QueuedMail
from hc.integrations.base import Outcome, Result, delivered, failed, retry
from hc.lib.mail import Mail, Mailer, MailError

logger = logging.getLogger(__name__)

DESTINATION = "mail server"
KIND = "mail"  # in figures


def claim(space: Space, now: datetime) -> list[Claim[QueuedMail]]:
    """Lease mails that are due, the oldest first."""
    places = min(space.limit, space.places.get(DESTINATION, space.usual))
    if places <= 0:
        return []
    due = QueuedMail.objects.filter(due__lte=now).exclude(pk__in=space.busy)
    chosen = list(due.order_by("due", "pk").values_list("pk", flat=True)[:places])
    if not chosen:
        return []
    with transaction.atomic():
        ids = leases.take(QueuedMail, chosen, now)
    rows = QueuedMail.objects.filter(pk__in=ids).order_by("pk")
    return [Claim(row, row.attempts) for row in rows if _is_written(row, now)]


def _is_written(row: QueuedMail, now: datetime) -> bool:
    """Write a mail that was only ordered; whether there is one to send. An order that cannot be
    carried out must not hold up the others: it is tried again when its lease is over."""
    if not orders.is_order(row):
        return True
    try:
        return orders.fulfil(row, now)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("mail not written", extra={"action": "post", "mail": str(row.code)})
        return False


def settle(attempts: Sequence[Attempt[QueuedMail]]) -> list[Attempt[QueuedMail]]:
    """Store what came of attempts. The texts, which may hold a secret link, go with the end."""
    with transaction.atomic():
        held = leases.settle(QueuedMail, [_decided(one) for one in attempts])
        over = [one.claim.id for one in held if not one.again]
        QueuedMail.objects.filter(pk__in=over).update(text="", html="", headers={})
    return held


def next_due(space: Space) -> datetime | None:
    """When there is something to claim again."""
    if DESTINATION in space.full():
        return None
    waiting = QueuedMail.objects.filter(due__isnull=False).exclude(pk__in=space.busy)
    due: datetime | None = waiting.aggregate(d=Min("due"))["d"]
    return due


def expire(now: datetime) -> None:
    """Give up what is of no use any more."""
    late = QueuedMail.objects.filter(due__isnull=False, expires__lt=now)
    number = late.filter(state=DeliveryState.QUEUED).update(
        state=DeliveryState.FAILED,
        error="It could not be sent while it was of use",
        due=None,
        settled=now,
        text="",
        html="",
        headers={},
    )
    telemetry.unsent(KIND, Result.FAILED, number)


def parcel(claim_: Claim[QueuedMail], mailer: Mailer) -> Parcel[QueuedMail]:
    row = claim_.row
    mail = Mail(
        to=row.to,
        subject=row.subject,
        text=row.text,
        html=row.html,
        headers=row.headers,
        bounce_id=row.bounce_id,
        message_id=str(row.code),
    )

    async def send() -> Outcome:
        return await sent(mail, mailer)

    return Parcel([claim_], send, DESTINATION, KIND, {"mail": str(row.code)})


async def sent(mail: Mail, mailer: Mailer) -> Outcome:
    try:
        await mailer.send_async(mail)
    except MailError as e:
        return failed(str(e)) if e.permanent else retry(str(e))
    return delivered()


def _decided(attempt: Attempt[QueuedMail]) -> Attempt[QueuedMail]:
    expires = attempt.claim.row.expires
    number = attempt.claim.attempt
    again = leases.next_try(attempt.outcome, number, attempt.finished, expires)
    return Attempt(attempt.claim, attempt.outcome, attempt.started, attempt.finished, again)
