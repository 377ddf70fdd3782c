"""The protocol, spoken by a real client with a real server."""

from __future__ import annotations

import smtplib
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pytest_django import Settings

from hc.api.models import Check, Ping
from hc.pings.smtp import MAX_MESSAGE, Limits
from tests.mailing import (
    DOMAIN,
    MAIL,
    SENDER,
    Running,
    address,
    can_connect,
    replies,
    running,
    wait_for,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def domain(settings: Settings) -> None:
    settings.PING_EMAIL_DOMAIN = DOMAIN


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as server:
        yield server


def test_the_server_says_what_it_can(server: Running) -> None:
    with smtplib.SMTP(timeout=20) as client:
        code, banner = client.connect("127.0.0.1", server.port)
        assert (code, banner) == (220, f"{DOMAIN} ESMTP".encode())
        client.ehlo()
        offered = {"size": str(MAX_MESSAGE), "8bitmime": "", "smtputf8": "", "help": ""}
        assert client.esmtp_features == offered


def test_the_order_of_commands(server: Running, check: Check) -> None:
    with server.client() as client:
        assert client.docmd("DATA")[0] == 503
        client.ehlo()
        assert replies(client, "DATA", "RCPT TO:<a@b>", "MAIL", "AUTH PLAIN x", "NONSENSE") == [
            (503, "Error: need RCPT command"),
            (503, "Error: need MAIL command"),
            (501, "Syntax: MAIL FROM: <address> [SP <mail-parameters>]"),
            (538, "5.7.11 Encryption required for requested authentication mechanism"),
            (500, 'Error: command "NONSENSE" not recognized'),
        ]
        assert client.mail(SENDER)[0] == 250
        assert client.rcpt(address(check))[0] == 250
        assert client.docmd("DATA now")[0] == 501


def test_nonsense_is_no_error_of_ours(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    with server.client() as client:
        client.ehlo()
        for nonsense in (b"VRFY <\xff", b"\0\xff", b"HELP \xff", b"MAIL FROM:\xff<", b"x" * 70_000):
            client.send(nonsense + b"\r\n")
            assert client.getreply()[0] in {500, 501, 502, 553}
    assert not caplog.records


# --- Limits ---------------------------------------------------------------------------------------


def test_lines_may_have_any_length(server: Running, check: Check, settings: Settings) -> None:
    settings.PING_BODY_LIMIT = None
    raw = b"Subject: x\r\n\r\n" + b"." + b"x" * 300_000 + b"\r\n.\n\r" + b".\r\n" + b"a.\r\n" * 999
    server.send(address(check), raw)
    assert bytes(Ping.objects.get().body_raw or b"") == raw


def test_an_empty_mail_is_a_ping(server: Running, check: Check) -> None:
    with server.client() as client:
        client.ehlo()
        for _ in range(2):
            assert client.mail(SENDER)[0] == 250
            assert client.rcpt(address(check))[0] == 250
            client.docmd("DATA")
            assert client.docmd(".")[0] == 250
    assert [bytes(ping.body_raw or b"") for ping in Ping.objects.all()] == [b"", b""]


def test_a_mail_that_is_announced_as_too_large(server: Running) -> None:
    with server.client() as client:
        client.ehlo()
        assert client.mail(SENDER, [f"size={MAX_MESSAGE}"])[0] == 250
        client.rset()
        code, text = client.mail(SENDER, [f"size={MAX_MESSAGE + 1}"])
    assert (code, text) == (552, b"Error: message size exceeds fixed maximum message size")


@pytest.mark.slow
def test_a_mail_that_turns_out_to_be_too_large(server: Running, check: Check) -> None:
    with server.client() as client:
        client.ehlo()
        for size, code in ((MAX_MESSAGE, 250), (MAX_MESSAGE + 1, 552)):
            client.mail(SENDER)
            client.rcpt(address(check))
            line = b"x" * 998 + b"\r\n"
            raw = line * (size // 1000)
            assert client.data(b"x" * (size - len(raw) - 2) + b"\r\n" + raw)[0] == code
    assert Ping.objects.count() == 1


def test_large_mails_wait_for_one_another(tmp_path: Path, check: Check) -> None:
    with running(tmp_path, limits=Limits(held=200_000)) as server:
        with server.client() as client, pytest.raises(smtplib.SMTPDataError) as e:
            client.sendmail(SENDER, address(check), "x" * 2_000_000)
        assert e.value.smtp_code == 452
        server.send(address(check), "x" * 100_000)
    assert Ping.objects.count() == 1


def test_there_is_a_limit_to_connections(tmp_path: Path, check: Check) -> None:
    with running(tmp_path, limits=Limits(connections=2)) as server:
        with server.client() as first, server.client():
            with pytest.raises(smtplib.SMTPConnectError) as e:
                server.client()
            assert e.value.smtp_code == 421
            first.sendmail(SENDER, address(check), MAIL)
        wait_for(lambda: can_connect(server))


def test_who_is_silent_is_sent_away(tmp_path: Path) -> None:
    with running(tmp_path, limits=Limits(idle=0.2)) as server, server.client() as client:
        assert client.sock
        assert client.sock.recv(10) == b""


def test_who_stalls_does_not_hold_up_others(server: Running, check: Check) -> None:
    with server.client() as stalling, server.client() as silent:
        stalling.ehlo()
        stalling.mail(SENDER)
        stalling.rcpt(address(check))
        stalling.docmd("DATA")
        stalling.send(b"Subject: half of a mail\r\n")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: server.send(address(check)), range(40)))
        assert Ping.objects.count() == 40
        stalling.send(b"\r\n.\r\n")
        assert stalling.getreply()[0] == 250
        assert silent.noop()[0] == 250
    assert Ping.objects.count() == 41


def test_an_error_of_ours_is_temporary_and_says_nothing(
    server: Running, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    settings.PING_EMAIL_DOMAIN = None  # which it cannot be
    with server.client() as client:
        client.ehlo()
        client.mail(SENDER)
        assert client.rcpt("a@example.org") == (451, b"4.3.0 Try again later")
        assert client.noop()[0] == 250
    assert "command failed" in caplog.text


# --- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost, signed by itself, with its key in the same file."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-subj", "/CN=localhost"]
    more = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run([*command, *more], check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def test_starttls(tmp_path: Path, check: Check, certificate: Path, tls: ssl.SSLContext) -> None:
    trusting = ssl.create_default_context(cafile=f"{certificate}.crt")
    with running(tmp_path, tls=tls) as server:
        with smtplib.SMTP("localhost", server.port, timeout=20) as client:
            client.ehlo()
            assert client.has_extn("starttls")
            client.starttls(context=trusting)
            client.ehlo()
            assert not client.has_extn("starttls")
            assert not client.has_extn("auth")
            assert client.docmd("STARTTLS")[0] == 503
            client.sendmail(SENDER, address(check), "x" * 200_000)
        server.send(address(check))
        with server.client() as client:
            client.ehlo()
            with pytest.raises(ssl.SSLError):
                client.starttls(context=ssl.create_default_context())
        server.send(address(check))
    assert [ping.remote_addr for ping in Ping.objects.all()] == ["127.0.0.1"] * 3


@pytest.mark.parametrize("hello", [b"", b"\x16\x03\x01\x02\x00\x01", b"nonsense\r\n" * 9])
def test_who_does_not_begin_tls_is_sent_away(
    tmp_path: Path, tls: ssl.SSLContext, hello: bytes
) -> None:
    limits = Limits(connections=1, idle=0.3)
    with running(tmp_path, tls=tls, limits=limits) as server, server.client() as client:
        client.ehlo()
        client.docmd("STARTTLS")
        client.send(hello)
        wait_for(lambda: can_connect(server))
        client.close()
