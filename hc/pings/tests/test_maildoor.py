"""What becomes of mails: a real client mails to a real server."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from hc.accounts.models import Project
from hc.api.models import Check, Heartbeat, Ping
from hc.api.services import checks
from hc.pings.event import Receipt
from hc.pings.intake import Intake
from hc.pings.spool import Spool
from tests.factories import make_check
from tests.mailing import (
    DOMAIN,
    MAIL,
    SENDER,
    Running,
    address,
    database_away,
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


# --- Recipients -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recipient", "reply"),
    [
        ("<{code}@ping.example.org>", (250, "OK")),
        ("<{code}@PING.example.ORG>", (250, "OK")),
        ("{code}@ping.example.org", (250, "OK")),
        ("<@relay.example.org:{code}@ping.example.org>", (250, "OK")),
        ("<{upper}@ping.example.org>", (250, "OK")),
        ("<{code}@example.org>", (550, "5.1.1 Recipient rejected")),
        ("<{code}>", (550, "5.1.1 Recipient rejected")),
        ("<>", (550, "5.1.1 Recipient rejected")),
        ("<x@ping.example.org>", (550, "5.1.1 Invalid mailbox")),
        ("<{code}+start+x@ping.example.org>", (550, "5.1.1 Invalid mailbox")),
        ('<"a >b"@ping.example.org>', (550, "5.1.1 Invalid mailbox")),
        ("<é@ping.example.org>", (550, "5.1.1 Invalid mailbox")),
        ("<{unknown}@ping.example.org>", (550, "5.1.1 Unknown mailbox")),
        ("<key+unknown@ping.example.org>", (550, "5.1.1 Unknown mailbox")),
        ("<", (553, "5.1.3 Error: malformed address")),
    ],
)
def test_recipients(server: Running, check: Check, recipient: str, reply: tuple[int, str]) -> None:
    code = str(check.code)
    to = recipient.format(code=code, upper=code.upper(), unknown=uuid4())
    with server.client() as client:
        client.ehlo()
        client.command_encoding = "utf-8"
        assert replies(client, "MAIL FROM:<>", f"RCPT TO:{to}") == [(250, "OK"), reply]


def test_there_is_a_limit_to_recipients(server: Running, project: Project) -> None:
    made = Check.objects.bulk_create([Check(project=project) for _ in range(101)])
    with server.client() as client:
        client.sendmail(SENDER, [address(check) for check in made], MAIL)
    assert Ping.objects.count() == 100


# --- Pings ----------------------------------------------------------------------------------------


def test_a_mail_is_a_ping(server: Running, check: Check) -> None:
    server.send(address(check), b"Subject: done\r\n\r\n..dots\r\n.\xff\0\r\n")
    ping = Ping.objects.get(owner=check)
    assert (ping.signal(), ping.scheme, ping.method, ping.n) == ("success", "email", "", 1)
    assert (ping.ua, ping.remote_addr) == (f"Email from {SENDER}", "127.0.0.1")
    assert bytes(ping.body_raw or b"") == b"Subject: done\r\n\r\n..dots\r\n.\xff\0\r\n"
    assert (ping.rid, ping.exitstatus) == (None, None)


def test_a_mail_by_name(server: Running, project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(ping_key="Key_45678901234567890x")
    named = make_check(project, name="Backup", slug="backup")
    server.send(f"Key_45678901234567890x+backup@{DOMAIN}")
    assert Ping.objects.get().owner == named


def test_an_ambiguous_name_is_no_error(server: Running, project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(ping_key="key")
    for _ in range(2):
        make_check(project, name="Backup", slug="backup")
    server.send(f"key+backup@{DOMAIN}")
    assert not Ping.objects.exists()


def test_each_recipient_is_pinged_once(server: Running, project: Project) -> None:
    one, two = make_check(project), make_check(project)
    server.send([address(one), address(two), address(one).upper()])
    assert sorted(Ping.objects.values_list("owner_id", flat=True)) == [one.pk, two.pk]


def test_a_check_may_vanish_before_its_mail_comes(server: Running, check: Check) -> None:
    with server.client() as client:
        client.ehlo()
        client.mail(SENDER)
        client.rcpt(address(check))
        checks.remove(check.code, timezone.now())
        assert client.data(MAIL)[0] == 250
    assert not Ping.objects.exists()


@pytest.mark.parametrize(
    ("sender", "ua"),
    [
        ("", "Email from <>"),
        ("root", "Email from root"),
        ("root@host_1..local", "Email from root@host_1..local"),
        ('"a > b"@example.org', 'Email from "a > b"@example.org'),
        ("a" * 1500, "Email from " + "a" * 189),
        ("jörg@example.org", "Email from jörg@example.org"),
    ],
)
def test_any_sender_will_do(server: Running, check: Check, sender: str, ua: str) -> None:
    with server.client() as client:
        client.ehlo()
        client.command_encoding = "utf-8"
        assert replies(client, f"MAIL FROM:<{sender}>", f"RCPT TO:<{address(check)}>")[1][0] == 250
        assert client.data(MAIL)[0] == 250
    assert Ping.objects.get().ua == ua


def test_bytes_in_the_sender_that_are_no_text(server: Running, check: Check) -> None:
    with server.client() as client:
        client.ehlo()
        client.send(b"MAIL FROM:<\xff\0\xe2@example.org>\r\n")
        assert client.getreply()[0] == 250
        client.rcpt(address(check))
        assert client.data(MAIL)[0] == 250
    assert Ping.objects.get().ua == "Email from \ufffd\ufffd@example.org"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("Subject: =?utf-8?q?Backup_failed?=\r\n\r\n", "fail"),
        ("Subject: x\r\nContent-Type: text/html\r\n\r\n<b>suc</b>ceeded", "success"),
        ("Subject: x\r\nContent-Type: text/plain; charset=klingon\r\n\r\nsucceeded", "success"),
        ("Subject: x\r\n\r\nhello", "ign"),
    ],
)
def test_keywords_decide(server: Running, project: Project, raw: str, kind: str) -> None:
    words = {"failure_kw": "failed", "success_kw": "succeeded"}
    check = make_check(project, filter_subject=True, filter_body=True, **words)
    server.send(address(check), raw)
    assert Ping.objects.get().signal() == kind


def test_keywords_are_found_far_behind_what_is_kept(server: Running, project: Project) -> None:
    check = make_check(project, filter_body=True, failure_kw="failed")
    server.send(address(check), "Subject: x\r\n\r\n" + "line\r\n" * 400_000 + "failed\r\n")
    ping = Ping.objects.get()
    assert ping.signal() == "fail"
    assert len(ping.body_raw or b"") == 10_000


# --- Trouble --------------------------------------------------------------------------------------


def test_while_the_database_is_away_mails_are_spooled(tmp_path: Path, check: Check) -> None:
    with database_away(tmp_path), running(tmp_path) as server:
        server.send([address(check), f"{uuid4()}@{DOMAIN}"])
        assert list(tmp_path.glob("*.pings"))
    with running(tmp_path) as server, database_away(tmp_path):
        server.send(address(check), "Subject: again\r\n\r\n")
    intake = Intake(Spool(tmp_path, 1_000_000))
    intake.replay()
    intake.stop()
    bodies = [bytes(ping.body_raw or b"") for ping in Ping.objects.filter(owner=check)]
    assert [body[:13] for body in bodies] == [b"Subject: done", b"Subject: agai"]


def test_without_room_mails_have_to_come_again(tmp_path: Path, check: Check) -> None:
    away, limited = database_away(tmp_path), running(tmp_path, spool_limit=10)
    with away, limited as server, server.client() as client:
        with pytest.raises(smtplib.SMTPDataError) as e:
            client.sendmail(SENDER, address(check), MAIL)
        assert (e.value.smtp_code, e.value.smtp_error) == (451, b"4.3.0 Try again later")
        assert client.noop()[0] == 250
    assert not Ping.objects.exists()


@pytest.mark.parametrize("number", [1, 2])
def test_what_cannot_be_stored_has_to_come_again(
    tmp_path: Path, project: Project, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    def broken(*_: object) -> list[Receipt]:
        raise ValueError("an error of ours")

    new = [address(make_check(project)) for _ in range(number)]
    with running(tmp_path, record=broken) as server:
        with pytest.raises(smtplib.SMTPDataError) as e:
            server.send(new)
        assert (e.value.smtp_code, e.value.smtp_error) == (451, b"4.3.0 Try again later")
    assert "an error of ours" in caplog.text


def test_when_it_stops_it_finishes_what_it_has_begun(tmp_path: Path, check: Check) -> None:
    with running(tmp_path) as server, server.client() as busy, server.client() as idle:
        busy.ehlo()
        busy.mail(SENDER)
        busy.rcpt(address(check))
        busy.docmd("DATA")
        server.stop()
        assert idle.getreply()[0] == 421
        busy.send(b"\r\n.\r\n")
        assert busy.getreply()[0] == 250
        assert busy.getreply()[0] == 421
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port), 5)
    assert Ping.objects.count() == 1


def test_it_beats_while_it_runs(tmp_path: Path) -> None:
    with running(tmp_path):
        wait_for(Heartbeat.objects.filter(process="smtpd").exists)
    assert not Heartbeat.objects.exists()


# --- The command ----------------------------------------------------------------------------------


def test_the_command_says_why_it_cannot_listen() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=rf"Cannot listen on 127.0.0.1:{port}: "):
            call_command("smtpd", host="127.0.0.1", port=port)


def test_the_command_needs_a_certificate_it_can_use(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nonsense")
    for path in (tmp_path / "x.pem", tmp_path / "none.pem"):
        with pytest.raises(CommandError, match="The certificate cannot be used"):
            call_command("smtpd", tls_cert=str(path))
