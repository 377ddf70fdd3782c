"""The addresses of badges, as they are pasted into pages. They must work for ever."""

from __future__ import annotations

from urllib.parse import quote

from django.conf import settings

from hc.accounts.models import Project
from hc.api.models import Check
from hc.lib import badge_signatures

ALL = "*"  # stands for all checks of a project where a tag is expected


def badge_urls(project: Project, tag: str = ALL) -> dict[str, str]:
    """The addresses of a tag's badge: {"svg", "svg3", …}; 3: with "late" as a third state."""
    signature = badge_signatures.sign(project.badge_key, tag)
    start = f"{settings.SITE_ROOT}/badge/{project.badge_key}/{signature}"
    end = "" if tag == ALL else f"/{quoted(tag)}"
    return _by_format(f"{start}-2{end}", f"{start}{end}")


def check_badge_urls(check: Check) -> dict[str, str]:
    """The addresses of one check's badge, likewise."""
    start = f"{settings.SITE_ROOT}/b"
    return _by_format(f"{start}/2/{check.badge_key}", f"{start}/3/{check.badge_key}")


def quoted(tag: str) -> str:
    """Percent-encoded twice, since servers decode a path once. Source: http-api 4.1."""
    return quote(quote(tag, safe=""))


def _by_format(two_state: str, three_state: str) -> dict[str, str]:
    return {
        name + mark: f"{start}.{name}"
        for name in ("svg", "json", "shields")
        for mark, start in (("", two_state), ("3", three_state))
    }
