"""A person who looks at pages, without a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

PASSWORD = "correct horse battery"


def _opener() -> OpenerDirector:
    return build_opener(HTTPCookieProcessor(CookieJar()))


@dataclass
class Visitor:
    url: str
    _opener: OpenerDirector = field(default_factory=_opener)

    def sign_in(self, address: str, password: str = PASSWORD) -> None:
        token = re.search(
            r'name="csrfmiddlewaretoken" value="(\w+)"', self.read("/accounts/login/")
        )
        assert token
        form = {"action": "login", "email": address, "password": password}
        form["csrfmiddlewaretoken"] = token[1]
        with self._opener.open(f"{self.url}/accounts/login/", urlencode(form).encode()) as answer:
            assert "/accounts/login/" not in answer.url

    def read(self, path: str) -> str:
        with self._opener.open(f"{self.url}{path}", timeout=10) as answer:
            text: str = answer.read().decode()
            return text
