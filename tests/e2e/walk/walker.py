"""Goes from page to page and presses what is there, each control from a fresh state of the page."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.test import Client
from playwright.sync_api import Browser, CDPSession, ElementHandle, Error, Page, Request, Response

from tests.browser import Tab
from tests.e2e.walk import facts, presses
from tests.e2e.walk.controls import Control, controls_of, element_of
from tests.e2e.walk.pages import Place
from tests.e2e.walk.snapshot import Snapshot
from tests.validity import SENT

# A control in a menu of a panel is two presses away from the page.
DEEPEST = 3
# Links in mails are for whoever has them.
BY_MAIL = {"hc-unsubscribe", "hc-verify-email"}
# Written at every visit.
NOISE = {"django_session", "accounts_signin"}
# What a project is made of: not for those who may only read.
PROJECT = {"api_check", "api_channel", "api_ping", "api_flip", "api_notification"}
Trail = tuple[Control, ...]


@contextmanager
def walking_tab(browser: Browser, **options: Any) -> Iterator[Tab]:
    """A tab whose complaints are collected; it does not keep each of its many states."""
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Riga", **options)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.add_init_script("window.print = () => { document.documentElement.dataset.printed = 1 }")
    opened = Tab(context.new_page())
    opened.page.set_default_timeout(10_000)
    context.on("console", lambda said: _complain(opened, said.type, said.text))
    context.on("weberror", lambda error: _complain(opened, "error", f"script: {error.error}"))
    yield opened
    context.close()
    SENT.take()  # the documents are judged in test_validity


def _is_navigation(request: Request) -> bool:
    return request.is_navigation_request()


def _complain(opened: Tab, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        opened.complaints.append(text)


@dataclass
class Walk:
    """One person's way through pages. `problems`: what did not hold, each with its control."""

    tab: Tab
    client: Client
    snapshot: Snapshot
    address: str
    scripted: bool
    is_phone: bool
    may_write: bool
    presses_frame: bool
    cookies: list[Any] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    pressed: Counter[str] = field(default_factory=Counter)
    refused: list[Response] = field(default_factory=list)
    _frame: set[Any] = field(default_factory=set)
    _links: dict[str, facts.Behind] = field(default_factory=dict)
    # Pages of one address share what they have in common.
    _seen: defaultdict[str, set[Any]] = field(default_factory=lambda: defaultdict(set))
    _standing: tuple[str, Trail] | None = None
    _at: tuple[Place, Trail] = field(init=False)
    _protocol: CDPSession = field(init=False)

    def __post_init__(self) -> None:
        self.cookies = list(self.page.context.cookies())
        self.page.on("response", self._note_refusal)
        self.page.on("dialog", lambda dialog: dialog.accept())
        self._protocol = self.page.context.new_cdp_session(self.page)
        self._protocol.on("Fetch.requestPaused", self._stop)

    @property
    def page(self) -> Page:
        return self.tab.page

    def _note_refusal(self, response: Response) -> None:
        if response.status >= 400:
            self.refused.append(response)

    def visit(self, place: Place) -> None:
        """Press all that is on the page, and all that appears by it."""
        self._at = place, ()
        self._stand(place, ())
        waiting = deque(self._new(()))
        if not self.scripted and not self.is_phone:  # the same ones as on the other ways
            self._check_links(place)
        while waiting:
            trail, control = waiting.popleft()
            waiting.extend(self._press(place, trail, control))

    def _new(
        self, trail: Trail, wanted: Callable[[Control], bool] = bool
    ) -> Iterator[tuple[Trail, Control]]:
        """The controls that have appeared, but for those that are like others."""
        for control in controls_of(self.page, scripted=self.scripted):
            seen = self._frame if control.is_frame else self._seen[self._at[0].name]
            if control.alike in seen or not wanted(control):
                continue
            seen.add(control.alike)
            if self.presses_frame or not control.is_frame:
                yield trail, control

    def _press(self, place: Place, trail: Trail, control: Control) -> list[tuple[Trail, Control]]:
        revealed: list[tuple[Trail, Control]] = []

        def look(wanted: Callable[[Control], bool] = bool) -> None:
            if len(trail) < DEEPEST:
                revealed.extend(self._new((*trail, control), wanted))

        try:
            self._stand(place, trail)
            self._at = place, trail
            assert control.name, "it has no name"
            element = element_of(self.page, control)
            leaves_alone = presses.BY_KIND[control.kind](self, control, element, look)
            self.judge(control)
            if not leaves_alone:
                self._standing = None
        except (AssertionError, Error) as problem:
            self._complain(place, trail, control, str(problem))
        self.pressed[control.kind] += 1
        return revealed

    def _complain(self, place: Place, trail: Trail, control: Control, problem: str) -> None:
        way = " → ".join(str(one) for one in (*trail, control))
        self.problems.append(f"{place.name} {place.path}: {way}: {problem}")
        self._standing = None

    # --- Where the walk stands ---

    def _stand(self, place: Place, trail: Trail) -> None:
        """Have the page as it is when it is opened, and these controls pressed."""
        if self._standing == (place.path, trail):
            return
        self.forget()
        self.page.goto(place.path)
        self.refused.clear()
        self.tab.complaints.clear()
        for control in trail:
            presses.BY_KIND[control.kind](self, control, element_of(self.page, control), None)
        self._standing = (place.path, trail)

    def again(self, control: Control) -> None:
        """Have the page once more as it was before the control was pressed."""
        self._standing = None
        self._stand(*self._at)

    def forget(self) -> None:
        """Undo what was done: in the database, in the browser."""
        if self.scripted and self.page.url.startswith("http"):
            self.page.evaluate("() => [localStorage, sessionStorage].forEach((one) => one.clear())")
        if self.snapshot.changed().keys() - NOISE or self.page.context.cookies() != self.cookies:
            self.snapshot.restore()
            self.page.context.clear_cookies()
            self.page.context.add_cookies(self.cookies)

    def stopped(self, element: ElementHandle) -> Request:
        """Press what leads to another page; what the browser asks for then, and does not get."""
        self._protocol.send("Fetch.enable", {"patterns": [{"resourceType": "Document"}]})
        try:
            with self.page.expect_event("requestfailed", _is_navigation) as failed:
                element.click()
        finally:
            self._protocol.send("Fetch.disable")
        asked: Request = failed.value
        return asked

    def _stop(self, paused: dict[str, str]) -> None:
        answer = {"requestId": paused["requestId"], "errorReason": "Aborted"}
        self._protocol.send("Fetch.failRequest", answer)

    # --- What must hold ---

    def effects(self) -> set[str]:
        return self.snapshot.changed().keys() - NOISE

    def judge(self, control: Control) -> None:
        refused = [r for r in self.refused if not presses.is_allowed(r, self.page)]
        assert not refused, [f"{r.request.method} {r.url}: {r.status}" for r in refused]
        complaints = facts.complaints(self.tab)
        assert not complaints, complaints
        if not self.may_write and control.route not in BY_MAIL:
            written = self.effects() & PROJECT
            assert not written, f"somebody who may only read has changed {written}"
        self.refused.clear()
        self.tab.complaints.clear()

    def _check_links(self, place: Place) -> None:
        """All that the page refers to is there; who asks is the person whose page it is."""
        hrefs = self.page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
        for href in hrefs:
            split = urlsplit(urljoin(self.page.url, href))
            path = split.path + (f"?{split.query}" if split.query else "")
            if split.hostname != "localhost" or path in self._links:
                continue
            status = self.behind(path).status
            if status >= 400:
                self.problems.append(
                    f"{place.name} {place.path}: the link {path} leads to {status}"
                )

    def behind(self, path: str) -> facts.Behind:
        """What the person is shown at an address; asked for once."""
        if path not in self._links:
            self._links[path] = facts.Behind.of(self.client.get(path, follow=True))
        return self._links[path]
