"""A real browser for tests: Debian's Chromium, with what it complains about collected."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.validity import FOLDER, Seen

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium"))), "chromium"
)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WATCH = FOLDER / "watch.js"


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@dataclass
class Tab:
    """A page and its complaints: console errors, script errors, violations of the policy.

    `seen`: the states of the page that were drawn.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)

    def forgive(self, text: str) -> None:
        """Drop the complaints with this text: the test brings them about."""
        self.complaints[:] = [one for one in self.complaints if text not in one]


# How tests open tabs: with the options of a profile.
OpenTab = Callable[..., AbstractContextManager[Tab]]


@contextmanager
def tab(browser: Browser, **options: Any) -> Iterator[Tab]:
    """A page in a fresh profile."""
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Riga", **options)
    complaints: list[str] = []
    seen = Seen()

    def on_console(message: Any) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{message.type}: {message.text}")

    def on_violation(_: Any, text: str) -> None:
        complaints.append(f"policy: {text}")

    def on_state(_: Any, url: str, markup: str) -> None:
        seen.add("state", url, markup)

    context.on("console", on_console)
    context.on("weberror", lambda error: complaints.append(f"script: {error.error}"))
    context.expose_binding("tellViolation", on_violation)
    context.expose_binding("tellState", on_state)
    context.add_init_script(path=WATCH)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield Tab(page, complaints, seen)
    context.close()
