"""The site in a tab, on a home screen, in an address book: its icons, manifest and contact card."""

from __future__ import annotations

import re
from email.utils import parseaddr

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

# Above this the number in the icon would be too small to be read.
MOST = 9
DAY = "public, max-age=86400"
# Of the page and of its bar: the colours --background and --surface, for those who know no oklch().
BACKGROUND, BAR = "#f9fbfc", "#ffffff"
_PULSE = (
    '<rect width="32" height="32" rx="8" fill="#2f55c8"/>'
    '<path d="M5 17h5l3.2-8 5.2 15 3.3-7H27" fill="none" stroke="#fff" stroke-width="2.8"'
    ' stroke-linecap="round" stroke-linejoin="round"/>'
)
# Another shape, not only another colour: some browsers draw icons in grey.
_COUNT = (
    '<circle cx="16" cy="16" r="16" fill="#c62a32"/>'
    '<text x="16" y="23.5" font-family="system-ui,Arial,sans-serif" font-size="{size}"'
    ' font-weight="700" fill="#fff" text-anchor="middle">{number}</text>'
)


@require_safe
def tab_icon(request: HttpRequest, down: int) -> HttpResponse:
    """The icon of the tab: the number of checks that are down, if any are."""
    number = f"{MOST}+" if down > MOST else str(down)
    shapes = _COUNT.format(number=number, size=22 if len(number) == 1 else 18) if down else _PULSE
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{shapes}</svg>\n'
    return HttpResponse(svg, "image/svg+xml", headers={"Cache-Control": DAY})


@require_safe
def old_icon(request: HttpRequest) -> HttpResponse:
    """For what asks for `/favicon.ico`, whatever the page says."""
    response = redirect(static("img/favicon.ico"))
    response.headers["Cache-Control"] = DAY
    return response


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What a browser has to know to install the site as an app. Source: W3C, Web App Manifest."""
    start = reverse("hc-projects")
    facts = {
        "id": start,
        "name": settings.SITE_NAME,
        "short_name": settings.SITE_NAME[:12],
        "description": "Tells you when a job did not run.",
        "start_url": start,
        "scope": start,
        "display": "standalone",
        "background_color": BACKGROUND,
        "theme_color": BAR,
        "icons": [
            {"src": reverse("hc-tab-icon", args=[0]), "sizes": "any", "type": "image/svg+xml"},
            _icon("icon-192.png", 192),
            _icon("icon-512.png", 512),
            _icon("icon-maskable-512.png", 512) | {"purpose": "maskable"},
        ],
    }
    response = JsonResponse(facts, content_type="application/manifest+json")
    response.headers["Cache-Control"] = DAY
    return response


def _icon(name: str, size: int) -> dict[str, str]:
    return {"src": static(f"img/{name}"), "sizes": f"{size}x{size}", "type": "image/png"}


@require_safe
def contact(request: HttpRequest) -> HttpResponse:
    """A card for address books, so that calls and mails of ours are recognised. RFC 6350."""
    site = _escaped(settings.SITE_NAME)
    number = str(settings.INTEGRATIONS.get("TWILIO_FROM") or "")
    note = "Alerts come from this address and number. Nobody reads what is sent to them."
    lines = [
        "BEGIN:VCARD",
        "VERSION:4.0",
        "KIND:org",
        f"FN:{site}",
        f"N:{site};;;;",
        f"EMAIL:{_escaped(parseaddr(settings.DEFAULT_FROM_EMAIL)[1])}",
        *([f"TEL:{_escaped(number)}"] if number else []),
        f"NOTE:{_escaped(note)}",
        f"URL:{settings.SITE_ROOT}",
        "END:VCARD",
    ]
    card = "".join(f"{_folded(line)}\r\n" for line in lines)
    return HttpResponse(
        card,
        "text/vcard; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="contact.vcf"'},
    )


def _escaped(text: str) -> str:
    """RFC 6350, 3.4."""
    text = re.sub(r"([\\,;])", r"\\\1", text)
    return re.sub(r"\r\n|\r|\n", r"\\n", text)


def _folded(line: str) -> str:
    """Lines of at most 75 bytes; the next one begins with a space. RFC 6350, 3.2."""
    parts, part = [], ""
    for char in line:
        if len((part + char).encode()) > 75:
            parts.append(part)
            part = " "
        part += char
    return "\r\n".join([*parts, part])
