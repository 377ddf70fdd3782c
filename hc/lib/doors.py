"""Which addresses are for machines: scripts, probes, README files. They know no sessions."""

from __future__ import annotations

import re

from django.conf import settings

_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_MACHINES = re.compile(
    r"/(?:ping|api|badge|b|-|static)(?:/|$)"
    rf"|/projects/{_UUID}/(?:checks/)?metrics/"
    r"|/integrations/telegram/bot/?$"
)


def is_for_machines(path: str) -> bool:
    """Whether the answer to `path` never depends on who is signed in."""
    inside = path.removeprefix(f"/{settings.URL_PREFIX}") if settings.URL_PREFIX else path
    return _MACHINES.match(inside) is not None
