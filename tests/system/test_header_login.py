"""Sign-in by the header of a proxy, behind a real nginx, and what strangers try."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.system import nginx
from tests.system.service import Service

ALICE, ADMIN = "alice@example.org", "admin@example.org"
PASSWORD = "a password of the proxy"
PAGE = "/accounts/profile/notifications/"
# All of them become HTTP_X_AUTHENTICATED_USER in a WSGI environment.
NAMES = [
    "X-Authenticated-User",
    "x-authenticated-user",
    "X_Authenticated_User",
    "X-Authenticated_User",
    "x_authenticated-user",
    "X_AUTHENTICATED_USER",
]
Headers = list[tuple[str, str]]


def ask(port: int, headers: Headers, *, source: str = "127.0.0.1", path: str = PAGE) -> str:
    """Who the service takes the sender for; "" for nobody. Headers are sent as they stand here."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10, source_address=(source, 0))
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", f"localhost:{port}")
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    page = answer.read().decode()
    connection.close()
    if answer.status == 302:
        assert "/accounts/login/" in (answer.getheader("Location") or "")
        return ""
    assert answer.status == 200, (answer.status, page)
    found = re.search(r'<p class="menu-title">([^<]+)</p>', page)
    assert found
    return found[1]


def basic(name: str, password: str = PASSWORD) -> tuple[str, str]:
    return ("Authorization", "Basic " + b64encode(f"{name}:{password}".encode()).decode())


@contextmanager
def behind_nginx(service: Service, folder: Path) -> Iterator[nginx.Nginx]:
    ports = nginx.new_ports()
    service.environment |= {
        "SITE_ROOT": f"http://localhost:{ports.guarded}",
        "REMOTE_USER_HEADER": "HTTP_X_AUTHENTICATED_USER",
        "TRUSTED_PROXIES": f"{nginx.ADDRESS}/32",
        "ADMIN_EMAIL": ADMIN,
        "ADMIN_PASSWORD": "correct horse battery",
    }
    service.start()
    people = {ALICE: PASSWORD, "no address": PASSWORD}
    with nginx.running(folder / "nginx", service.port, ports, people):
        yield ports


@pytest.mark.parametrize("service", ["sqlite"], indirect=True)
def test_only_the_proxy_says_who_somebody_is(service: Service, tmp_path: Path) -> None:
    with behind_nginx(service, tmp_path) as ports:
        # Those whom the proxy knows come in, and get an account.
        assert ask(ports.guarded, [basic(ALICE)]) == ALICE
        assert ask(ports.guarded, [basic("no address")]) == ""

        # Whatever else clients send to the proxy changes nothing.
        for name in NAMES:
            forged = (name, ADMIN)
            assert ask(ports.guarded, [basic(ALICE), forged]) == ALICE, name
            assert ask(ports.guarded, [forged, basic(ALICE), forged]) == ALICE, name
            assert ask(ports.open, [forged]) == "", name
            assert ask(ports.open, [forged, forged]) == "", name
        every = [(name, ADMIN) for name in NAMES]
        assert ask(ports.guarded, [*every, basic(ALICE)]) == ALICE
        assert ask(ports.open, every) == ""

        # Nor does it at our own port, from an address that is no proxy's.
        for name in NAMES:
            assert ask(service.port, [(name, ADMIN)]) == "", name
            headers = [(name, ADMIN), ("X-Forwarded-For", nginx.ADDRESS)]
            assert ask(service.port, headers) == "", name
        assert ask(service.port, every) == ""
        assert ask(service.port, [("Remote-User", ADMIN), ("REMOTE_USER", ADMIN)]) == ""

        # From the proxy's address: one header counts, two do not, underscores never.
        at_proxy = {"source": nginx.ADDRESS}
        assert ask(service.port, [(NAMES[0], ALICE)], **at_proxy) == ALICE
        assert ask(service.port, [(NAMES[0], ALICE), (NAMES[1], ADMIN)], **at_proxy) == ""
        for name in NAMES:
            expected = "" if "_" in name else ADMIN
            assert ask(service.port, [(name, ADMIN)], **at_proxy) == expected, name
            if "_" in name:
                both = [(NAMES[0], ALICE), (name, ADMIN)]
                assert ask(service.port, both, **at_proxy) == ALICE, name

        emails = service.shell(
            "from hc.accounts.models import User;"
            "print(*User.objects.order_by('email').values_list('email', flat=True))"
        )
        assert emails.split()[-2:] == [ADMIN, ALICE]
