"""Mails of all sorts, most of them odd, as jobs and their wrappers write them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from random import Random

CHARSETS = ("utf-8", "iso-8859-1", "iso-2022-jp", "utf-16", "klingon", "unicode_escape", "")
SUBJECTS = (
    b"done",
    "fertig, größtenteils".encode(),
    "fertig".encode("utf-16"),
    b"=?utf-8?b?R3LDvMOfZQ==?= =?utf-8?q?_aus_K=C3=B6ln?=",
    b"=?klingon?q?nuqneH?= =?utf-8?b?broken?= =?utf-8?q?",
    b"folded\r\n over\r\n\tlines",
    b"x" * 5000,
    b"",
)


def odd_mail(random: Random, ident: str, size: int) -> bytes:
    """About `size` bytes, `ident` among the first hundred."""
    kind = random.choice(KINDS)
    return kind(random, ident.encode(), max(size - 500, 10))


def _junk(random: Random, size: int) -> bytes:
    """Bytes of all values, in lines of all lengths and with all ends."""
    block = random.randbytes(min(size, 4096)).replace(b"\0", random.choice((b"\0", b"\r\n.")))
    return (block * (size // len(block) + 1))[:size]


def _text(random: Random, size: int) -> bytes:
    line = b"%06d rows copied, all is well.\r\n" % random.randrange(10**6)
    return (line * (size // len(line) + 1))[:size]


def _plain(random: Random, ident: bytes, size: int) -> bytes:
    charset = random.choice(CHARSETS).encode()
    head = b"X-Id: %s\r\nSubject: %s\r\n" % (ident, random.choice(SUBJECTS))
    content = random.choice((_junk, _text))(random, size)
    return head + b'Content-Type: text/plain; charset="%s"\r\n\r\n' % charset + content


def _encoded(random: Random, ident: bytes, size: int) -> bytes:
    coded = base64.encodebytes(_text(random, size * 3 // 4)).replace(b"\n", b"\r\n")
    cut = coded[: len(coded) - random.randrange(8)]
    return b"X-Id: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n" % ident + cut


def _one_line(random: Random, ident: bytes, size: int) -> bytes:
    return b"X-Id: %s\r\n\r\n" % ident + b"." * size


def _without_headers(random: Random, ident: bytes, size: int) -> bytes:
    return b"%s: \r\nno header\r\n" % ident + _junk(random, size)


def _bare_line_ends(random: Random, ident: bytes, size: int) -> bytes:
    return b"X-Id: %s\nSubject: x\n\n" % ident + _text(random, size).replace(b"\r\n", b"\n")


def _html(random: Random, ident: bytes, size: int) -> bytes:
    row = b"<tr><td title='>'>&nbsp;&#x263a;</td><!-- <td> --><td>%d" % random.randrange(999)
    html = b"<script>" * random.randrange(2) + row * (size // len(row) + 1)
    return b"X-Id: %s\r\nContent-Type: text/html\r\n\r\n" % ident + html[:size]


def _multipart(random: Random, ident: bytes, size: int) -> bytes:
    head = b'X-Id: %s\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n' % ident
    types = (b"text/plain", b"text/html", b"message/rfc822", b"image/png", b"multipart/x", b"")
    parts = [
        b"--b\r\nContent-Type: %s\r\nContent-Disposition: %s\r\n\r\n%s\r\n"
        % (random.choice(types), random.choice((b"inline", b"attachment")), _junk(random, n))
        for n in (size // 2, size // 3, size // 6)
    ]
    return head + b"".join(parts) + b"--b--\r\n" * random.randrange(2)


def _nested(random: Random, ident: bytes, size: int) -> bytes:
    levels = (
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i)
        for i in range(min(size // 50, 2000))
    )
    return b"X-Id: %s\r\n" % ident + b"".join(levels) + b"\r\nthe end\r\n"


def _headers_only(random: Random, ident: bytes, size: int) -> bytes:
    line = b'Content-Type: text/plain; a="%s\r\n' % (b";" * random.randrange(1, 2000))
    return b"X-Id: %s\r\n" % ident + (line * (size // len(line) + 1))[:size]


KINDS: tuple[Callable[[Random, bytes, int], bytes], ...] = (
    *(_plain, _encoded, _one_line, _without_headers, _bare_line_ends, _html),
    *(_multipart, _nested, _headers_only),
)
