"""Draws the icons for installing the site from our own SVG, in Chromium.

    .venv/bin/python -m tests.tools.icons

Writes static/img/icon-*.png and favicon.ico; they are checked in.
"""

from __future__ import annotations

import struct
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser import chromium

IMAGES = Path(__file__).parents[2] / "static/img"
MARK = (IMAGES / "favicon.svg").read_text()
# Systems cut such an icon to a shape of theirs: the colour reaches the edge, the mark stays inside.
FULL = MARK.replace(' rx="8"', "").replace("<path", '<path transform="translate(4 4) scale(.75)"')


def main() -> None:
    with chromium() as browser:
        for name, svg, size in (
            ("icon-192", MARK, 192),
            ("icon-512", MARK, 512),
            ("icon-maskable-512", FULL, 512),
            ("icon-apple-180", FULL, 180),
        ):
            (IMAGES / f"{name}.png").write_bytes(drawn(browser, svg, size))
        (IMAGES / "favicon.ico").write_bytes(ico(drawn(browser, MARK, 32), 32))


def drawn(browser: Browser, svg: str, size: int) -> bytes:
    page = browser.new_page(viewport={"width": size, "height": size})
    image = svg.replace("<svg ", f'<svg width="{size}" height="{size}" style="display:block" ', 1)
    page.set_content(f'<body style="margin:0">{image}')
    picture = page.screenshot(omit_background=True)
    page.close()
    return picture


def ico(png: bytes, size: int) -> bytes:
    """A file of one picture: a directory of one entry, then the PNG as it is."""
    header = struct.pack("<HHH", 0, 1, 1)
    entry = struct.pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(png), len(header) + 16)
    return header + entry + png


if __name__ == "__main__":
    main()
