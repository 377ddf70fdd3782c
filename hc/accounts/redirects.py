"""Where people land after signing in. Source: accounts 5.4 of the specification."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve, reverse

from hc.accounts.models import Project, User
from hc.integrations import registry

ALLOWED = frozenset(
    {"hc-checks", "hc-details", "hc-integrations", "hc-cloaked", "hc-projects", "hc-add-check"}
    | {"hc-notifications", "hc-profile", "hc-appearance", "hc-account-keys", "hc-account-log"}
    | {"hc-set-password", "hc-change-email", "hc-change-email-confirm", "hc-close"}
    | {"hc-project-settings", "hc-project-keys", "hc-project-team", "hc-project-log"}
    | {"hc-project-danger", "hc-invitation", "hc-add-project", "hc-edit-check", "hc-deliveries"}
    | {"hc-security", "hc-add-key", "hc-add-totp", "hc-recovery-codes", "hc-edit-channel"}
    | {f"hc-add-{integration.kind}" for integration in registry.KINDS}
)


def safe_next(url: str | None) -> str:
    """`url` if it is a page of ours that may be landed on, else ""."""
    if not url or not url.startswith("/") or url.startswith("//"):
        return ""
    if "\\" in url or re.search(r"[\x00-\x20\x7f]", url):
        return ""
    parts = urlsplit(url)
    if parts.scheme or parts.netloc:
        return ""
    try:
        match = resolve(parts.path)
    except Resolver404:
        return ""
    # Staff may go on to the admin pages, which check the right to be there themselves.
    if match.url_name not in ALLOWED and match.app_name != "admin":
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def landing_page(user: User, next_url: str | None) -> str:
    """Where to send somebody who has just signed in."""
    if wanted := safe_next(next_url):
        return wanted
    own = list(Project.objects.present().filter(owner=user).only("code")[:2])
    if len(own) == 1:
        return reverse("hc-checks", args=[own[0].code])
    return reverse("hc-projects")
