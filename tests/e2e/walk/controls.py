"""The controls of a page: what each is, where it leads, and which of them are alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import ElementHandle, Page

_SCRIPT = Path(__file__).with_suffix(".js").read_text()
_OPENERS = {"popover", "menu", "summary", "copy", "palette"}
_HOST = "http://localhost"


@dataclass(frozen=True, kw_only=True)
class Control:
    """As the page describes it (controls.js); `at` is the path of the page.

    `words`: what is written on it; `name`: what it is called, which may say more. `state`: that of
    the row it is in, if it is in a `row`. `panel`: whether the page has a place for panels.
    """

    id: str
    tag: str
    type: str
    role: str
    name: str
    words: str
    field: str
    value: str
    place: str
    href: str
    data: frozenset[str]
    form: frozenset[str]
    action: str
    method: str
    within: frozenset[str]
    download: bool
    target: str
    opens: str
    current: bool
    state: str
    row: bool
    panel: bool
    at: str
    scripted: bool

    @property
    def kind(self) -> str:
        """Says how it is pressed."""
        if self.tag == "summary":
            return "summary"
        if self.tag == "a":
            return self._kind_of_link()
        if self.tag == "button" or self.type in ("submit", "image"):
            return self._kind_of_button()
        if self.type in ("checkbox", "radio"):
            return "tick"
        return "choice" if self.tag == "select" else "text"

    def _kind_of_link(self) -> str:
        split = urlsplit(self.href)
        if (split.scheme or split.netloc) and split.hostname != "localhost":
            return "outside"
        if not split.path and not split.query and split.fragment:
            return "example" if self.scripted and "data-cron" in self.data else "anchor"
        if self.download:
            return "file"
        if self.target:
            return "framed"
        by_script = {
            "data-panel": "panel",
            "data-row-menu": "menu",
            "data-alerts": "menu",
            "data-palette": "palette",
            "data-older": "older",
            "data-cron": "example",
            "data-close": "close",
        }
        has_panel = {"data-panel": self.panel, "data-close": "#side" in self.within}
        for data, kind in by_script.items():
            if self.scripted and data in self.data and has_panel.get(data, True):
                return kind
        return "link"

    def _kind_of_button(self) -> str:
        if self.opens:
            return "popover"
        if {"data-copy", "data-copy-from"} & self.data:
            return "copy"
        if self.type != "submit" or not self.action:
            return "plain"
        return "close" if self.method == "dialog" else "submit"

    @property
    def target_path(self) -> str:
        return urlsplit(urljoin(_HOST + self.at, self.href or self.action)).path

    @property
    def route(self) -> str:
        """The name of the address it leads to; empty if it stays on the page."""
        where = self.href.partition("#")[0] or self.action
        if not where:
            return ""
        try:
            return resolve(self.target_path).view_name
        except Resolver404:
            return "?"

    @property
    def alike(self) -> tuple[Any, ...]:
        """Controls of a page that share it do the same, to different things; one is pressed."""
        kind, flags = self.kind, tuple(sorted(self.data))
        if self.tag == "a":
            return kind, self.place, self.route, urlsplit(self.href).query, flags, self.state
        words = "" if self.row else self.words or self.name
        if kind in _OPENERS:
            return kind, self.place, words, self.state
        if self.tag in ("input", "select", "textarea"):
            return kind, self.place, words, self.field, self.type == "radio" and self.value
        return kind, self.place, self.route, self.field, self.value, self.role or self.words, flags

    @property
    def is_frame(self) -> bool:
        """Belongs to all pages: bar, menus, footer."""
        return self.place in ("frame", "#account-menu", "#project-menu", "#palette", "#keys")

    def __str__(self) -> str:
        return f"{self.kind} “{self.name}” ({self.place}, {self.href or self.action or self.opens})"


def controls_of(page: Page, *, scripted: bool) -> list[Control]:
    """What somebody at this page could press now."""
    at = urlsplit(page.url).path
    made = []
    for found in page.evaluate(_SCRIPT, ""):
        for name in ("data", "form", "within"):
            found[name] = frozenset(found[name])
        made.append(Control(**found, at=at, scripted=scripted))
    return made


def find(page: Page, control: Control) -> ElementHandle | None:
    """Its element, or the label by which it is drawn; nothing while it is not seen."""
    return page.evaluate_handle(_SCRIPT, control.id).as_element()


def element_of(page: Page, control: Control) -> ElementHandle:
    element = find(page, control)
    assert element, "it is not there any more"
    return element
