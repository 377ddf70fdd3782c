"""The admin pages as a browser sees them."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hc.accounts.views.sudo import SESSION_KEY


def confirm(client: Client) -> None:
    """Whoever is signed in has just proved who they are."""
    session = client.session
    session[SESSION_KEY] = [int(session["_auth_user_id"]), timezone.now().timestamp()]
    session.save()


Pairs = dict[str, list[str]]


class _Form(HTMLParser):
    """What a browser would send of the controls of the page's main form."""

    def __init__(self) -> None:
        super().__init__()
        self.data: Pairs = {}
        self._inside = False
        self._textarea = self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = found.get("id", "").endswith("_form")
        elif not self._inside:
            return
        elif tag == "textarea":
            self._textarea = found["name"]
            self.data[self._textarea] = [""]
        elif tag == "select":
            self._select = found["name"]
        elif tag == "option" and "selected" in found:
            self._add(self._select, found["value"])
        elif tag == "input" and found.get("type") in ("checkbox", "radio"):
            if "checked" in found:
                self._add(found["name"], found.get("value", "on"))
        elif tag == "input" and found.get("type") != "submit":
            self._add(found["name"], found.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._textarea:
            # The line break after the tag is no part of the text.
            self.data[self._textarea] = [data.removeprefix("\r\n").removeprefix("\n")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = ""

    def _add(self, name: str, value: str) -> None:
        self.data.setdefault(name, []).append(value)


def html(client: Client, url: str) -> str:
    """A page that must answer."""
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def shown_form(client: Client, url: str) -> Pairs:
    """The form as it stands on the page, with all that it remembers."""
    parser = _Form()
    parser.feed(html(client, url))
    return parser.data


def send(client: Client, url: str, form: Pairs, **changes: Any) -> str:
    """Send a form with some controls changed (None: unchecked); the page that follows."""
    data: dict[str, Any] = form | changes
    data = {name: value for name, value in data.items() if value is not None}
    response = client.post(url, data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def act(client: Client, url: str, action: str, rows: list[Any], **more: str) -> str:
    """Choose an action for some rows of a list; the page that follows."""
    data = {"action": action, "_selected_action": [row.pk for row in rows], "index": "0"} | more
    response = client.post(url, data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def queries(client: Client, url: str) -> int:
    """How many queries a page asks, once what processes remember is remembered."""
    html(client, url)
    with CaptureQueriesContext(connection) as captured:
        html(client, url)
    return len(captured)
