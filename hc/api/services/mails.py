"""Mails that are not alerts: sign-in links, invitations, reports, notices.

They are queued in the caller's transaction and sent by the alert loop, which tries for as long
as they are of use. So a mail is never sent inside a request, and never lost with a process.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from hc.api.models import QueuedMail
from hc.lib import doorbell
from hc.lib.mail import Mail

DAY = timedelta(days=1)


def post(mail: Mail, now: datetime, *, use: timedelta = DAY) -> None:
    """Queue one mail; after `use` it is not tried any more."""
    post_all([mail], now, use=use)


def post_all(mails: Iterable[Mail], now: datetime, *, use: timedelta = DAY) -> None:
    """Queue mails together. Attachments are not kept."""
    QueuedMail.objects.bulk_create(
        QueuedMail(
            to=mail.to,
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            headers=dict(mail.headers),
            bounce_id=mail.bounce_id,
            created=now,
            expires=now + use,
            due=now,
        )
        for mail in mails
    )
    doorbell.ring()
