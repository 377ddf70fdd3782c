"""Rules of the house that no other tool looks after."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command

from hc import config

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(
    path
    for path in [*ROOT.glob("templates/**/*.html"), *ROOT.glob("hc/**/templates/**/*.html")]
    if not {"emails", "alert.html", "alert_many.html", "confirm.html"} & set(path.parts)
)
KINDS = "|".join(path.parent.name for path in ROOT.glob("hc/integrations/*/transport.py"))


def test_the_example_of_settings_is_complete() -> None:
    assert (ROOT / ".env.example").read_text() == config.example()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_pages_keep_to_the_content_policy(path: Path) -> None:
    """Nothing inline: the browser would refuse it."""
    inline = r"\sstyle=|<style|\son\w+=\"|<script(?![^>]*\bsrc=)"
    assert not re.findall(inline, path.read_text())


def test_attributes_of_htmx_are_data_attributes() -> None:
    """HTML knows no others; htmx knows both."""
    assert [str(path) for path in TEMPLATES if re.search(r"\shx-", path.read_text())] == []


def test_what_browser_tests_look_at_is_judged() -> None:
    """Their tabs come from the fixtures, which fail them for what is not valid."""
    tests = ROOT.glob("tests/e2e/test_*.py")
    assert [p.name for p in tests if re.search(r"import .*\btab\b|new_page\(", p.read_text())] == []


def test_every_style_sheet_is_part_of_the_page() -> None:
    base = (ROOT / "templates/base_bare.html").read_text()
    sheets = [path.relative_to(ROOT / "static") for path in ROOT.glob("static/css/**/*.css")]
    assert all(str(sheet) in base for sheet in sheets)


def test_every_script_is_loaded() -> None:
    """By main.js, by another script, or by a page that needs it alone."""
    scripts = list(ROOT.glob("static/js/*.js"))
    loaded = set(re.findall(r'"\./([\w-]+\.js)"', "".join(path.read_text() for path in scripts)))
    pages = "".join(path.read_text() for path in TEMPLATES)
    loaded |= set(re.findall(r'static "js/([\w-]+\.js)"', pages))
    assert {path.name for path in scripts} == loaded


def test_kinds_of_integrations_are_compared_in_their_own_folders_only() -> None:
    """What differs between kinds belongs into their manifests."""
    comparison = re.compile(rf"kind\s*[=!]=\s*[\"']({KINDS})[\"']")
    sources = [*ROOT.glob("hc/**/*.py"), *TEMPLATES]
    found = [
        str(path.relative_to(ROOT))
        for path in sources
        if "tests" not in path.parts
        and not re.search(rf"integrations/({KINDS})/", str(path))
        and comparison.search(path.read_text())
    ]
    assert found == []


def test_rows_that_others_write_are_not_saved_as_a_whole() -> None:
    """A bare save() writes all columns, also those that a ping has changed meanwhile."""
    found = [
        str(path.relative_to(ROOT))
        for path in ROOT.glob("hc/**/*.py")
        if "tests" not in path.parts and re.search(r"\.save\(\)", path.read_text())
    ]
    assert found == []


def test_sql_by_hand_leaves_out_removed_checks() -> None:
    """Else they would be found, and pinged, while they are hidden. The ORM does so by itself, and
    hc/api/fingerprint.py says why it does not."""
    reads = re.compile(r"\b(?:FROM|JOIN) api_check\b.{0,200}", re.DOTALL)
    found = [
        f"{path.relative_to(ROOT)}: {part}"
        for path in ROOT.glob("hc/**/*.py")
        if not {"tests", "migrations", "fingerprint.py"} & set(path.parts)
        for part in reads.findall(path.read_text())
        if "removed IS NULL" not in part
    ]
    assert found == []


def test_prepared_statements_have_names_of_their_own() -> None:
    """Else the second one on a connection is an error."""
    name = re.compile(r"\b(?:Statement|Question)\(\s*f?\"(hc_[^\"]+)\"")
    sources = [path for path in ROOT.glob("hc/**/*.py") if "tests" not in path.parts]
    names = Counter(found for path in sources for found in name.findall(path.read_text()))
    assert len(names) > 10
    assert set(names.values()) == {1}


def test_the_migrations_are_complete(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_documents_speak_of_what_is_there() -> None:
    """Every command and folder that the README names exists."""
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"make ([a-z]+)", readme))
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets <= known
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", readme):
        assert (ROOT / link).exists(), link
