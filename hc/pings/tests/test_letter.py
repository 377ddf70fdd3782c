"""Mails as people read them."""

from __future__ import annotations

from time import perf_counter

import pytest

from hc.pings.mail import Attachment, letter_of

MAIL = (
    b"From: =?utf-8?q?J=C4=81nis?= <janis@example.org>\r\n"
    b"To: one@example.org,\r\n two@example.org\r\n"
    b"Subject: =?utf-8?b?4pyTIGRvbmU=?=\r\n"
    b"Date: Mon, 15 Jun 2026 02:00:00 +0000\r\n"
    b"Content-Type: multipart/mixed; boundary=A\r\n\r\n"
    b"--A\r\nContent-Type: multipart/alternative; boundary=B\r\n\r\n"
    b"--B\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nAll=C4=80\r\n"
    b"--B\r\nContent-Type: text/html; charset=no-such-thing\r\n\r\n<b>All</b>\r\n--B--\r\n"
    b'--A\r\nContent-Type: text/csv; name="rows.csv"\r\nContent-Transfer-Encoding: base64\r\n'
    b"Content-Disposition: attachment; filename*=utf-8''r%C5%8Dws.csv\r\n\r\nYSxi\r\n"
    b"--A\r\nContent-Type: image/png\r\n\r\nxyz\r\n--A--\r\n"
)


def test_a_mail_is_taken_apart() -> None:
    letter = letter_of(MAIL)
    assert letter.sender == "Jānis <janis@example.org>"
    assert letter.to == "one@example.org, two@example.org"
    assert (letter.subject, letter.date) == ("✓ done", "Mon, 15 Jun 2026 02:00:00 +0000")
    assert (letter.text, letter.html) == ("AllĀ", "<b>All</b>")
    assert letter.attachments == (
        Attachment("rōws.csv", "text/csv", 3),
        Attachment("", "image/png", 3),
    )


def test_a_text_that_is_attached_is_not_the_text() -> None:
    raw = b"Content-Disposition: attachment; filename=x.txt\n\nhello"
    letter = letter_of(raw)
    assert letter.text == ""
    assert letter.attachments == (Attachment("x.txt", "text/plain", 5),)


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"no header at all", MAIL[:300], MAIL[100:]])
def test_nothing_is_too_broken(raw: bytes) -> None:
    letter_of(raw)


def test_hostile_mails_take_no_longer_than_they_are() -> None:
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(3000)
    )
    many = b"Content-Type: multipart/mixed; boundary=A\n\n" + b"--A\n\nx\n" * 50_000
    names = b'Content-Disposition: attachment; filename="' + b"\\" * 200_000 + b"\n\nx"
    for raw in (nested, many, names, b"From:" + b" \n" * 200_000):
        start = perf_counter()
        letter_of(raw)
        assert perf_counter() - start < 3
