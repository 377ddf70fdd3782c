"""Badges: a word for how a number of checks is, and the picture that shows it.

The picture is our own: two cells without gradient or shadow, in colours on which white text has a
contrast of 4.5:1 or more (WCAG 2.1, 1.4.3), with nothing in it that a strict content policy of
the page around it would refuse.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from math import ceil

from hc.core.font_widths import CHARACTERS, EM

MAX_LABEL = 240  # pixels; a line of a README holds three badges of this width


class Word(StrEnum):
    """What a badge says."""

    UP = "up"
    LATE = "late"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many checks there are, and how many of them are late (in grace time) and down."""

    total: int = 0
    grace: int = 0
    down: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.total + other.total, self.grace + other.grace, self.down + other.down)

    def word(self, *, three_state: bool) -> Word:
        """The worst of them. Source: http-api 4.2; new and paused checks count as up."""
        if self.down:
            return Word.DOWN
        return Word.LATE if three_state and self.grace else Word.UP


def svg(label: str, word: Word) -> str:
    """The picture, 20 pixels high; a long label is cut, and stands in its title in full."""
    label = _printable(label)
    shown = _shortened(label)
    left, right = _width(shown), _width(word)
    split = ceil(left) + 2 * _PADDING
    return _SVG.format(
        name=escape(f"{label}: {word}"),
        label=escape(shown),
        label_width=round(left, 1),
        label_edge=split - _RADIUS,
        word=word,
        word_width=round(right, 1),
        word_start=split + _PADDING,
        word_edge=ceil(right) + 2 * _PADDING - _RADIUS,
        split=split,
        width=split + ceil(right) + 2 * _PADDING,
        colour=_COLOURS[word],
    )


_COLOURS = {Word.UP: "#1a7f37", Word.LATE: "#b85a00", Word.DOWN: "#cf222e"}
_FONT_SIZE = 11
_PADDING = 6
_RADIUS = 3
# `textLength` makes other fonts fit the cells, too. No ids, so that many fit into one page.
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img"'
    ' aria-label="{name}"><title>{name}</title>'
    '<path fill="#555" d="M3 0h{label_edge}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z"/>'
    '<path fill="{colour}" d="M{split} 0h{word_edge}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{split}z"/>'
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">'
    '<text x="6" y="14" textLength="{label_width}" lengthAdjust="spacingAndGlyphs">{label}</text>'
    '<text x="{word_start}" y="14" textLength="{word_width}" lengthAdjust="spacingAndGlyphs">'
    "{word}</text></g></svg>\n"
)

# Everything but the characters that XML 1.0 allows (production 2 of its grammar).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _printable(text: str) -> str:
    """`text` on one line, without what no XML document may hold."""
    return " ".join(_FORBIDDEN.sub("\ufffd", text).split())


def _shortened(text: str) -> str:
    """As much of `text` as fits, with an ellipsis if that is not all."""
    if _width(text) <= MAX_LABEL:
        return text
    room = MAX_LABEL - _width("…")
    used = 0.0
    for position, char in enumerate(text):
        used += _width(char)
        if used > room:
            return text[:position].rstrip(" \u200d") + "…"
    return text


def _width(text: str) -> float:
    """The width of `text` in pixels."""
    return sum(map(_hundredths, text)) * _FONT_SIZE / EM


_BY_CHARACTER = {char: width for width, chars in CHARACTERS.items() for char in chars}
_USUAL, _WIDE, _EMOJI = 60, 100, 125


def _hundredths(char: str) -> int:
    """The width of a character in hundredths of the font size."""
    category = unicodedata.category(char)
    if category in ("Mn", "Me", "Cf"):
        return 0
    base = unicodedata.normalize("NFD", char)[0]
    for known in (char, base):
        if known in _BY_CHARACTER:
            return _BY_CHARACTER[known]
    if unicodedata.east_asian_width(char) in "WF":
        return _EMOJI if category == "So" else _WIDE
    return _USUAL
