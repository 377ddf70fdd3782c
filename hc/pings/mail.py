"""A mail as a ping: which check it is for, and the text in which keywords are looked for.

Pure functions. Whatever the bytes are, nothing here raises, and the work grows with their number
and no faster. That is why mails are taken apart here and not by the standard library's parser,
which on hostile ones recurses without end or takes hours. Source: http-api 2 of the specification.
"""

from __future__ import annotations

import re
from binascii import Error as BadBase64
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterator
from dataclasses import dataclass
from encodings import aliases, normalize_encoding
from html import unescape
from io import StringIO
from itertools import groupby, islice
from string import ascii_letters
from urllib.parse import unquote
from uuid import UUID

from hc.pings.event import MailText, SlugAddress

MAX_PARTS = 1000
MAX_DEPTH = 20
# Bytes of a header that are looked at.
SUBJECT_BYTES = 100_000
FIELD_BYTES = 4_000

# --- Recipients -----------------------------------------------------------------------------------

_HEX = "[0-9a-f]"
_UUID = re.compile(rf"{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}", re.IGNORECASE | re.ASCII)
_KEY_AND_SLUG = re.compile(r"([A-Za-z0-9_-]{1,128})\+([a-z0-9_-]+)")


def mailbox(address: str, domain: str) -> str | None:
    """What stands before the @ of an address in `domain`; None for one elsewhere."""
    local, _, host = address.rpartition("@")
    return local if host.lower() == domain.lower() else None


def target_of(mailbox: str) -> UUID | SlugAddress | None:
    """The check that a mailbox belongs to; None if no check can have it."""
    if _UUID.fullmatch(mailbox):
        return UUID(mailbox)
    match = _KEY_AND_SLUG.fullmatch(mailbox)
    return SlugAddress(match[1], match[2]) if match else None


# --- Text -----------------------------------------------------------------------------------------


def text_of(raw: bytes) -> MailText:
    """The subject, and the text of the body: the plain part, then the HTML part as text.

    Attachments and mails within the mail are no body.
    """
    root = _part(raw, 0, len(raw))
    found: dict[str, str] = {}
    for part in islice(_walk(raw, root, MAX_DEPTH), MAX_PARTS):
        if part.type in ("text/plain", "text/html") and part.type not in found:
            found[part.type] = _decoded(_payload(raw, part), part.parameters.get("charset", ""))
        if len(found) == 2:
            break
    if "text/html" in found:
        found["text/html"] = text_of_html(found["text/html"])
    chunks = [found[name] for name in ("text/plain", "text/html") if name in found]
    return MailText(_subject(root), "\n".join(chunks))


# A tag ends at the first ">" that is not in a quoted value, or with the text.
_TAG_END = r"""(?>=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))|[^>])*+(?:>|\Z)"""
_TOKEN = re.compile(
    rf"<!--(?:-?>|.*?(?:--!?>|\Z))"
    rf"|<(script|style)(?=[\s/>]){_TAG_END}.*?(?:</\1(?=[\s/>]){_TAG_END}|\Z)"
    rf"|<[a-z/!?]{_TAG_END}"
    r"|(?P<reference>&[^\s<&;]{1,32};?)"
    r"|(?P<space>[^\S ]\s*+| \s++)",
    re.DOTALL | re.IGNORECASE,
)


def text_of_html(html: str) -> str:
    """What is left without tags, comments, scripts and styles, with single spaces."""
    text = StringIO()
    is_after_space = True
    for piece in _pieces(html):
        new = piece[1:] if is_after_space and piece[0] == " " else piece
        if new:
            text.write(new)
            is_after_space = new[-1] == " "
    return text.getvalue()


def _pieces(html: str) -> Iterator[str]:
    """The text between the tags; it may begin and end with one space.

    Piece by piece, so that other threads have their turns and memory does not hold all of them.
    """
    at = 0
    for token in _TOKEN.finditer(html):
        if at < token.start():
            yield html[at : token.start()]
        at = token.end()
        if token.lastgroup == "space":
            yield " "
        elif token.lastgroup == "reference":
            character = unescape(token[0])
            if character:
                yield " " if character.isspace() else character
    if at < len(html):
        yield html[at:]


# --- Parts ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a mail. Its content is from `start` to `end`; names are in lower case."""

    start: int
    end: int
    fields: dict[bytes, bytes]
    type: str
    parameters: dict[str, str]

    @property
    def is_attachment(self) -> bool:
        return self.word(b"content-disposition") == "attachment"

    def word(self, field: bytes) -> str:
        """The first word of a header field."""
        value = self.fields.get(field, b"")[:FIELD_BYTES].decode("latin-1")
        return value.partition(";")[0].strip().lower()


# As the standard library has it: what does not look like a header begins the body.
_HEADERS = re.compile(rb"(?:From [^\n]*(?:\n|\Z))?(?:(?:[!-9;-~]*:|[ \t])[^\n]*(?:\n|\Z))*+")
_FIELD = re.compile(
    rb"^(subject|content-(?:type|transfer-encoding|disposition)):([^\n]*(?:\n[ \t][^\n]*)*+)",
    re.IGNORECASE | re.MULTILINE,
)
_FOLD = re.compile(rb"\r?\n")
_TYPE = re.compile(r"\s*([^\s/;]+/[^\s/;]+)\s*(?:;|$)")
_PARAMETER = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?|([^\s;"]*+))')


def _part(raw: bytes, start: int, end: int, default: str = "text/plain") -> _Part:
    """The part whose headers begin at `start`."""
    headers = _HEADERS.match(raw, start, end)
    begin = headers.end() if headers else start
    fields: dict[bytes, bytes] = {}
    for name, value in (field.groups() for field in _FIELD.finditer(raw, start, begin)):
        fields.setdefault(name.lower(), value)
    if blank := _FOLD.match(raw, begin, end):
        begin = blank.end()
    content = _unfolded(fields.get(b"content-type", b"")[:FIELD_BYTES]).decode("latin-1")
    given = _TYPE.match(content)
    kind = given[1].lower() if given else "text/plain" if content.strip() else default
    parameters: dict[str, str] = {}
    for name, quoted, bare in _PARAMETER.findall(content):
        parameters.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or bare)
    return _Part(begin, end, fields, kind, parameters)


def _walk(raw: bytes, part: _Part, depth: int) -> Iterator[_Part]:
    """A part and those in it, in their order, without attachments."""
    if part.is_attachment:
        return
    yield part
    if not part.type.startswith("multipart/") or not depth:
        return
    default = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
    children = _children(raw, part)
    # The others are what the first one refers to: images for instance.
    for start, end in islice(children, 1) if part.type == "multipart/related" else children:
        yield from _walk(raw, _part(raw, start, end, default), depth - 1)


def _children(raw: bytes, part: _Part) -> Iterator[tuple[int, int]]:
    """Where the parts of a multipart are. The last one may lack its end."""
    boundary = part.parameters.get("boundary", "").rstrip().encode("latin-1")
    if not boundary:
        return
    delimiter = re.compile(rb"\n--" + re.escape(boundary) + rb"(--)?[ \t]*+\r?(?=\n|\Z)")
    start = None
    for match in delimiter.finditer(raw, max(part.start - 1, 0), part.end):
        if start is not None:
            before = match.start()
            end = before - 1 if raw[before - 1 : before] == b"\r" else before
            yield start, max(start, end)
        if match[1]:
            return
        start = min(match.end() + 1, part.end)
    if start is not None:
        yield start, part.end


# --- As people read it ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail taken apart for reading; empty texts for what it lacks. `html` is as it came."""

    subject: str
    sender: str
    to: str
    date: str
    text: str
    html: str
    attachments: tuple[Attachment, ...]


def letter_of(raw: bytes) -> Letter:
    """The mail as people read it: its heading, its text in both forms, what is attached."""
    root = _part(raw, 0, len(raw))
    texts: dict[str, str] = {}
    attachments: list[Attachment] = []
    for part in islice(_all_parts(raw, root, MAX_DEPTH), MAX_PARTS):
        is_text = part.type in ("text/plain", "text/html") and not part.is_attachment
        if is_text and part.type not in texts:
            charset = part.parameters.get("charset", "")
            texts[part.type] = _decoded(_payload(raw, part), charset)
        elif not part.type.startswith("multipart/"):
            attachments.append(_attachment(raw, part))
    heading = {
        name.lower(): _header(value[:FIELD_BYTES])
        for name, value in reversed(_HEADING.findall(raw, 0, root.start))
    }
    return Letter(
        _subject(root),
        heading.get(b"from", ""),
        heading.get(b"to", ""),
        heading.get(b"date", ""),
        texts.get("text/plain", ""),
        texts.get("text/html", ""),
        tuple(attachments),
    )


_HEADING = re.compile(rb"^(from|to|date):([^\n]*(?:\n[ \t][^\n]*)*+)", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(
    r';\s*+(?:file)?name\*?\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?|([^\s;"]*+))', re.IGNORECASE
)


def _all_parts(raw: bytes, part: _Part, depth: int) -> Iterator[_Part]:
    """A part and all in it, attachments, too."""
    yield part
    if part.type.startswith("multipart/") and depth:
        default = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
        for start, end in _children(raw, part):
            yield from _all_parts(raw, _part(raw, start, end, default), depth - 1)


def _attachment(raw: bytes, part: _Part) -> Attachment:
    fields = (b"content-disposition", b"content-type")
    found = (_NAME.search(_header(part.fields.get(name, b"")[:FIELD_BYTES])) for name in fields)
    match = next((match for match in found if match), None)
    name = (match[1] or match[2]) if match else ""
    if "''" in name:  # RFC 2231: charset'language'text
        name = unquote(name.rpartition("''")[2], errors="replace")
    return Attachment(name, part.type, len(_payload(raw, part)))


# --- Encodings ------------------------------------------------------------------------------------


def _payload(raw: bytes, part: _Part) -> bytes:
    """The content of a part without its transfer encoding."""
    data = raw[part.start : part.end]
    encoding = part.word(b"content-transfer-encoding")
    if encoding == "quoted-printable":
        return a2b_qp(data)
    return _unbase64(data) if encoding == "base64" else data


_NO_DIGITS = bytes(set(range(256)) - set(ascii_letters.encode() + b"0123456789+/"))


def _unbase64(data: bytes) -> bytes:
    try:
        return a2b_base64(data)
    except BadBase64:
        digits = data.translate(None, _NO_DIGITS)
        return a2b_base64(digits[: len(digits) - (len(digits) % 4 == 1)] + b"==")


# Those that Python knows, so that the names in mails cannot fill its memory of unknown ones. No
# alias: a Thai and the Ukrainian charset. What is not for texts, or slow, is not among the aliases.
_CHARSETS = frozenset(aliases.aliases) | frozenset(aliases.aliases.values()) | {"cp874", "koi8_u"}


def _decoded(data: bytes, charset: str) -> str:
    """Text in a charset, else in UTF-8. Bytes that do not fit are replaced."""
    name = normalize_encoding(charset).lower()
    try:
        return data.decode(name if name in _CHARSETS else "utf-8", "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")


def _unfolded(value: bytes) -> bytes:
    return _FOLD.sub(b"", value)


# Spaces and question marks within are wrong, but written.
_ENCODED_WORD = re.compile(
    r"=\?([^?\s*]+)(?:\*[^?\s]*)?\?([bq])\?((?:[^?]|\?(?!=)){0,1000})\?=", re.IGNORECASE
)


def _subject(root: _Part) -> str:
    return _header(root.fields.get(b"subject", b"")[:SUBJECT_BYTES])


def _header(value: bytes) -> str:
    """The text of a header field with its encoded words decoded; RFC 2047."""
    text = _unfolded(value).strip().decode("utf-8", "replace")
    chunks: list[tuple[str, bytes]] = []  # charset ("" for plain text) and bytes
    at = 0
    for word in _ENCODED_WORD.finditer(text):
        gap = text[at : word.start()]
        if gap.strip() or not chunks:  # white space between two words is not meant
            chunks.append(("", gap.encode()))
        data = word[3].encode()
        is_base64 = word[2] in "bB"
        chunks.append(
            (word[1].lower(), _unbase64(data) if is_base64 else a2b_qp(data, header=True))
        )
        at = word.end()
    chunks.append(("", text[at:].encode()))
    # A character may begin in one word and end in the next.
    groups = groupby(chunks, key=lambda chunk: chunk[0])
    return "".join(_decoded(b"".join(data for _, data in group), name) for name, group in groups)
