"""The texts of the documentation: Markdown in docs/user, made into HTML once per process.

Raw HTML in them is shown as it is written. Links within the documentation are written
`docs:slug`, to other pages `site:path/`; words in braces, such as {PING_URL}, are filled in when
a page is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.utils.html import escape
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from hc import config

FOLDER = settings.BASE_DIR / "docs/user"
_ADDRESSES = re.compile(r"\{(PING_URL|PING_EMAIL|PING_KEY|SLUG|UUID)\}")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the second level with the words below it; the first has no anchor."""

    title: str
    anchor: str
    words: str


@dataclass(frozen=True, slots=True)
class Text:
    slug: str
    title: str
    html: str
    sections: tuple[Section, ...]

    @property
    def has_addresses(self) -> bool:
        """Whether the page shows addresses that could be the reader's own."""
        return _ADDRESSES.search(self.html) is not None


@cache
def pages() -> dict[str, Text]:
    """All pages that are made of texts, by their slugs."""
    sources = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.md"))}
    sources["self_hosted_configuration"] = _settings()
    return {slug: text(slug, source) for slug, source in sources.items()}


def _settings() -> str:
    """The page of all settings, made of the table from which they are read."""
    about = (
        "Settings are read from the environment, else from a file `.env` beside `manage.py`. "
        "A secret can be read from a file, too: `DB_PASSWORD_FILE=/run/secrets/db` for "
        "`DB_PASSWORD`. `./manage.py checkconfig` says what is wrong with those you have set."
    )
    parts = [
        "# All settings",
        about,
        "| Setting | Default | Meaning |\n|---|---|---|",
    ]
    found = re.findall(r"^# (.+)\n#([A-Z0-9_]+)=(.*)$", config.example(), re.MULTILINE)
    rows = (f"| `{name}` | {_code(value)} | {_cell(said)} |" for said, name, value in found)
    return "\n\n".join(parts) + "\n" + "\n".join(rows) + "\n"


def _code(value: str) -> str:
    return f"`{_cell(value)}`" if value else ""


def _cell(value: str) -> str:
    return value.replace("|", "\\|").replace("\n", " ")


def text(slug: str, source: str) -> Text:
    """A page; its source begins with its title as a heading of the first level."""
    markdown = MarkdownIt("commonmark", {"html": False}, renderer_cls=Renderer).enable("table")
    tokens = markdown.parse(source)
    title, body = tokens[1].content, tokens[3:]
    _name_headings(body)
    html = markdown.renderer.render(body, markdown.options, {})
    return Text(slug, title, html, tuple(_sections(title, body)))


def _name_headings(tokens: Sequence[Token]) -> None:
    used: set[str] = set()
    for token, content in pairwise(tokens):
        if token.type == "heading_open":
            anchor = slugify(content.content) or "part"
            while anchor in used:
                anchor += "-2"
            used.add(anchor)
            token.attrSet("id", anchor)


def _sections(title: str, tokens: Sequence[Token]) -> list[Section]:
    found: list[tuple[str, str, list[str]]] = [(title, "", [])]
    heading = ""
    for token in tokens:
        if token.type == "heading_open":
            heading = str(token.attrGet("id")) if token.tag == "h2" else ""
        elif token.type == "heading_close":
            heading = ""
        elif token.type in ("inline", "fence", "code_block"):
            if heading:
                found.append((_plain(token), heading, []))
            else:
                found[-1][2].append(_plain(token))
    return [Section(name, anchor, " ".join(words)) for name, anchor, words in found]


def _plain(token: Token) -> str:
    """The words of a piece of text, without its marks."""
    if token.children is None:
        return token.content
    parts = (" " if c.type.endswith("break") else c.content for c in token.children)
    return "".join(parts)


class Renderer(RendererHTML):
    """Headings that are links to themselves, code that can be copied, tables that scroll."""

    def heading_open(self, tokens: Sequence[Token], at: int, *_: Any) -> str:
        token = tokens[at]
        anchor = escape(str(token.attrGet("id")))
        return f'<{token.tag} id="{anchor}"><a class="docs-anchor" href="#{anchor}">'

    def heading_close(self, tokens: Sequence[Token], at: int, *_: Any) -> str:
        return f"</a></{tokens[at].tag}>\n"

    def fence(self, tokens: Sequence[Token], at: int, *_: Any) -> str:
        token = tokens[at]
        return (
            f'<div class="copyable copyable-block"><pre id="code-{at}" role="group" tabindex="0" '
            f'aria-label="{escape(_LANGUAGES.get(token.info, "Code"))}">'
            f"{escape(token.content.rstrip())}</pre>"
            f'<button class="button button-plain button-small" type="button" '
            f'data-copy-from="#code-{at}"><span data-label>Copy</span></button></div>\n'
        )

    def table_open(self, *_: Any) -> str:
        frame = '<div class="docs-table docs-grid" tabindex="0" role="group" aria-label="Table">'
        return f"{frame}<table>\n"

    def table_close(self, *_: Any) -> str:
        return "</table></div>\n"

    def link_open(self, tokens: Sequence[Token], at: int, *_: Any) -> str:
        href = str(tokens[at].attrGet("href"))
        if href.startswith("docs:"):
            slug, _mark, anchor = href.removeprefix("docs:").partition("#")
            href = f"{_root()}/docs/{slug}/" + (f"#{anchor}" if anchor else "")
        elif href.startswith("site:"):
            href = f"{_root()}/{href.removeprefix('site:')}"
        return f'<a href="{escape(href)}">'


def _root() -> str:
    """The path of the site, without a slash at its end."""
    return f"/{settings.URL_PREFIX}" if settings.URL_PREFIX else ""


_LANGUAGES = {
    "sh": "Command",
    "bat": "Command",
    "json": "JSON",
    "text": "Text",
    "ini": "Configuration",
    "yaml": "YAML",
}
