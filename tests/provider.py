"""An OpenID Connect provider that says whatever a test wants."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from django.test import Client
from joserfc import jwt
from joserfc.jwk import RSAKey

from hc.accounts.models import User

CLIENT_ID, CLIENT_SECRET = "our-client", "our:secret/with+signs"
PERSON = {
    "sub": "person-1",
    "email": "Carol@Example.org",
    "email_verified": True,
    "groups": ["staff"],
}


@cache
def key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name})


@dataclass
class Provider:
    """`person`: claims of whoever signs in; `token`: changes of the ID token (None: left out)."""

    issuer: str = ""
    person: dict[str, Any] = field(default_factory=lambda: dict(PERSON))
    token: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: key("first"))
    published: list[RSAKey] = field(default_factory=list)
    algorithm: str = "RS256"
    is_away: bool = False
    answer: bytes | None = None
    slow: float = 0
    asked: list[str] = field(default_factory=list)
    challenge: str = ""
    nonce: str = ""

    def document(self) -> dict[str, Any]:
        names = ("authorization", "token", "userinfo")
        endpoints = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in names}
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **endpoints} | (
            self.metadata
        )

    def keys(self) -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in self.published or [self.key]]}

    def id_token(self) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "nonce": self.nonce,
            "iat": now,
            "exp": now + 300,
            **self.person,
            **self.token,
        }
        header = {"alg": self.algorithm, "kid": self.key.kid}
        return jwt.encode(header, {k: v for k, v in claims.items() if v is not None}, self.key)

    def answer_to(self, path: str, form: dict[str, list[str]], credentials: str) -> Any:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return self.document()
        if path == "/keys":
            return self.keys()
        if path == "/userinfo":
            return self.userinfo or {"sub": self.person["sub"]}
        if path == "/token":
            given = b64decode(credentials.removeprefix("Basic ")).decode()
            if (given or ":".join(form["client_id"] + form["client_secret"])) != (
                f"{CLIENT_ID}:{CLIENT_SECRET}"
            ):
                return {"error": "invalid_client"}
            if create_s256_code_challenge(form["code_verifier"][0]) != self.challenge:
                return {"error": "invalid_grant"}
            return {"access_token": "x", "token_type": "Bearer", "id_token": self.id_token()}
        raise LookupError(path)


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            time.sleep(provider.slow)
            if provider.is_away:
                self.send_error(502)
                return
            credentials = self.headers.get("Authorization", "")
            found = provider.answer_to(self.path, parse_qs(body.decode()), credentials)
            refused = isinstance(found, dict) and "error" in found
            self.send_response(400 if refused else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # they may have enough of it
                self.wfile.write(provider.answer or json.dumps(found).encode())

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def running() -> Iterator[Provider]:
    provider = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def begin(client: Client, provider: Provider, next_url: str = "") -> dict[str, str]:
    """Go to the provider; what the browser brings it."""
    query = {"next": next_url} if next_url else {}
    response = client.get("/accounts/oidc/", query)
    assert response.status_code == 302, response.content
    url = urlsplit(response["Location"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{provider.issuer}/authorization"
    sent = {name: values[0] for name, values in parse_qs(url.query).items()}
    provider.challenge, provider.nonce = sent["code_challenge"], sent["nonce"]
    return sent


def come_back(client: Client, sent: dict[str, str], **more: str) -> Any:
    return client.get("/accounts/oidc/callback/", {"state": sent["state"], "code": "c"} | more)


def sign_in(client: Client, provider: Provider, next_url: str = "") -> Any:
    """There and back."""
    return come_back(client, begin(client, provider, next_url))


def user_of(client: Client) -> User | None:
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk) if pk else None


def text(response: Any) -> str:
    return str(response.content.decode())
