"""Icons, the manifest, the contact card."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from pytest_django import Settings

from hc.accounts.models import Project
from tests.factories import make_check


@pytest.mark.parametrize(("down", "said"), [(1, "1"), (9, "9"), (10, "9+"), (4000, "9+")])
def test_the_icon_of_the_tab_counts(client: Client, down: int, said: str) -> None:
    response = client.get(f"/favicon/{down}.svg")
    assert response.headers["Content-Type"] == "image/svg+xml"
    assert response.headers["Cache-Control"] == "public, max-age=86400"
    assert "".join(ET.fromstring(response.content).itertext()).strip() == said  # noqa: S314 - ours


def test_without_trouble_the_icon_is_the_mark(client: Client) -> None:
    svg = ET.fromstring(client.get("/favicon/0.svg").content)  # noqa: S314 - ours
    assert "".join(svg.itertext()).strip() == ""
    assert svg.find("{http://www.w3.org/2000/svg}path") is not None


def test_pages_name_the_icon_of_their_state(as_alice: Client, project: Project) -> None:
    check = make_check(project)
    assert 'rel="icon" type="image/svg+xml" href="/favicon/0.svg"' in text(as_alice, "/")
    type(check).objects.filter(pk=check.pk).update(status="down")
    assert 'rel="icon" type="image/svg+xml" href="/favicon/1.svg"' in text(as_alice, "/")


def test_what_asks_for_the_old_icon_is_sent_to_it(client: Client) -> None:
    response = client.get("/favicon.ico")
    assert response.status_code == 302
    assert response.headers["Location"] == "/static/img/favicon.ico"


def test_the_manifest_names_icons_that_exist(client: Client) -> None:
    response = client.get("/manifest.webmanifest")
    assert response.headers["Content-Type"] == "application/manifest+json"
    facts = response.json()
    assert (facts["start_url"], facts["display"]) == ("/", "standalone")
    pictures = [icon for icon in facts["icons"] if icon["type"] == "image/png"]
    assert len(pictures) == 3
    for icon in pictures:
        path = finders.find(icon["src"].removeprefix("/static/"))
        assert path
        header = Path(path).read_bytes()[:24]
        assert header[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = (int.from_bytes(header[at : at + 4], "big") for at in (16, 20))
        assert icon["sizes"] == f"{width}x{height}"


def test_pages_name_the_manifest_and_colours_of_both_themes(client: Client, db: None) -> None:
    page = text(client, "/accounts/login/")
    assert '<link rel="manifest" href="/manifest.webmanifest">' in page
    assert page.count('<meta name="theme-color"') == 2


def test_the_contact_card(client: Client, settings: Settings) -> None:
    settings.SITE_NAME = "Checks; all, of\\us"
    settings.DEFAULT_FROM_EMAIL = "Checks <alerts@example.org>"
    settings.INTEGRATIONS = settings.INTEGRATIONS | {"TWILIO_FROM": "+37120000000"}
    response = client.get("/contact.vcf")
    assert response.headers["Content-Type"] == "text/vcard; charset=utf-8"
    assert 'filename="contact.vcf"' in response.headers["Content-Disposition"]
    lines = response.content.decode().split("\r\n")
    assert lines[0:2] == ["BEGIN:VCARD", "VERSION:4.0"]
    assert lines[-2:] == ["END:VCARD", ""]
    assert "FN:Checks\\; all\\, of\\\\us" in lines
    assert "EMAIL:alerts@example.org" in lines
    assert "TEL:+37120000000" in lines
    assert "" not in lines[:-1]
    assert all(len(line.encode()) <= 75 and "\n" not in line for line in lines)


def test_without_a_number_the_card_has_no_line_for_it(client: Client) -> None:
    assert "TEL" not in client.get("/contact.vcf").content.decode()


def text(client: Client, url: str) -> str:
    return client.get(url).content.decode()
