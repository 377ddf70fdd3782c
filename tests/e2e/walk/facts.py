"""What can be seen of a page after something was pressed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ElementHandle, Page

from tests.browser import Tab
from tests.e2e.walk.controls import Control, controls_of, find

CHOICES = ".chips, .segments, .tabs, .side-nav"
HX = "[data-hx-get], [data-hx-post]"
_ERRORS = ":is(main, dialog) :is(.errors, .form-errors, [role=alert])"
_PICTURE = """() => [
  location.href,
  document.activeElement.outerHTML.slice(0, 200),
  document.documentElement.dataset.printed,
  document.body.innerText.replaceAll(/\\d+ (s|min|h|days?)\\b/g, ""),
  ...[...document.querySelectorAll("input, select, textarea")].map((e) => `${e.value}${e.checked}`),
  ...[...document.querySelectorAll("details, dialog")].map((e) => e.open),
]"""
_CHOSEN = """e => {
  const { name, form } = e.control || e;
  const found = [...document.querySelectorAll("input:checked")].find(
    (one) => one.name === name && one.form === form,
  );
  return found && (getComputedStyle(found).opacity === "0" ? found.labels[0] : found);
}"""


def picture(page: Page) -> Any:
    """Differs if anything that a person notices is different; ages do not count."""
    return page.evaluate(_PICTURE)


def errors(page: Page) -> list[str]:
    """What the page says is wrong."""
    found = page.locator(_ERRORS)
    texts = [one.inner_text().strip() for one in found.all() if one.is_visible()]
    return [text for text in texts if text]


def messages(page: Page) -> list[str]:
    """What the page says was done."""
    return page.locator(".toast, main [role=status]").all_inner_texts()


def assert_is_page(page: Page) -> None:
    assert page.locator("main").count() == 1, f"{page.url} has no main part"
    assert page.locator("h1").count() == 1, f"{page.url} has no heading"


@dataclass(frozen=True)
class Behind:
    """What is at an address."""

    status: int
    is_page: bool
    is_file: bool

    @classmethod
    def of(cls, answer: Any) -> Behind:
        content = b"" if answer.streaming else answer.content
        is_page = content.count(b"<main") == 1 and content.count(b"<h1") == 1
        is_file = "attachment" in answer.headers.get("Content-Disposition", "")
        return cls(answer.status_code, is_page, is_file)


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))


def has_focus(page: Page, control: Control) -> bool:
    """Whether the control has the focus; if it is in a menu that has closed, the menu's button."""
    element = find(page, control)
    if element is None:
        return bool(page.evaluate("() => document.activeElement.matches('[popovertarget]')"))
    return bool(element.evaluate("e => e === document.activeElement"))


def chosen(radio: ElementHandle) -> ElementHandle | None:
    """What has to be pressed to choose again what is chosen among the choices of this one."""
    return radio.evaluate_handle(_CHOSEN).as_element()


def is_current(page: Page, control: Control) -> bool:
    """Whether a link of this name is marked as where one is."""
    now = controls_of(page, scripted=control.scripted)
    return any(one.current for one in now if one.name == control.name)


def complaints(tab: Tab) -> list[str]:
    """What the browser complains about, but for what is told by the answers themselves, and for
    mails, which may neither run scripts nor load pictures."""
    expected = ("Failed to load resource", "sandboxed", "http://pictures.example/")
    return [one for one in tab.complaints if not any(words in one for words in expected)]


def is_filter(control: Control) -> bool:
    """A search field that a script answers at once, without leaving the page."""
    return control.scripted and bool({"[data-search]", "[data-filters]"} & control.within)


def is_live(control: Control) -> bool:
    """Whether the server is asked while one types."""
    asks = HX in control.within or "[data-search]" in control.within or control.place == "#palette"
    return control.scripted and asks


@contextmanager
def answered(page: Page, control: Control) -> Iterator[None]:
    """Something is done to a control; if the server is asked by it, its answer is awaited."""
    if not is_live(control):
        yield
        return
    with page.expect_response(lambda response: response.request.resource_type in ("fetch", "xhr")):
        yield
    settle(page)


def settle(page: Page) -> None:
    """Wait until the answer stands in the page."""
    page.wait_for_function(
        "() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')"
    )


def path_of(page: Page) -> str:
    return urlsplit(page.url).path
