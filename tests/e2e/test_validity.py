"""What the browser suite demands of every page, and that it notices when a page falls short."""

from __future__ import annotations

import pytest

from hc.accounts.models import User
from tests.browser import OpenTab
from tests.validity import Judge, Seen

PAGE = (
    '<!doctype html><html lang="en"><head><title>A page</title></head>'
    "<body><main><h1>A page</h1>{}</main></body></html>"
)


@pytest.mark.parametrize(
    ("markup", "rule"),
    [
        ('<p id="one">1</p><p id="one">2</p>', "no-dup-id"),
        ("<p>1<div>2</div></p>", "close-order"),
        ("<ul><li>1</ul></li>", "close-order"),
        ("<b>1", "close-order"),
        ("<ul><div>1</div></ul>", "element-permitted-content"),
        ('<label for="nothing">1</label>', "no-missing-references"),
        ("<hc-else>1</hc-else>", "no-unknown-elements"),
        ('<time datetime="2026-06-15T12:00:00.123456+00:00">1</time>', "attribute-allowed-values"),
        ('<pre tabindex="0" aria-label="Command">1</pre>', "attribute-misuse"),
    ],
)
@pytest.mark.parametrize("kind", ["document", "state"])
def test_what_is_not_valid_is_found(judge: Judge, kind: str, markup: str, rule: str) -> None:
    seen = Seen()
    seen.add(kind, "/somewhere/", PAGE.format("<p>1</p>"))
    assert judge.findings(seen.take()) == []
    seen.add(kind, "/somewhere/", PAGE.format(markup))
    found = judge.findings(seen.take())
    assert any(one.startswith(f"{kind}, /somewhere/: {rule}: ") for one in found), found


def test_codes_that_are_the_same_stay_the_same(judge: Judge) -> None:
    """Pages that differ in codes are judged once; whether a code is there twice makes a
    difference."""
    one, two = "7e5f6ab8-1d5c-4a5e-9a5b-0d8f0d3a6c11", "0b3c0a9e-55f2-4be8-8d6e-2d1f1a7f9e22"
    seen = Seen()
    seen.add("fragment", "/", f'<p id="a{one}">1</p><p id="a{two}">2</p>')
    seen.add("fragment", "/", f'<p id="a{two}">1</p><p id="a{one}">2</p>')
    seen.add("fragment", "/", f'<p id="a{one}">1</p><p id="a{one}">2</p>')
    apart, twice = seen.take()
    assert judge.findings([apart]) == []
    assert "no-dup-id" in judge.findings([twice])[0]


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("document.querySelector('h1').title = 'x'", ""),
        ("document.querySelector('h1').id = 'main'", 'no-dup-id: Duplicate ID "main"'),
        ("document.querySelector('h1').setAttribute('style', 'color: red')", "policy: style-src"),
        ("fetch('https://example.org/').catch(() => 0)", "policy: connect-src"),
        ("console.warn('odd')", "warning: odd"),
        ("setTimeout(() => nothing.here)", "script: "),
    ],
)
def test_a_tab_fails_the_test_that_opened_it(
    open_tab: OpenTab, alice: User, script: str, complaint: str
) -> None:
    def use() -> None:
        with open_tab() as opened:
            opened.page.goto("/accounts/login/")
            opened.page.evaluate(script)
            opened.page.wait_for_timeout(200)

    if not complaint:
        use()
        return
    with pytest.raises(pytest.fail.Exception, match=complaint):
        use()
