"""The style sheets are valid, and the one file that is sent means what they mean."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from pytest_django import Settings

from tests.browser import OpenTab
from tests.validity import FOLDER, node_with

ROOT = Path(__file__).parents[2]
SHEETS = sorted(ROOT.glob("static/css/**/*.css"))
# The rules, as the browser understands them; it keeps the blanks of custom properties.
RULES = """text => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  const flat = (rules) => [...rules].flatMap((rule) =>
    rule.selectorText || !rule.cssRules?.length ? [rule.cssText] : flat(rule.cssRules));
  return flat(sheet.cssRules).map((text) => text.replace(/,\\s+/g, ","));
}"""


@pytest.fixture
def emitted(settings: Settings, tmp_path: Path) -> Path:
    """What is sent: all style sheets in one file, without blanks."""
    settings.COMPRESS_ENABLED = True
    html = render_to_string("base_bare.html")
    names = re.findall(r'href="/static/(CACHE/css/[^"]+)"', html)
    assert len(names) == 1
    target = tmp_path / "emitted.css"
    target.write_text(Path(settings.COMPRESS_ROOT, names[0]).read_text())
    return target


def complaints(paths: list[Path]) -> list[str]:
    """What stylelint finds."""
    done = subprocess.run(
        [
            *node_with("stylelint"),
            FOLDER / "node_modules/stylelint/bin/stylelint.mjs",
            "--config",
            FOLDER / "stylelint.config.mjs",
            "--formatter",
            "json",
            *paths,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    # The report is on stderr.
    results: list[dict[str, Any]] = json.loads(done.stderr)
    assert len(results) == len(paths)
    return [
        f"{Path(result['source']).name}:{one['line']}:{one['column']}: {one['text']}"
        for result in results
        for one in [*result["warnings"], *result["parseErrors"]]
    ]


def test_the_style_sheets_are_valid() -> None:
    assert complaints(SHEETS) == []


def test_what_is_sent_is_valid(emitted: Path) -> None:
    assert complaints([emitted]) == []


@pytest.mark.usefixtures("transactional_db")
def test_what_is_sent_means_what_is_written(open_tab: OpenTab, emitted: Path) -> None:
    """Taking blanks out must not change a selector."""
    base = (ROOT / "templates/base_bare.html").read_text()
    written = [ROOT / "static" / name for name in re.findall(r'static "(css/[^"]+)"', base)]
    with open_tab() as opened:
        page = opened.page
        rules = [rule for path in written for rule in page.evaluate(RULES, path.read_text())]
        assert page.evaluate(RULES, emitted.read_text()) == rules


@pytest.mark.parametrize(
    ("style", "rule"),
    [
        ("a { colour: red }", "property-no-unknown"),
        ("a { color: rebeccapurpel }", "declaration-property-value-no-unknown"),
        ("a { color: #ggg }", "color-no-invalid-hex"),
        ("a { width: 3pixels }", "unit-no-unknown"),
        ("a { color: red", "CssSyntaxError"),
        ("a:hovered { color: red }", "selector-pseudo-class-no-unknown"),
        ("a { color: var(--nothing) }", "no-unknown-custom-properties"),
        ("@media (min-widht: 3px) { a { color: red } }", "media-feature-name-no-unknown"),
    ],
)
def test_what_is_not_valid_is_found(tmp_path: Path, style: str, rule: str) -> None:
    sheet = tmp_path / "emitted.css"
    sheet.write_text(style)
    assert any(rule in one for one in complaints([sheet]))
