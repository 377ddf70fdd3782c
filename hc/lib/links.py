"""Whole addresses of pages, for mails and messages."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings


def absolute(path: str) -> str:
    """A path of this site (the site's prefix included) as a whole address; one that is whole
    already stays as it is."""
    if not path.startswith("/"):
        return path
    root = urlsplit(settings.SITE_ROOT)
    return f"{root.scheme}://{root.netloc}{path}"
