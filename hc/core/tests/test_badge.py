from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hc.core.badge import MAX_LABEL, Counts, Word, svg

SVG = "{http://www.w3.org/2000/svg}"


def parsed(label: str, word: Word = Word.UP) -> ET.Element:
    return ET.fromstring(svg(label, word))  # noqa: S314 - our own


def texts(picture: ET.Element) -> list[str]:
    return [element.text or "" for element in picture.iter(f"{SVG}text")]


def width(label: str) -> int:
    return int(parsed(label).get("width", ""))


@pytest.mark.parametrize(
    ("counts", "two_state", "three_state"),
    [
        (Counts(), "up", "up"),
        (Counts(total=3), "up", "up"),
        (Counts(total=3, grace=1), "up", "late"),
        (Counts(total=3, down=1), "down", "down"),
        (Counts(total=3, grace=1, down=1), "down", "down"),
    ],
)
def test_the_worst_check_decides(counts: Counts, two_state: str, three_state: str) -> None:
    assert counts.word(three_state=False) == two_state
    assert counts.word(three_state=True) == three_state


def test_counts_add_up() -> None:
    assert Counts(3, 2, 1) + Counts(10, 0, 5) == Counts(13, 2, 6)


@given(st.text(st.characters(codec=None)), st.sampled_from(Word))
def test_any_label_makes_a_well_formed_picture(label: str, word: Word) -> None:
    picture = parsed(label, word)
    assert picture.get("aria-label", "").endswith(f": {word}")
    assert picture.findtext(f"{SVG}title") == picture.get("aria-label")
    assert texts(picture)[1] == word
    assert picture.get("height") == "20"
    assert int(picture.get("width", "")) <= MAX_LABEL + 70


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=15))
def test_short_labels_stand_there_as_they_are(label: str) -> None:
    assert texts(parsed(label)) == [label, "up"]


def test_a_picture_speaks_and_names_its_colour() -> None:
    picture = parsed("db & <co>", Word.DOWN)
    assert picture.get("role") == "img"
    assert picture.get("aria-label") == "db & <co>: down"
    assert texts(picture) == ["db & <co>", "down"]


def test_a_long_label_is_cut_and_told_in_full_by_the_title() -> None:
    label = "The nightly backup of all databases in all data centers of the company"
    picture = parsed(label)
    shown = texts(picture)[0]
    assert shown.endswith("…")
    assert label.startswith(shown[:-1])
    assert len(shown) > 30
    assert picture.findtext(f"{SVG}title") == f"{label}: up"
    assert texts(parsed("a " * 100))[0].endswith("a…")


def test_what_xml_may_not_hold_is_replaced() -> None:
    assert texts(parsed("a\x00\x1b\ud800\uffffb\n\tc"))[0] == "a����b c"


def test_cells_are_as_wide_as_their_texts() -> None:
    assert width("foo") == 56
    assert width("iiii") < width("aaaa") < width("WWWW")
    assert width("áéíóú") == width("aeiou") == width("áéíóú")  # also when decomposed
    assert width("Резерв") > width("foo")
    assert width("数据") - width("") == 22
    assert width("😀") > width("数")
    assert width("\u0905") > width("")  # a script whose widths we do not know


@pytest.mark.parametrize("word", list(Word))
def test_the_words_can_be_read(word: Word) -> None:
    """White text on the colours of both cells. Source: WCAG 2.1, 1.4.3."""
    colours = re.findall(r'<path fill="(#\w+)"', svg("x", word))
    assert len(set(colours)) == 2
    for colour in colours:
        assert 1.05 / (_luminance(colour) + 0.05) >= 4.5


def test_each_word_has_its_colour() -> None:
    assert len({re.findall(r'fill="(#\w+)"', svg("x", word))[1] for word in Word}) == 3


def test_a_strict_policy_refuses_nothing_of_it() -> None:
    assert not re.search(r"style|script|href|url\(|\bid=|\bon\w+=", svg("x", Word.UP))


def _luminance(colour: str) -> float:
    """Relative luminance. Source: WCAG 2.1, definitions."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
