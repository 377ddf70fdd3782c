"""How each kind of control is pressed, and what must come of it.

A press gets the walk, the control, its element, and `look`, which finds what has appeared; without
`look` it is only the way to another control. It tells whether the page is as it was before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.sync_api import ElementHandle, Page, Response

from tests.e2e.walk import facts
from tests.e2e.walk.controls import Control
from tests.e2e.walk.submits import submit

if TYPE_CHECKING:
    from tests.e2e.walk.walker import Walk

Look = Callable[[], None]
Press = Callable[["Walk", Control, ElementHandle, Look | None], bool]

SAMPLES = {
    "date": "2026-01-31",
    "email": "somebody@example.org",
    "number": "7",
    "url": "https://example.org/",
}
HELD = "e => (e.control || e).checked"


def is_allowed(response: Response, page: Page) -> bool:
    """A refused form says why; what is tried at the page of the API has no key."""
    if response.status == 422:
        return bool(facts.errors(page))
    return urlsplit(response.url).path.startswith("/api/")


# --- What opens and closes ---


def _summary(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    state = "e => e.parentElement.open"
    was = element.evaluate(state)
    element.click()
    assert element.evaluate(state) != was, "it neither opens nor closes"
    if look is None:
        return False
    look()
    if not element.is_visible():  # what opens takes its place
        return False
    element.click()
    assert element.evaluate(state) == was, "it does not close again"
    return True


def _popover(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    menu = f"[id='{element.get_attribute('popovertarget')}']:popover-open"
    element.click()
    walk.page.wait_for_selector(menu)
    return _opened(walk, control, menu, look)


def _menu(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    menu = "[popover]:popover-open"
    element.click()
    walk.page.wait_for_selector(f"{menu}:not([aria-busy]) :is(a, button)")
    return _opened(walk, control, menu, look)


def _palette(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    element.click()
    walk.page.wait_for_selector("#palette [role=option]")
    return _opened(walk, control, "#palette[open]", look)


def _panel(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    element.click()
    walk.page.wait_for_selector("#side [data-side-content]:not([aria-busy]) h2")
    was_open = "#side" in control.within
    return False if was_open else _opened(walk, control, "#side[open]", look)


def _opened(walk: Walk, control: Control, what: str, look: Look | None) -> bool:
    """It closes by Escape, and the focus comes back to what has opened it."""
    if look is None:
        return False
    look()
    walk.page.keyboard.press("Escape")
    walk.page.wait_for_selector(what, state="detached")
    assert facts.has_focus(walk.page, control), f"the focus goes to {facts.focused(walk.page)}"
    return control.place in ("main", "frame")  # else the menu that it is in has closed


def _close(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    assert element.evaluate("e => Boolean(e.closest('dialog').open)")
    element.click()
    walk.page.wait_for_selector("dialog[open]", state="detached")
    assert facts.focused(walk.page) != "body", "the focus is lost"
    return False


# --- What is filled in ---


def _tick(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    was = element.evaluate(HELD)
    is_radio = control.type == "radio"
    if is_radio and was:
        return True
    if walk.scripted and "[data-submit-on-change]" in control.within:
        with walk.page.expect_navigation():
            element.click()
        chosen = f"input[name='{control.field}'][value='{control.value}']"
        assert walk.page.eval_on_selector(chosen, HELD), "it is not kept"
        return False
    before = facts.chosen(element) if is_radio else element
    with facts.answered(walk.page, control):
        element.click()
    assert element.evaluate(HELD) != was, "it does not change"
    if look is None or before is None:
        return False
    look()
    with facts.answered(walk.page, control):
        before.click()
    assert element.evaluate(HELD) == was, "it does not change back"
    return True


def _choice(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    was = element.input_value()
    others = [
        v for v in element.eval_on_selector_all("option", "a => a.map(o => o.value)") if v != was
    ]
    if not others:
        return True
    if walk.scripted and "[data-submit-on-change]" in control.within:
        with walk.page.expect_navigation():
            element.select_option(others[0])
        kept = walk.page.locator(f"select[name={control.field}]").first.input_value()
        assert kept == others[0], "it is not kept"
        return False
    with facts.answered(walk.page, control):
        element.select_option(others[0])
    assert element.input_value() == others[0]
    if look is None:
        return False
    look()
    with facts.answered(walk.page, control):
        element.select_option(was)
    return True


def _text(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    if not element.is_editable():
        return True
    was, sample = element.input_value(), SAMPLES.get(control.type, "x7")
    with facts.answered(walk.page, control):
        element.fill(sample)
    assert element.input_value() == sample, f"it holds {element.input_value()!r}"
    if look:
        look()
    is_query = control.type == "search" and control.method == "get" and control.action
    if is_query and not facts.is_filter(control):
        with walk.page.expect_navigation():
            element.press("Enter")
        facts.assert_is_page(walk.page)
        return False
    if facts.is_live(control) or look is None:
        return False
    element.fill(was)
    return not walk.scripted or not facts.is_filter(control)


# --- What does something here ---


def _copy(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    assert walk.scripted, "it does nothing without a script"
    element.click()
    walk.page.wait_for_function("e => /Copied|Press Ctrl/.test(e.textContent)", arg=element)
    assert "Copied" in str(element.text_content()), "it does not copy"
    return True


def _plain(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    assert walk.scripted, "it does nothing without a script"
    before = facts.picture(walk.page)
    if "data-download" in control.data:
        with walk.page.expect_download():
            element.click()
        return True
    element.click()
    assert facts.picture(walk.page) != before, "it does nothing"
    if look:
        look()
    return False


def _example(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    with walk.page.expect_response("**/checks/cron_preview/"):
        element.click()
    return True


def _older(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    before = walk.page.locator(".event").count()
    element.click()
    walk.page.wait_for_function("n => document.querySelectorAll('.event').length > n", arg=before)
    return False


# --- What leads elsewhere ---


def _link(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    """The browser asks for its address. The page is opened only to see what is marked there."""
    path = str(element.evaluate("e => e.pathname + e.search"))
    behind = walk.behind(path)
    assert behind.status == 200, f"it leads to {behind.status}"
    if behind.is_file:
        return _file(walk, control, element, look)
    assert behind.is_page, "it leads to something that is no page"
    is_choice = facts.CHOICES in control.within
    if urlsplit(path).path != control.at or not (is_choice or control.href.count("#")):
        asked = walk.stopped(element)
        assert asked.url.endswith(path), f"it leads to {asked.url}"
        return True
    with walk.page.expect_navigation(wait_until="domcontentloaded"):
        element.click()
    facts.assert_is_page(walk.page)
    if is_choice and not control.current:
        assert facts.is_current(walk.page, control), "it is not marked as the current one"
    return False


def _anchor(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    element.focus()  # the one that skips the frame is out of sight until then
    walk.page.keyboard.press("Enter")
    assert walk.page.locator(f"[id='{control.href[1:]}']").count() == 1, "it leads nowhere"
    assert walk.page.url.endswith(control.href)
    return False


def _file(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    with walk.page.expect_download() as download:
        element.click()
    assert download.value.path().stat().st_size
    return True


def _framed(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    with walk.page.expect_response(lambda r: urlsplit(r.url).path == control.target_path):
        element.click()
    return False


def _outside(walk: Walk, control: Control, element: ElementHandle, look: Look | None) -> bool:
    """Nobody goes there in a test."""
    assert control.href.startswith(("https://", "mailto:", "otpauth:", "http://testserver"))
    return True


BY_KIND: dict[str, Press] = {
    "anchor": _anchor,
    "choice": _choice,
    "close": _close,
    "copy": _copy,
    "example": _example,
    "file": _file,
    "framed": _framed,
    "link": _link,
    "menu": _menu,
    "older": _older,
    "outside": _outside,
    "palette": _palette,
    "panel": _panel,
    "plain": _plain,
    "popover": _popover,
    "submit": submit,
    "summary": _summary,
    "text": _text,
    "tick": _tick,
}
