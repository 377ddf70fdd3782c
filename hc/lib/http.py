"""Outgoing HTTP: hundreds of requests at once over one libcurl multi handle.

Every request has a time limit, a size cap for the answer, and the private-address guard, which
judges the address that is being dialled, so neither DNS tricks nor redirects get around it.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import pycurl

from hc.lib.addresses import is_public

MAX_ANSWER = 65_536
MAX_REDIRECTS = 3
PRIVATE_TARGET = "Connections to private IP addresses are not allowed"

_ERRORS = {
    pycurl.E_OPERATION_TIMEDOUT: "Connection timed out",
    pycurl.E_COULDNT_RESOLVE_HOST: "Could not resolve host",
    pycurl.E_COULDNT_RESOLVE_PROXY: "Could not resolve proxy",
    pycurl.E_COULDNT_CONNECT: "Connection failed",
    pycurl.E_TOO_MANY_REDIRECTS: "Too many redirects",
    pycurl.E_SSL_CONNECT_ERROR: "TLS handshake failed",
    pycurl.E_PEER_FAILED_VERIFICATION: "TLS handshake failed",
    pycurl.E_URL_MALFORMAT: "The URL cannot be read",
    pycurl.E_UNSUPPORTED_PROTOCOL: "Only http and https are supported",
}
_PERMANENT = {pycurl.E_URL_MALFORMAT, pycurl.E_UNSUPPORTED_PROTOCOL}
_SCHEMES = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS


class HttpError(Exception):
    """No answer came; the message says why, without any secret of the request.

    `permanent`: another attempt would end the same way.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of an exchange: status, lower-cased headers, at most 64 KiB of body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON, or None if it is something else."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for all requests of a client."""

    user_agent: str
    allow_private: bool = False
    ca_bundle: str = ""


class HttpClient:
    """An asynchronous client, bound to the event loop of its first request."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._ca = policy.ca_bundle or _system_cas()
        self._multi = pycurl.AsyncCurlMulti()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._multi.aclose()

    async def post(self, url: str, **kwargs: Any) -> Answer:
        return await self.request("POST", url, **kwargs)

    async def request(  # noqa: PLR0913 - all but two have names
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        timeout: float = 30,
    ) -> Answer:
        """Send a request and wait for its answer, redirects followed; raises HttpError.

        `timeout`: seconds for everything together. Header values are sent as Latin-1.
        """
        sent = {"User-Agent": self._policy.user_agent}
        if json is not None:
            sent["Content-Type"] = "application/json"
            body = _json_bytes(json)
        elif form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(form).encode()
        request = _Request(method, url, _merged(sent, headers or {}), body, timeout)
        exchange = _Exchange(self._policy.allow_private)
        curl = pycurl.Curl()
        try:
            exchange.prepare(curl, request)
            if self._ca:
                curl.setopt(pycurl.CAINFO, self._ca)
            await self._multi.perform(curl)
            return exchange.answer(curl.getinfo(pycurl.RESPONSE_CODE))
        except pycurl.error as e:
            raise exchange.error(int(e.args[0])) from None
        except UnicodeError:
            raise HttpError("The URL or a header cannot be encoded", permanent=True) from None
        finally:
            curl.close()
            exchange.close()


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    timeout: float


class _Exchange:
    """The state of one request: what came back, and whether the guard refused an address."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._refused = False
        self._chunks: list[bytes] = []
        self._size = 0
        self._headers: dict[str, str] = {}
        self._sockets: list[socket.socket] = []

    def close(self) -> None:
        for opened in self._sockets:
            opened.close()

    def prepare(self, curl: pycurl.Curl, request: _Request) -> None:
        curl.setopt(pycurl.URL, ascii_url(request.url))
        curl.setopt(pycurl.PROTOCOLS, _SCHEMES)
        curl.setopt(pycurl.REDIR_PROTOCOLS, _SCHEMES)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(min(request.timeout, 10) * 1000))
        curl.setopt(pycurl.TIMEOUT_MS, int(request.timeout * 1000))
        curl.setopt(pycurl.FOLLOWLOCATION, 1)
        curl.setopt(pycurl.MAXREDIRS, MAX_REDIRECTS)
        if request.body is not None:
            curl.setopt(pycurl.POSTFIELDS, request.body)
            curl.setopt(pycurl.POSTREDIR, pycurl.REDIR_POST_ALL)
        curl.setopt(pycurl.CUSTOMREQUEST, request.method)
        curl.setopt(pycurl.HTTPHEADER, _header_lines(request))
        curl.setopt(pycurl.WRITEFUNCTION, self._on_body)
        curl.setopt(pycurl.HEADERFUNCTION, self._on_header)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)

    def answer(self, status: int) -> Answer:
        return Answer(status, self._headers, b"".join(self._chunks))

    def error(self, code: int) -> HttpError:
        if self._refused:
            return HttpError(PRIVATE_TARGET, permanent=True)
        message = _ERRORS.get(code, f"HTTP request failed, code: {code}")
        return HttpError(message, permanent=code in _PERMANENT)

    def _on_body(self, chunk: bytes) -> None:
        if self._size < MAX_ANSWER:
            self._chunks.append(chunk[: MAX_ANSWER - self._size])
        self._size += len(chunk)

    def _on_header(self, line: bytes) -> None:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            self._headers[name.strip().lower()] = value.strip()

    def _open_socket(self, purpose: int, address: Any) -> socket.socket | int:
        family, kind, protocol, target = address
        if not self._allow_private and not is_public(_host_of(target)):
            self._refused = True
            return int(pycurl.SOCKET_BAD)
        # libcurl works on a duplicate; this one is closed when the request is over.
        opened = socket.socket(family, kind, protocol)
        self._sockets.append(opened)
        return opened


def ascii_url(url: str) -> str:
    """`url` as it goes over the wire: the host in IDNA, everything else percent-encoded.

    Raises UnicodeError if the host has no ASCII form.
    """
    head, separator, rest = url.partition("://")
    authority = re.match(r"[^/?#]*", rest)
    host = authority[0] if authority else ""
    encoded = host if host.isascii() else host.encode("idna").decode("ascii")
    return head + separator + encoded + quote(rest[len(host) :], safe="!#$%&'()*+,/:;=?@[]~")


def _merged(defaults: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """`given` over `defaults`; names compare without letter case."""
    names = {name.lower() for name in given}
    return {k: v for k, v in defaults.items() if k.lower() not in names} | dict(given)


def _header_lines(request: _Request) -> list[bytes]:
    """The headers for libcurl; a line that ends in a colon takes a header of its own away.

    "Expect:" keeps large bodies from waiting for a 100; an absent type keeps libcurl from calling
    every body a form.
    """
    lines = [f"{name}: {value}" for name, value in request.headers.items()] + ["Expect:"]
    if not any(name.lower() == "content-type" for name in request.headers):
        lines.append("Content-Type:")
    if any("\r" in line or "\n" in line for line in lines):
        raise HttpError("A header holds a line break", permanent=True)
    return [line.encode("latin-1") for line in lines]


def _host_of(target: Any) -> str:
    host = target[0] if isinstance(target, tuple) else ""
    return host.decode() if isinstance(host, bytes) else str(host)


def _json_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _system_cas() -> str:
    """The file of certificate authorities of this machine; "" leaves it to libcurl."""
    known = (
        ssl.get_default_verify_paths().cafile,
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
    )
    return next((path for path in known if path and Path(path).is_file()), "")
