"""A real browser for tests: Debian's Chromium, with what it complains about collected."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@dataclass
class Tab:
    """A page and its complaints: console errors, script errors, violations of the policy."""

    page: Page
    complaints: list[str] = field(default_factory=list)


@contextmanager
def tab(browser: Browser, **options: Any) -> Iterator[Tab]:
    """A page in a fresh profile."""
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Riga", **options)
    opened = Tab(context.new_page())
    opened.page.set_default_timeout(10_000)

    def on_console(message: Any) -> None:
        if message.type in ("error", "warning"):
            opened.complaints.append(f"{message.type}: {message.text}")

    opened.page.on("console", on_console)
    opened.page.on("pageerror", lambda error: opened.complaints.append(f"script: {error}"))
    yield opened
    context.close()
