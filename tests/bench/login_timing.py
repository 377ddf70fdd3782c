"""Whether the time of an answer tells if an address has an account.

`python -m tests.bench.login_timing` starts the service (SQLite, or the DB* of the environment) and
asks 200 times each, in turns, for a known and for an unknown address: a sign-in link, a password,
an account. Prints the medians and their difference; ends with an error if one differs by 5 ms or
more, or an answer by anything.
"""

from __future__ import annotations

import http.client
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from tests.receivers import free_port
from tests.system.service import Service

TRIES, LIMIT_MS = 200, 5.0
PASSWORD = "correct horse battery"
LINK, SIGNUP = "/accounts/login/", "/accounts/signup/"
# Status, Location and length.
Answer = tuple[int, str | None, int]
MAKE = """
from django.contrib.auth.hashers import make_password
from hc.accounts.models import User
from hc.accounts.services.accounts import create_account
for n in range({number}):
    create_account(f"known{{n}}@example.org")
User.objects.update(password=make_password("{password}"))
"""


class Asker:
    """One kept connection. Each try comes from an address of its own, so that no limit is met."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("localhost", port, timeout=30)
        self._tries = 0
        page = self._send("GET", LINK, "", "")
        cookie = re.search(r"csrftoken=([^;]+)", str(page.getheader("Set-Cookie")))
        token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page.read())
        assert cookie
        assert token
        self._cookie, self._token = cookie[1], token[1].decode()

    def ask(self, path: str, data: dict[str, str]) -> tuple[float, Answer]:
        """Milliseconds until the whole answer was there; its status, Location and length."""
        body = urlencode({**data, "csrfmiddlewaretoken": self._token})
        began = time.perf_counter()
        response = self._send("POST", path, body, f"csrftoken={self._cookie}")
        length = len(response.read())
        took = (time.perf_counter() - began) * 1000
        return took, (response.status, response.getheader("Location"), length)

    def _send(self, method: str, path: str, body: str, cookie: str) -> http.client.HTTPResponse:
        self._tries += 1
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": cookie,
            "X-Forwarded-For": f"203.0.{self._tries // 256}.{self._tries % 256}",
        }
        self._connection.request(method, path, body, headers)
        return self._connection.getresponse()


def by_link(email: str) -> tuple[str, dict[str, str]]:
    return LINK, {"identity": email}


def by_password(email: str) -> tuple[str, dict[str, str]]:
    return LINK, {"action": "login", "email": email, "password": "wrong, but long enough"}


def by_sign_up(email: str) -> tuple[str, dict[str, str]]:
    return SIGNUP, {"identity": email, "tz": "Europe/Riga"}


def compare(asker: Asker, name: str) -> bool:
    """Ask for both in turns; whether the medians are close, and the answers the same."""
    way = WAYS[name]
    times: dict[str, list[float]] = {"known": [], "other": []}
    answers: dict[str, set[Answer]] = {"known": set(), "other": set()}
    for number in range(TRIES + 5):
        for sort in times if number % 2 else reversed(times):
            path, data = way(f"{sort}{number}@example.org")
            took, answer = asker.ask(path, data)
            answers[sort].add(answer)
            if number >= 5:
                times[sort].append(took)
    medians = {sort: statistics.median(found) for sort, found in times.items()}
    difference = medians["known"] - medians["other"]
    print(
        f"{name:9} known {medians['known']:7.2f} ms, unknown {medians['other']:7.2f} ms, "
        f"difference {difference:+.2f} ms, "
        f"answers {sorted(answers['known'], key=str)}"
    )
    return abs(difference) < LIMIT_MS and answers["known"] == answers["other"]


WAYS = {"link": by_link, "password": by_password, "sign-up": by_sign_up}


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="hc-login-"))
    database = {k: v for k, v in os.environ.items() if k.startswith("DB")}
    mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(free_port()), "EMAIL_USE_TLS": "False"}
    service = Service(folder, {**database, **mail, "REGISTRATION_OPEN": "True"})
    try:
        service.start()
        service.shell(MAKE.format(number=TRIES + 5, password=PASSWORD))
        asker = Asker(service.port)
        good = [compare(asker, name) for name in WAYS]
    finally:
        service.clean_up()
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
