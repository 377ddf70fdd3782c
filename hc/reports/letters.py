"""What all mails of this room have in common: their frame, and how they are rendered."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from hc.alerts.message import site
from hc.api.models import Check
from hc.lib.mail import Mail


def letter(to: str, template: str, subject: str, facts: dict[str, Any]) -> Mail:
    """A mail in text and HTML; `template`: the name of both, without its ending."""
    known = {
        "site_name": settings.SITE_NAME,
        "site_root": settings.SITE_ROOT,
        "logo_url": site().logo_url,
        "support": settings.SUPPORT_EMAIL,
    } | facts
    return Mail(
        to=to,
        subject=subject,
        text=render_to_string(f"reports/emails/{template}.txt", known),
        html=render_to_string(f"reports/emails/{template}.html", known),
        headers={"Auto-Submitted": "auto-generated"},
    )


def link_to(check: Check) -> str:
    """The address of a check's page, which does not give its ping address away."""
    return f"{settings.SITE_ROOT}/cloaked/{check.unique_key}/"
