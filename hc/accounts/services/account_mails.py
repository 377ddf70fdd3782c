"""What all mails about an account have in common: their frame, and how they are rendered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.templatetags.static import static

from hc.api.services import mails
from hc.lib.links import absolute
from hc.lib.mail import Mail

DAY = timedelta(days=1)


def letter(to: str, template: str, subject: str, facts: dict[str, Any]) -> Mail:
    """A mail in text and HTML; `template`: the name of both, without its ending."""
    known = {
        "site_name": settings.SITE_NAME,
        "site_root": settings.SITE_ROOT,
        "logo_url": absolute(_logo()),
        "support": settings.SUPPORT_EMAIL,
        "subject": subject,
    } | facts
    return Mail(
        to=to,
        subject=subject,
        text=render_to_string(f"accounts/emails/{template}.txt", known),
        html=render_to_string(f"accounts/emails/{template}.html", known),
        headers={"Auto-Submitted": "auto-generated"},
    )


def send(  # noqa: PLR0913 - the last two by name
    to: str,
    template: str,
    subject: str,
    facts: dict[str, Any],
    *,
    now: datetime,
    use: timedelta = DAY,
) -> None:
    """Queue such a mail in the caller's transaction."""
    mails.post(letter(to, template, subject, facts), now, use=use)


def _logo() -> str:
    """The operator's, or the built-in one where the static files were collected."""
    if settings.SITE_LOGO_URL:
        return str(settings.SITE_LOGO_URL)
    try:
        return static("img/logo.png")
    except ValueError:
        return f"{settings.STATIC_URL}img/logo.png"
