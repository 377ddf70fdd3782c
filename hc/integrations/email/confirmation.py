"""A stranger's mailbox gets alerts only after a confirmation from it.

The link is bound to channel and address and lives for a week; following it changes nothing until
the button is pressed, because mail scanners follow links.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from hc.accounts.models import User
from hc.api.models import Channel, Limit, TokenBucket
from hc.api.models.token_bucket import private_name
from hc.api.services import mails
from hc.lib.links import absolute
from hc.lib.mail import Mail

LIFETIME = timedelta(days=7)
PER_SENDER = Limit(20, timedelta(days=1))
PER_RECIPIENT = Limit(5, timedelta(hours=1))

_signer = TimestampSigner(salt="hc.integrations.email.confirmation")


def send(channel: Channel, address: str, sender: User) -> bool:
    """Mail the link to `address`; False if that was done too often."""
    now = timezone.now()
    allowed = TokenBucket.authorize(
        f"verify-{sender.pk}", PER_SENDER, now
    ) and TokenBucket.authorize(private_name("verify", address), PER_RECIPIENT, now)
    if not allowed:
        return False
    token = _signer.sign_object([str(channel.code), address])
    facts = {
        "link": absolute(reverse("hc-verify-email", args=[channel.code, token])),
        "project": str(channel.project),
        "sender": sender.email,
        "site_name": settings.SITE_NAME,
        "site_root": settings.SITE_ROOT,
    }
    mails.post(
        Mail(
            to=address,
            subject=f"Confirm alerts from {settings.SITE_NAME}",
            text=render_to_string("integrations/email/confirm.txt", facts),
            html=render_to_string("integrations/email/confirm.html", facts),
            headers={"Auto-Submitted": "auto-generated"},
        ),
        now,
        use=LIFETIME,
    )
    return True


def address_in(channel: Channel, token: str) -> str | None:
    """The address that a link confirms for this channel; None if the link is wrong or too old."""
    try:
        code, address = _signer.unsign_object(token, max_age=LIFETIME)
    except (BadSignature, ValueError, TypeError):
        return None
    return address if code == str(channel.code) and isinstance(address, str) else None
