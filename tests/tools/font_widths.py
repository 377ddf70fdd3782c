"""Makes hc/core/font_widths.py from a font file: how wide its characters are.

Run in an environment of its own, which has fonttools:

    python tests/tools/font_widths.py DejaVuSans.ttf > hc/core/font_widths.py

DejaVu Sans (package fonts-dejavu-core) has the widths of Verdana.
"""

from __future__ import annotations

import sys
import unicodedata

# Not among the requirements: what the service runs with does not include it.
from fontTools.ttLib import TTFont  # type: ignore[import-not-found]

BLOCKS = (
    range(0x20, 0x7F),  # ASCII
    range(0xA0, 0x180),  # Latin-1, Latin Extended-A
    range(0x370, 0x400),  # Greek
    range(0x400, 0x500),  # Cyrillic
    range(0x2010, 0x2028),  # punctuation
    range(0x2030, 0x205F),
    range(0x20A0, 0x20C0),  # currencies
    range(0x2190, 0x219A),  # arrows
    (0x2116, 0x2122, 0x2212, 0x2248, 0x2260, 0x2264, 0x2265, 0x25CF, 0x2713, 0x2714, 0x2717),
)
HEAD = '''"""How wide characters are: the advance widths of DejaVu Sans, which are those of Verdana.

Made by tests/tools/font_widths.py. A letter with an accent stands here only if it is not as wide
as the letter without.
"""

from __future__ import annotations

EM = 100
# By hundredths of the font size.
CHARACTERS = {
'''


def widths(path: str) -> dict[str, int]:
    """Hundredths of an em by character; only what cannot be told from another character."""
    font = TTFont(path)
    names, advances = font.getBestCmap(), font["hmtx"].metrics
    em = font["head"].unitsPerEm
    known = [chr(code) for block in BLOCKS for code in block if code in names]
    wanted = [c for c in known if unicodedata.category(c) not in ("Mn", "Me", "Cf")]
    measured = {c: round(advances[names[ord(c)]][0] * 100 / em) for c in wanted}
    return {c: width for c, width in measured.items() if not _as_base(c, measured)}


def _as_base(char: str, measured: dict[str, int]) -> bool:
    base = unicodedata.normalize("NFD", char)[0]
    return base != char and measured.get(base) == measured[char]


def main() -> None:
    by_width: dict[int, str] = {}
    for char, width in widths(sys.argv[1]).items():
        by_width[width] = by_width.get(width, "") + char
    lines = [f"    {width}: {_quoted(by_width[width])}," for width in sorted(by_width)]
    sys.stdout.write(HEAD + "\n".join(lines) + "\n}\n")


def _quoted(text: str) -> str:
    """As a literal, in which unusual blanks can be seen."""
    mark = "'" if '"' in text else '"'
    return mark + "".join(_literal(c) for c in text) + mark


def _literal(char: str) -> str:
    if char == "\\":
        return "\\\\"
    unseen = char != " " and unicodedata.category(char)[0] in "ZC"
    return f"\\u{ord(char):04x}" if unseen else char


if __name__ == "__main__":
    main()
