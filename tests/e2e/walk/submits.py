"""Buttons that send a form: as it stands, and, where that is refused, with what is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pyotp
from playwright.sync_api import ElementHandle, Page, Response

from tests.e2e.walk import facts
from tests.e2e.walk.controls import Control, element_of
from tests.e2e.walk.samples import FIRST, REFUSED, SAMPLES, TELLS_NOTHING, Sample

if TYPE_CHECKING:
    from tests.e2e.walk.walker import Walk

_IS_COMPLETE = "e => e.formNoValidate || e.form.noValidate || e.form.checkValidity()"
_SWITCHED = "e => e.matches('.switch') ? e.ariaPressed : null"
_FIELD = """(e, name) => {
  const found = e.form.elements[name];
  return found instanceof RadioNodeList ? [...found].find((one) => one.type !== "hidden") : found;
}"""
_HAS_ANSWER = """() => window.walking === undefined
  || [...document.querySelectorAll("[data-error]")].some((one) => !one.hidden)"""
_IS_THERE = """() => window.walking === undefined
  || document.querySelector("#side [data-side-content]:not([aria-busy])")"""


# Answer with a page that has no address of its own.
GOES_ON = {"hc-account-keys", "hc-add-project-key", "hc-checks-bulk", "hc-recovery-codes", "hc-tv"}
_FETCHED = {"data-key-form", "data-ping-now", "data-try", "data-webauthn", "data-hx-post"}


def asks_by_script(control: Control) -> bool:
    """Whether a script sends the form, and shows the answer here."""
    return control.scripted and (bool(_FETCHED & control.form) or "#side" in control.within)


def submit(
    walk: Walk, control: Control, element: ElementHandle, look: Callable[..., None] | None
) -> bool:
    """What is refused says why beside the field; what is taken does something that is seen."""
    sample = sample_for(walk, control)
    if look is None:
        _fill(element, sample or {})
        _send(walk, control, element)
        return False
    if walk.is_phone and not asks_by_script(control) and control.route not in GOES_ON:
        return _is_sent(walk, control, element)
    wrong = _sent(walk, control, element)
    if wrong and (control.route, control.words) in REFUSED:
        return False
    if wrong or sample:
        assert sample, f"there is no sample for {(control.route, control.words)}: {wrong}"
        walk.judge(control)
        walk.again(control)
        element = element_of(walk.page, control)
        _fill(element, sample_for(walk, control) or {})
        wrong = _sent(walk, control, element)
        assert not wrong, f"refused: {wrong}"
    _look_around(walk, control, look)
    return False


def _is_sent(walk: Walk, control: Control, element: ElementHandle) -> bool:
    """What comes of it does not depend on the width, so on a phone it is enough that it is sent."""
    if element.evaluate(_IS_COMPLETE):
        asked = walk.stopped(element)
        assert asked.method == control.method.upper()
        assert urlsplit(asked.url).path == control.target_path
    else:
        element.click(trial=True)
    return not walk.scripted  # which does not send it twice


def sample_for(walk: Walk, control: Control) -> Sample | None:
    if control.words == "Set up the app":  # by the secret that the page shows
        secret = walk.page.locator("#totp-secret").inner_text()
        return {"code": pyotp.TOTP(secret.replace(" ", "")).now()}
    if control.words == "Close my account":
        return {"confirmation": walk.address}
    return SAMPLES.get((control.route, control.words))


def _look_around(walk: Walk, control: Control, look: Callable[..., None]) -> None:
    """What has appeared on this page; on another one, the way back that a message offers."""
    if facts.path_of(walk.page) in (control.at, control.target_path):
        look()
    else:
        look(lambda one: ".toasts" in one.within)


def _sent(walk: Walk, control: Control, element: ElementHandle) -> list[str]:
    """What is wrong with the form, if it is refused."""
    before = facts.picture(walk.page)
    is_complete = element.evaluate(_IS_COMPLETE)
    state = element.evaluate(_SWITCHED)
    _send(walk, control, element)
    if not is_complete:
        place = "e => e.matches(':invalid') || e.querySelector(':focus:invalid')"
        assert walk.page.eval_on_selector("body", place), "it does not say what is missing"
        return ["a field is required"]
    facts.assert_is_page(walk.page)
    wrong = facts.errors(walk.page)
    if wrong or control.method == "get":
        return wrong
    if state:
        now = element_of(walk.page, control)
        assert now.evaluate(_SWITCHED) != state, "it does not switch"
    if control.words not in TELLS_NOTHING:
        assert facts.picture(walk.page) != before, "nothing is seen"
        assert _has_changed(walk), "nothing is changed, and nothing is said"
    return []


def _has_changed(walk: Walk) -> bool:
    """Something that is stored, or who is signed in; or the page says why not."""
    has_left = walk.page.context.cookies() != walk.cookies
    return has_left or bool(walk.effects() or facts.messages(walk.page))


def _fill(element: ElementHandle, sample: dict[str, str]) -> None:
    for name, value in sample.items():
        field = element.evaluate_handle(_FIELD, name).as_element()
        assert field, f"there is no field {name}"
        if field.get_attribute("type") in ("checkbox", "radio"):
            field.check()
        elif field.evaluate("e => e.localName") == "select":
            first = field.evaluate("e => [...e.options].find((one) => one.value).value")
            field.select_option(first if value == FIRST else value)
        else:
            field.fill(value)


def _send(walk: Walk, control: Control, element: ElementHandle) -> None:
    """Press it, and wait for whatever answers: the next page, or a script that has asked."""
    page = walk.page
    if not element.evaluate(_IS_COMPLETE):
        element.click()
    elif not walk.scripted:
        _go(page, element)
    elif {"data-webauthn", "data-key-form", "data-try"} & control.form:
        _by_script(page, control, element)
    elif "data-ping-now" in control.form or "data-hx-post" in control.form:
        with page.expect_response(lambda r: _is_post_to(r, control.target_path)):
            element.click()
        page.wait_for_function("() => !document.body.innerText.includes('Pinging …')")
        facts.settle(page)
    elif "#side" in control.within:
        page.evaluate("window.walking = true")
        with page.expect_response(lambda r: _is_post_to(r, control.target_path)):
            element.click()
        page.wait_for_function(_IS_THERE)
        page.wait_for_load_state("domcontentloaded")
    else:
        _go(page, element)


def _go(page: Page, element: ElementHandle) -> None:
    with page.expect_navigation(wait_until="domcontentloaded"):
        element.click()


def _by_script(page: Page, control: Control, element: ElementHandle) -> None:
    page.evaluate("window.walking = true")
    element.click()
    if "data-webauthn" in control.form:
        page.wait_for_function(_HAS_ANSWER)
        page.wait_for_load_state("domcontentloaded")
    elif "data-try" in control.form:
        page.wait_for_selector("[data-answer]:not([hidden])")


def _is_post_to(response: Response, path: str) -> bool:
    return response.request.method == "POST" and urlsplit(response.url).path == path
