from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from hc.accounts.models import Profile, Project, Role, User
from hc.api.models import Check, Ping
from hc.core.state import Kind
from hc.pings.event import MailText, PingEvent
from hc.pings.writer import record
from tests.factories import make_member

HTML = b'<p onclick="x()">Hello</p><img src="https://spy.example/x.png">'
MAIL = (
    b"From: bot@example.org\nTo: %s@ping.example.org\nSubject: =?utf-8?q?=E2=9C=93?= done\n"
    b"Content-Type: multipart/mixed; boundary=A\n\n--A\nContent-Type: text/plain\n\nplain words\n"
    b"--A\nContent-Type: text/html; charset=x-nonsense\n\n" + HTML + b"\n"
    b"--A\nContent-Type: text/csv\nContent-Disposition: attachment; filename=rows.csv\n\na,b\n"
    b"--A--\n"
)


def ping(check: Check, body: bytes = b"", kind: Kind = Kind.SUCCESS, **more: object) -> None:
    at = timezone.now()
    facts = {"method": "POST", "ua": "curl/8", "remote_addr": "10.1.2.3"} | more
    record([PingEvent(check.code, at, kind, body=body, **facts)], at)  # type: ignore[arg-type]


def mail(check: Check, raw: bytes = MAIL) -> None:
    body = raw.replace(b"%s", str(check.code).encode())
    ping(check, body, scheme="email", ua="bot@example.org", method="", mail=MailText("", ""))


def get(client: Client, check: Check, path: str) -> HttpResponse:
    return client.get(f"/checks/{check.code}/pings/{path}")  # type: ignore[return-value]


def page(client: Client, check: Check, n: int) -> str:
    response = get(client, check, f"{n}/")
    assert response.status_code == 200
    return response.content.decode()


def test_all_that_is_known_of_a_ping(as_alice: Client, check: Check) -> None:
    rid = uuid4()
    ping(check, kind=Kind.START, rid=rid)
    ping(check, b"it <failed>", Kind.FAIL, exitstatus=7, rid=rid)
    start, end = Ping.objects.order_by("n")
    Ping.objects.filter(pk=start.pk).update(created=end.created - timedelta(seconds=95))
    html = page(as_alice, check, 2)
    for words in (
        "Ping #2",
        "Failure",
        "<dd>7</dd>",
        "1 min 35 s",
        str(rid),
        "HTTP POST from 10.1.2.3",
        "curl/8",
        "it &lt;failed&gt;",
        end.created.isoformat(),
        "11\xa0bytes",
    ):
        assert words in html
    assert "<h1" in html


def test_the_same_at_the_side_of_another_page(as_alice: Client, check: Check) -> None:
    ping(check, b"x")
    url = f"/checks/{check.code}/pings/1/"
    panel = as_alice.get(url, headers={"X-Panel": "1"})
    html = panel.content.decode()
    assert "<html" not in html
    assert '<h2 id="side-title">Ping #1</h2>' in html
    assert "X-Panel" in panel["Vary"]


def test_neighbours(as_alice: Client, check: Check) -> None:
    for _ in range(3):
        ping(check)
    Ping.objects.filter(n=2).delete()
    html = page(as_alice, check, 3)
    assert f'href="/checks/{check.code}/pings/1/" data-panel data-step="previous"' in html
    assert 'data-step="next"' not in html


@pytest.mark.parametrize("path", ["0/", "9/", "99999999999/", "1/html/", "9/body/", "0/body/"])
def test_what_is_not_there(as_alice: Client, check: Check, path: str) -> None:
    ping(check)
    assert get(as_alice, check, path).status_code == 404


def test_what_lies_beyond_the_log_limit_is_not_shown(as_alice: Client, check: Check) -> None:
    for _ in range(3):
        ping(check, b"x")
    Profile.objects.update(ping_log_limit=1)
    assert get(as_alice, check, "2/").status_code == 404
    assert get(as_alice, check, "2/body/").status_code == 404
    assert "data-step" not in page(as_alice, check, 3)


def test_json_is_laid_out(as_alice: Client, check: Check) -> None:
    ping(check, b'{"rows":214,"names":["a"]}')
    html = page(as_alice, check, 1)
    assert "&quot;rows&quot;: 214,\n" in html
    assert 'value="pretty" checked' in html
    ping(check, b"[1, 2")
    assert 'value="pretty"' not in page(as_alice, check, 2)


def test_a_body_is_downloaded_as_it_came(as_alice: Client, check: Check) -> None:
    ping(check, b"\x00\xff<b>")
    response = get(as_alice, check, "1/body/")
    assert response.content == b"\x00\xff<b>"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == f'attachment; filename="{check.code}-1.txt"'


def test_of_a_long_body_the_beginning_is_shown(as_alice: Client, check: Check) -> None:
    ping(check, b"a" * 200_000 + b"END")
    html = page(as_alice, check, 1)
    assert "END" not in html
    assert "of which the beginning is shown" in html
    assert get(as_alice, check, "1/body/").content.endswith(b"END")


# --- Mails -------------------------------------------------------------------------------------


def test_a_mail_is_shown_as_a_mail(as_alice: Client, check: Check) -> None:
    mail(check)
    html = page(as_alice, check, 1)
    for words in ("bot@example.org", "✓ done", "plain words", "rows.csv", "text/csv, 3"):
        assert words in html
    assert f'src="/checks/{check.code}/pings/1/html/"' in html
    assert "<iframe" in html
    assert "sandbox" in html


def test_the_html_of_a_mail_can_do_nothing(as_alice: Client, check: Check) -> None:
    mail(check)
    response = get(as_alice, check, "1/html/")
    assert response.content.strip() == HTML
    assert response["Content-Security-Policy"] == (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "frame-ancestors 'self'"
    )
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    asked = get(as_alice, check, "1/html/images/")["Content-Security-Policy"]
    assert "img-src data: https:;" in asked
    assert "script" not in asked


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe\x00", MAIL[:200], b"Content-Type: text/html\n\n"])
def test_mails_that_cannot_be_read_are_shown_raw(
    as_alice: Client, check: Check, raw: bytes
) -> None:
    mail(check, raw)
    assert "Ping #1" in page(as_alice, check, 1)


# --- Bodies elsewhere ----------------------------------------------------------------------------


def test_a_body_that_cannot_be_fetched(as_alice: Client, check: Check) -> None:
    ping(check, b"x")
    Ping.objects.update(body_raw=None, object_size=12_345)
    assert "cannot be read at the moment" in page(as_alice, check, 1)
    response = get(as_alice, check, "1/body/")
    assert response.status_code == 503
    assert response["Retry-After"]


# --- Who may look --------------------------------------------------------------------------------


def test_readers_do_not_learn_the_address_from_a_mail(
    client: Client, check: Check, project: Project, bob: User
) -> None:
    mail(check)
    client.force_login(bob)
    assert get(client, check, "1/").status_code == 404
    make_member(project, bob, Role.READONLY)
    base = f"/cloaked/{check.unique_key}/pings/1/"
    assert get(client, check, "1/")["Location"] == base
    for path in ("", "body/", "html/"):
        response = client.get(base + path)
        assert response.status_code == 200
        assert str(check.code).encode() not in response.content
    assert str(check.code) not in client.get(f"{base}body/")["Content-Disposition"]
