"""What the description of the API says in words: about the whole, about groups, by example."""

from __future__ import annotations

from typing import Any

TEXT = """Checks, their log, integrations, badges and projects, for scripts.

Send the key in the header `X-Api-Key`. Bodies and answers are JSON; the content type of a body
does not matter, unknown keys in it are ignored, and `null` is an error unless it is allowed here.
Errors are objects with an `error`, a short text that stays the same, and often a `detail` for
people. Fields may be added to answers at any time. Addresses answer `HEAD` where they answer
`GET`, and `OPTIONS`; any other method is answered 405 with `Allow`."""

GROUPS = {
    "Checks": "What is watched. Each check waits for the pings of one job.",
    "Log": "What has happened to a check: pings, their bodies, changes of status.",
    "Integrations": "Where alerts go. The web pages know more kinds than can be added here.",
    "Badges": "Pictures of the status, for pages that everybody may see.",
    "Projects": "Projects and their keys, with the key of an account.",
    "Description": "The API as a machine reads it.",
}

_CHECK = {
    "name": "Nightly backup",
    "slug": "nightly-backup",
    "tags": "prod db",
    "schedule": "15 1 * * *",
    "tz": "Europe/Riga",
    "grace": 1800,
    "channels": "*",
    "unique": ["name"],
}
# Bodies by method and path of their operations.
EXAMPLES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "checks/"): _CHECK,
    ("POST", "checks/{uuid}"): {"timeout": 3600, "grace": 600},
    ("POST", "checks/bulk"): {"action": "pause", "tags": ["staging"]},
    ("POST", "channels/"): {
        "kind": "webhook",
        "name": "On call",
        "settings": {"url_down": "https://example.org/hook", "method_down": "POST"},
    },
    ("POST", "channels/{uuid}"): {"name": "Night shift"},
    ("POST", "projects/"): {"name": "Production"},
    ("POST", "projects/{uuid}/keys/"): {"name": "Terraform", "scope": "rw"},
}
