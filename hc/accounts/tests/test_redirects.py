"""Nobody is led to another site."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django import Settings

from hc.accounts.models import Project, User
from hc.accounts.redirects import safe_next
from tests.factories import PASSWORD

NASTY = [
    "https://evil.example.com/",
    "//evil.example.com/",
    "///evil.example.com/",
    "/\\evil.example.com/",
    "\\/evil.example.com/",
    "\\\\evil.example.com/",
    "/\t/evil.example.com/",
    "/\n/evil.example.com/",
    "\t//evil.example.com/",
    " //evil.example.com/",
    "/%09/evil.example.com/",
    "/%2F/evil.example.com/",
    "/%5Cevil.example.com/",
    "/.//evil.example.com/",
    "/..//evil.example.com/",
    "/admin/..//evil.example.com/",
    "http:/projects/add/",
    "http:projects/add/",
    "https:evil.example.com",
    "javascript:alert(1)",
    "javascript:/projects/add/",
    "data:text/html,x",
    "/projects/add/\r\nSet-Cookie: x=y",
    "/projects/add/\0",
    "//testserver@evil.example.com/projects/add/",
    "//evil.example.com\\@testserver/projects/add/",
    "/\u2028/evil.example.com",
    "／／evil.example.com/",
    "/projects/add/@evil.example.com",
    "?next=//evil.example.com",
    "#//evil.example.com",
    "http://[::1",
    "/" * 5000,
    "/projects/add/" + "x" * 100_000,
]


def host_of(location: str) -> str:
    """As browsers read it: they take \\ for /, and leave out line breaks and tabs."""
    read = location.replace("\\", "/")
    for ignored in "\t\r\n":
        read = read.replace(ignored, "")
    return urlsplit(read.strip()).netloc


@pytest.mark.parametrize("url", NASTY, ids=lambda url: repr(url)[:40])
def test_nasty_addresses_are_not_followed(client: Client, alice: User, url: str) -> None:
    assert safe_next(url) == "" or host_of(safe_next(url)) == ""
    data = {"action": "login", "email": alice.email, "password": PASSWORD}
    response = client.post("/accounts/login/", data, query_params={"next": url})
    assert response.status_code == 302
    assert host_of(response["Location"]) == ""
    assert response["Location"].startswith("/")
    again = client.get("/accounts/login/", {"next": url})
    assert host_of(again["Location"]) == ""
    themed = client.post("/accounts/profile/appearance/", {"theme": "dark", "next": url})
    assert host_of(themed["Location"]) == ""


@pytest.mark.parametrize(
    "path",
    [
        "/projects/{code}/checks/?tag=a&status=down",
        "/projects/{code}/add_webhook/",
        "/projects/{code}/settings/",
        "/accounts/profile/security/",
        "/admin/accounts/user/?q=a",
        "/",
    ],
)
def test_pages_of_ours_are_reached(client: Client, project: Project, path: str) -> None:
    assert safe_next(path.format(code=project.code)) == path.format(code=project.code)


def test_a_site_below_a_path_is_not_left(settings: Settings) -> None:
    assert safe_next("/nothing/here/") == ""
