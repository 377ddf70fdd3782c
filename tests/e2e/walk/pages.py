"""All pages of the site, as the table of permissions lists its addresses.

An address that shows somebody a page is walked; one that never does must be in NO_PAGE, with what
it is instead. So a new address is walked by itself, or fails the test.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.test import Client
from django.urls import reverse

from hc.accounts.services import invitations, reports
from hc.accounts.tests.test_permissions import TABLE, Row
from hc.integrations.email import confirmation
from hc.lib.signing import unsubscribe_token
from tests.e2e.walk.world import CONFIRM, UNDO, World

Arguments = list[Any]

NO_PAGE = {
    "a part of other pages": (
        "hc-check-channels",
        "hc-checks-status",
        "hc-cloaked-status",
        "hc-deliveries-status",
        "hc-details-status",
        "hc-integrations-status",
        "hc-last-ping",
        "hc-log-rows",
        "hc-ping-html",
        "hc-ping-images",
        "hc-project-menu",
        "hc-projects-status",
        "hc-test-status",
    ),
    "a file, a picture, or JSON": (
        "hc-contact",
        "hc-manifest",
        "hc-old-icon",
        "hc-passkey",
        "hc-ping-body",
        "hc-project-log-export",
        "hc-signup-csrf",
        "hc-tab-icon",
    ),
    "the way to another page": ("hc-docs",),
    "for an installation without accounts, or with a provider; see test_accessibility, test_oidc": (
        "hc-oidc",
        "hc-oidc-callback",
        "hc-setup",
    ),
    "between the password and the second factor; see test_second_factors": (
        "hc-two-factor",
        "hc-two-factor-recovery",
        "hc-two-factor-totp",
    ),
}

# Where the table has none that lead to a page, or where there is more than one page to see.
ARGUMENTS: dict[str, Callable[[World], list[Arguments]]] = {
    "hc-badges": lambda w: [[w.own.project.code], [w.empty.code]],
    "hc-change-email-confirm": lambda _: [[CONFIRM]],
    "hc-channel-checks": lambda w: [[w.own.channel.code]],
    "hc-check-token": lambda w: [_ends_of(w.link)],
    "hc-checks": lambda w: [[w.own.project.code], [w.empty.code]],
    "hc-deliveries": lambda w: [[w.channels[name].code] for name in ("webhook", "off")],
    "hc-details": lambda w: [[w.checks[n].code] for n in ("down", "paused", "elsewhere", "new")],
    "hc-docs-page": lambda _: [["introduction"], ["python"]],
    "hc-edit-channel": lambda w: [[w.channels[n].code] for n in ("webhook", "email", "group")],
    "hc-integrations": lambda w: [[w.own.project.code], [w.empty.code]],
    "hc-invitation": lambda w: [_invitation(w)],
    "hc-ping": lambda w: [[w.checks["up"].code, 1], [w.checks["down"].code, 2]],
    "hc-project-danger": lambda w: [[w.own.project.code], [w.offered.code]],
    "hc-project-settings": lambda w: [[w.own.project.code], [w.offered.code]],
    "hc-remove-key": lambda w: [[w.key.code]],
    "hc-undo-email-change": lambda _: [[UNDO]],
    "hc-unsubscribe": lambda w: [[w.channels["email"].code, _unsubscribe(w)]],
    "hc-unsubscribe-reports": lambda w: [[reports.unsubscribe_token(w.people["reader"])]],
    "hc-verify-email": lambda w: [[w.channels["unconfirmed"].code, _verify(w)]],
}
# Pages that look otherwise with these questions.
QUERIES = {
    "hc-checks": ["?status=down&tag=prod", "?search=nothing-is-called-so"],
    "hc-log": ["?kind=fail&text=disk", "?at=2020-01-01"],
    "hc-badges": ["?target=tag&tag=prod&fmt=json"],
    "hc-search": ["?q=in"],
    "hc-docs-search": ["?q=cron"],
}
_SECTIONS = (
    ("docs", ("/docs/", "/tv/")),
    ("account", ("/accounts/", "/invitations/")),
    ("check", ("/checks/", "/cloaked/")),
    ("integrations", ("/integrations/",)),
)


@dataclass(frozen=True)
class Place:
    """A page that somebody may open."""

    name: str
    path: str

    @property
    def section(self) -> str:
        for section, beginnings in _SECTIONS:
            if self.path.startswith(beginnings):
                return section
        if "/settings/" in self.path:
            return "settings"
        return "integrations" if self.name.startswith("hc-add-e") else "lists"


def _ends_of(link: str) -> Arguments:
    return list(urlsplit(link).path.strip("/").split("/")[-2:])


def _invitation(world: World) -> Arguments:
    return _ends_of(invitations.link(world.own.invitation, invitations.MAILED))


def _unsubscribe(world: World) -> str:
    return unsubscribe_token(world.channels["email"].code)


def _verify(world: World) -> str:
    channel = world.channels["unconfirmed"]
    return confirmation._signer.sign_object([str(channel.code), "new@example.org"])


def addresses(row: Row, world: World) -> list[str]:
    if row.name in ARGUMENTS:
        found = [reverse(row.name, args=args) for args in ARGUMENTS[row.name](world)]
    else:
        found = [reverse(row.name, args=row.arguments(world.own))]
    return found + [found[0] + query for query in QUERIES.get(row.name, [])]


def places_for(world: World, client: Client, sections: Collection[str]) -> list[Place]:
    """The pages of these sections that are shown to the person whose client it is."""
    places = [Place(row.name, path) for row in TABLE for path in addresses(row, world)]
    return [one for one in places if one.section in sections and _is_page(client, one.path)]


def _is_page(client: Client, path: str) -> bool:
    response = client.get(path)
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    return response.status_code == 200 and is_html and b"<main" in response.content
