from __future__ import annotations

import email
import email.policy
import time
from email.message import EmailMessage
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hc.pings.event import MailText, SlugAddress
from hc.pings.mail import mailbox, target_of, text_of, text_of_html

CODE = "04603d8b-edf4-4e85-8f61-24bedbcaab59"
KEY = "AbC-_6789012345678901x"

# --- Recipients -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("a@ping.example.org", "a"),
        ("a@PING.example.ORG", "a"),
        ("a@b@ping.example.org", "a@b"),
        ("@ping.example.org", ""),
        ("a@example.org", None),
        ("a@ping.example.org.", None),
        ("a", None),
        ("", None),
        ("<>", None),
    ],
)
def test_the_domain_is_ours_in_any_letter_case(address: str, expected: str | None) -> None:
    assert mailbox(address, "Ping.Example.org") == expected


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        (CODE, UUID(CODE)),
        (CODE.upper(), UUID(CODE)),
        ("0190c0de-0000-7000-8000-000000000000", UUID("0190c0de-0000-7000-8000-000000000000")),
        ("00000000-0000-0000-0000-000000000000", UUID(int=0)),
        (f"{KEY}+backup", SlugAddress(KEY, "backup")),
        (f"{KEY}+a_b-1", SlugAddress(KEY, "a_b-1")),
        ("k+x", SlugAddress("k", "x")),
        ("k" * 128 + "+x", SlugAddress("k" * 128, "x")),
        ("k" * 129 + "+x", None),
        (f"{KEY}+Backup", None),
        (f"{KEY}+a.b", None),
        (f"{KEY}+a+b", None),
        (f"{KEY}+", None),
        ("+x", None),
        (f"{KEY}+x\n", None),
        (f"{CODE}\n", None),
        (f"{CODE}+start", SlugAddress(CODE, "start")),
        (CODE.replace("-", ""), None),
        (f"{{{CODE}}}", None),
        ("ä+x", None),
        ("k+٣", None),
        ("postmaster", None),
        ("", None),
    ],
)
def test_a_mailbox_names_a_check(local: str, expected: UUID | SlugAddress | None) -> None:
    assert target_of(local) == expected


# --- Subjects -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"Subject: All well", "All well"),
        (b"SUBJECT:All well", "All well"),
        (b"Subject: All\r\n well", "All well"),
        (b"Subject: All\r\n\twell", "All\twell"),
        (b"Subject:\r\n All well", "All well"),
        (b"Subject: first\r\nSubject: second", "first"),
        (b"X-Subject: no", ""),
        (b"Subject:", ""),
        (b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"Subject: =?UTF-8?B?R3LDvMOfZQ==?= von =?iso-8859-1?Q?J=F6rg_x?=", "Grüße von Jörg x"),
        (b"Subject: =?utf-8?q?a?= \r\n =?utf-8?q?b?=", "ab"),
        (b"Subject: =?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        (b"Subject: =?utf-8?b?4oI=?= =?utf-8?b?rA==?=", "\N{EURO SIGN}"),
        (b"Subject: =?utf-8*en?q?job_done?=", "job done"),
        (b"Subject: =?utf-8?q?spaces are wrong? yes?=", "spaces are wrong? yes"),
        (b"Subject: =?utf-8?b?R3LDvMOfZQ?=", "Grüße"),
        (b"Subject: =?x-unknown?q?J=C3=B6rg?=", "Jörg"),
        (b"Subject: =?utf-8?q?J=F6rg?=", "J\ufffdrg"),
        (b"Subject: =?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        (b"Subject: =?utf-8?q?abc", "=?utf-8?q?abc"),
        (b"Subject: =?idna?q?a.b?= =?punycode?q?a-b?= =?hex?q?41?=", "a.ba-b41"),
        ("Subject: Grüße".encode(), "Grüße"),
        ("Subject: Grüße".encode("latin-1"), "Gr\ufffd\ufffde"),
        (b"Subject: a\0b", "a\0b"),
    ],
)
def test_subjects(header: bytes, expected: str) -> None:
    assert text_of(header + b"\r\n\r\nbody").subject == expected


# --- HTML -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("O<b>K</b>", "OK"),
        ("<p>All</p><p>well</p>", "Allwell"),
        (" All \n\t <i> well</i>&nbsp;&nbsp; now", "All well now"),
        ("a<script>FAIL</script>b<STYLE type='a>b'>FAIL</Style >c", "abc"),
        ("a<script>FAIL", "a"),
        ("a<scripts>b", "ab"),
        ("a<!-- FAIL <b> -->b<!-->c<!--FAIL", "abc"),
        ("<![if x]>a<![endif]><!DOCTYPE html><?xml x?>b", "ab"),
        ('<a title="FAIL > FAIL" x=\'>\' y = ">">z</a>', "z"),
        ("<p don't>a</p>", "a"),
        ("1 < 2 <3 <", "1 < 2 <3 <"),
        ("a <b", "a "),
        ("&lt;b&gt; &amp;amp; &#65;&#x42; &bogus; &copy", "<b> &amp; AB &bogus; ©"),
        ("&#" + "9" * 5000 + ";", "\ufffd" + "9" * 4969 + ";"),
        ("&#0;&#xd800;", "\ufffd\ufffd"),
        ("", ""),
    ],
)
def test_html_becomes_text(html: str, expected: str) -> None:
    assert text_of_html(html) == expected


# --- Bodies ---------------------------------------------------------------------------------------


def mail(*lines: str) -> bytes:
    return "\r\n".join(lines).encode()


def multipart(kind: str, *parts: str, boundary: str = "b") -> str:
    inner = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary={boundary}\r\n\r\n{inner}--{boundary}--\r\n"


PLAIN = "Content-Type: text/plain\r\n\r\nplain"
HTML = "Content-Type: text/html\r\n\r\n<b>html</b>"
ATTACHED = "Content-Disposition: attachment; filename=x\r\n\r\nFAIL"


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (mail("Subject: x", "", "all well", "."), "all well\r\n."),
        (mail("", "all well"), "all well"),
        (mail("No header here", "all: well"), "No header here\r\nall: well"),
        (mail("Subject: x", "all well"), "all well"),
        (b"Subject: x\n\nall well\n", "all well\n"),
        (b"", ""),
        (mail("Content-Type: text/html", "", "<i>al</i>l"), "all"),
        (mail("content-type: TEXT/HTML; charset=utf-8", "", "<i>all</i>"), "all"),
        (mail("Content-Type: nonsense", "", "all"), "all"),
        (mail("Content-Type: image/png", "", "all"), ""),
        (mail("Content-Type: text/calendar", "", "all"), ""),
        (mail("Content-Disposition: attachment", "", "all"), ""),
        (mail("Content-Disposition: inline; filename=x", "", "all"), "all"),
        (multipart("alternative", PLAIN, HTML).encode(), "plain\nhtml"),
        (multipart("alternative", HTML, PLAIN).encode(), "plain\nhtml"),
        (multipart("mixed", ATTACHED, HTML, PLAIN, "\r\nsecond").encode(), "plain\nhtml"),
        (multipart("mixed", "\r\nno headers").encode(), "no headers"),
        (multipart("related", HTML, PLAIN).encode(), "html"),
        (multipart("digest", "\r\nSubject: FAIL\r\n\r\nFAIL", PLAIN).encode(), "plain"),
        (multipart("mixed", f"Content-Type: message/rfc822\r\n\r\n{PLAIN}").encode(), ""),
        (
            multipart(
                "mixed", ATTACHED, multipart("alternative", PLAIN, HTML, boundary="c")
            ).encode(),
            "plain\nhtml",
        ),
        # Broken ones.
        (mail("Content-Type: multipart/mixed", "", "--b", PLAIN), ""),
        (mail('Content-Type: multipart/mixed; boundary=""', "", "--", PLAIN), ""),
        (mail("Content-Type: multipart/mixed; boundary=b", "", PLAIN), ""),
        (mail("Content-Type: multipart/mixed; boundary=b", "", "--b", PLAIN), "plain"),
        (mail('Content-Type: multipart/mixed; boundary="b b"', "", "--b b \t", PLAIN), "plain"),
        (mail("Content-Type: multipart/mixed; boundary=b", "", "--bc", "--b", PLAIN), "plain"),
        (mail("Content-Type: multipart/mixed; boundary=b", "", "--b--", "--b", PLAIN), ""),
        (mail("Content-Type: multipart/mixed; boundary=b", "", "--b"), ""),
        (mail("Content-Type: multipart/mixed; boundary=b", "", "--b", "--b", PLAIN), ""),
    ],
)
def test_bodies(raw: bytes, body: str) -> None:
    assert text_of(raw).body == body


@pytest.mark.parametrize(
    ("charset", "encoding", "data", "expected"),
    [
        ("utf-8", "8bit", "Grüße".encode(), "Grüße"),
        ("", "", "Grüße".encode(), "Grüße"),
        ("us-ascii", "8bit", "Grüße".encode("latin-1"), "Gr\ufffd\ufffde"),
        ("iso-8859-1", "8bit", "Grüße".encode("latin-1"), "Grüße"),
        ("ISO_8859-15", "8bit", b"\xa4", "\N{EURO SIGN}"),
        ("windows-1252", "quoted-printable", b"=80", "\N{EURO SIGN}"),
        ("koi8-u", "8bit", b"\xb4", "Є"),
        ("utf-16", "base64", b"//5PAEsA", "OK"),
        ("gb18030", "base64", b"xOO6ww==", "你好"),
        ("iso-2022-jp", "7bit", b"\x1b$B4A;z\x1b(B", "漢字"),
        ("klingon", "8bit", "Grüße".encode(), "Grüße"),
        ("a\0b", "8bit", b"OK", "OK"),
        ("unicode_escape", "8bit", rb"\u0041\q", r"\u0041\q"),
        ("undefined", "8bit", b"OK", "OK"),
        ("zlib_codec", "8bit", b"OK", "OK"),
        ("utf-8", "Quoted-Printable", b"Gr=C3=BC=\r\n=C3=9Fe =ZZ =", "Grüße =ZZ "),
        ("utf-8", " BASE64 ", b"R3LD\r\nvMOf\r\nZQ==\r\n", "Grüße"),
        ("utf-8", "base64", b"R3LDvMOfZQ", "Grüße"),
        ("utf-8", "base64", b"*R3LD-vMOfZQ==\r\n-- \r\nlist", "Grüße"),
        ("utf-8", "base64", b"R", ""),
        ("utf-8", "unheard-of", b"OK", "OK"),
    ],
)
def test_encodings(charset: str, encoding: str, data: bytes, expected: str) -> None:
    head = f'Content-Type: text/plain; charset="{charset}"\r\nContent-Transfer-Encoding: {encoding}'
    body = text_of(head.encode() + b"\r\n\r\n" + data).body
    assert body == expected


text = st.text(st.characters(codec="utf-8", exclude_characters="\r\0\x85\u2028\u2029"), max_size=80)
words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=30)


@st.composite
def proper_mails(draw: st.DrawFn) -> EmailMessage:
    """What mailers write, all sorts of it."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["Subject"] = " ".join(draw(st.lists(words, max_size=8)))
    kind = draw(st.sampled_from(["plain", "html", "both", "related"]))
    cte = draw(st.sampled_from(["base64", "quoted-printable"]))
    if kind != "html":
        message.set_content(draw(text), cte=cte)
    html = f"<p>{draw(words)}</p>"
    if kind == "html":
        message.set_content(html, subtype="html", cte=cte)
    elif kind in ("both", "related"):
        message.add_alternative(html, subtype="html", cte=cte)
    if kind == "related":
        part = message.get_body(("html",))
        assert isinstance(part, EmailMessage)
        part.add_related(b"image", "image", "png", cid="<x>")
    for content in draw(st.lists(text, max_size=2)):
        message.add_attachment(content, filename="a.txt")
    return message


@settings(deadline=None)
@given(proper_mails())
def test_proper_mails_are_read_as_the_standard_library_reads_them(message: EmailMessage) -> None:
    raw = message.as_bytes()
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    chunks = []
    for kind in ("plain", "html"):
        if part := parsed.get_body((kind,)):
            content = part.get_content()
            chunks.append(text_of_html(content) if kind == "html" else content)
    found = text_of(raw)
    assert found.body.splitlines() == "\n".join(chunks).splitlines()
    assert "".join(found.subject.split()) == "".join(str(parsed["Subject"]).split())


SAMPLES = [
    mail("Subject: =?utf-8?q?a?= =?utf-8?b?4oKs?=", "", "x"),
    multipart("mixed", ATTACHED, multipart("alternative", PLAIN, HTML, boundary="c")).encode(),
    mail('Content-Type: text/html; charset="iso-2022-jp"', "Content-Transfer-Encoding: base64", "")
    + b"\r\nPHA+JiM2NTs8L3A+",
    mail("Content-Type: text/plain; charset=utf-7", "", "+2AA-"),
]
FRAGMENTS = st.sampled_from(
    [
        *(b"\r\n", b"\n", b"\r", b"\t", b"\0", b"\xff", b"\xed", b'"', b"\\", b";", b":", b"="),
        *(b"--b", b"--b--", b"--c", b"=?", b"?=", b"?q?", b"<!--", b"<script>", b"&#"),
        *(b"boundary=", b"charset=", b"Content-Transfer-Encoding: base64"),
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n",
    ]
)


@st.composite
def mutated_mails(draw: st.DrawFn) -> bytes:
    raw = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 9))] = draw(FRAGMENTS | st.binary(max_size=4))
    return bytes(raw)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary() | mutated_mails() | st.lists(FRAGMENTS).map(b"".join))
def test_no_bytes_are_an_error(raw: bytes) -> None:
    assert isinstance(text_of(raw), MailText)


@given(st.text())
def test_no_address_is_an_error(local: str) -> None:
    target_of(local)
    mailbox(local, "example.org")


HOSTILE = {
    "deep": b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (i, i) for i in range(40_000)
    ),
    "parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n\n" * 300_000,
    "parameters": b'Content-Type: text/plain; a="' + b";" * 2_000_000,
    "fields": b"Subject: x\n" * 200_000,
    "folds": b"Subject: x" + b"\n " * 1_000_000,
    "words": b"Subject: " + b"=?a?q?" * 300_000,
    "blanks": b"Content-Type: multipart/mixed; boundary=b\n\n--b" + b" " * 2_000_000 + b"x",
    **{
        f"html {junk!r}": b"Content-Type: text/html\n\n" + junk * (2_000_000 // len(junk))
        for junk in (b"<", b"<a ", b'<a b="', b"<!--", b"<script>", b"<script", b"&#", b" ", b"= ")
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_mails_keep_nobody_waiting(raw: bytes) -> None:
    """No measure of speed: work that grows with the square of the size would take hours."""
    began = time.process_time()
    text_of(raw)
    assert time.process_time() - began < 60
