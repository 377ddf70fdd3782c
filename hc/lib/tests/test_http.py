"""The client against a real server on the loopback interface."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from hc.lib.http import MAX_ANSWER, PRIVATE_TARGET, Answer, HttpClient, HttpError, Policy, ascii_url
from tests.receivers import Received, Receiver, http_receiver

OPEN = Policy("tests/1", allow_private=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as running:
        yield running


def call(url: str, method: str = "GET", policy: Policy = OPEN, **kwargs: Any) -> Answer:
    async def run() -> Answer:
        async with HttpClient(policy) as client:
            return await client.request(method, url, **kwargs)

    return asyncio.run(run())


def test_json_is_sent_and_read(receiver: Receiver) -> None:
    answer = call(receiver.url, "POST", json={"é": 1})
    (request,) = receiver.requests
    assert (request.method, request.json()) == ("POST", {"é": 1})
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"] == "tests/1"
    assert answer.status == 200
    assert answer.json()["method"] == "POST"


def test_forms_are_encoded(receiver: Receiver) -> None:
    call(receiver.url, "POST", form={"a": "b c&d"})
    assert receiver.requests[0].body == b"a=b+c%26d"


def test_a_raw_body_has_no_type_unless_one_is_given(receiver: Receiver) -> None:
    call(receiver.url, "PUT", body=b"raw")
    call(receiver.url, "PUT", body=b"raw", headers={"content-type": "text/plain"})
    first, second = receiver.requests
    assert (first.method, first.body) == ("PUT", b"raw")
    assert "Content-Type" not in first.headers
    assert second.headers["content-type"] == "text/plain"


def test_given_headers_win(receiver: Receiver) -> None:
    call(receiver.url, headers={"user-agent": "mine"})
    assert receiver.requests[0].headers["user-agent"] == "mine"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_redirects_keep_method_and_body(receiver: Receiver, status: int, method: str) -> None:
    def behave(request: Received) -> tuple[int, dict[str, str]]:
        return (status, {"Location": "/b"}) if request.path == "/a" else (200, {})

    receiver.behave = behave
    answer = call(f"{receiver.url}/a", method, body=b"kept")
    assert answer.json() == {"method": method, "body": "kept"}


def test_too_many_redirects(receiver: Receiver) -> None:
    receiver.behave = lambda _: (302, {"Location": "/"})
    with pytest.raises(HttpError, match="Too many redirects"):
        call(receiver.url)
    assert len(receiver.requests) == 4


def test_a_redirect_to_another_scheme_is_not_followed(receiver: Receiver) -> None:
    receiver.behave = lambda _: (302, {"Location": "file:///etc/passwd"})
    with pytest.raises(HttpError, match="Only http and https"):
        call(receiver.url)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_private_addresses_are_refused_where_they_are_dialled(
    receiver: Receiver, host: str
) -> None:
    url = receiver.url.replace("127.0.0.1", host)
    with pytest.raises(HttpError, match=PRIVATE_TARGET) as caught:
        call(url, policy=Policy("tests/1"))
    assert caught.value.permanent
    assert receiver.requests == []


def test_a_server_that_does_not_answer_is_given_up(receiver: Receiver) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        with pytest.raises(HttpError, match="Connection timed out"):
            call(f"http://127.0.0.1:{deaf.getsockname()[1]}/", timeout=0.3)


@pytest.mark.parametrize(
    ("url", "message", "permanent"),
    [
        ("http://nobody.invalid/", "Could not resolve host", False),
        ("http://127.0.0.1:1/", "Connection failed", False),
        ("ftp://example.org/", "Only http and https are supported", True),
        ("http://", "The URL cannot be read", True),
        ("http://[::1/", "The URL cannot be read", True),
        ("http://" + "ü" * 80 + ".example/", "The URL or a header cannot be encoded", True),
    ],
)
def test_errors_say_what_is_wrong(url: str, message: str, permanent: bool) -> None:
    with pytest.raises(HttpError, match=message) as caught:
        call(url)
    assert caught.value.permanent == permanent


def test_plain_http_where_tls_is_expected(receiver: Receiver) -> None:
    with pytest.raises(HttpError, match="TLS handshake failed"):
        call(receiver.url.replace("http:", "https:"))


@pytest.mark.parametrize("headers", [{"X": "a\r\nY: b"}, {"X": "ā"}])
def test_headers_cannot_smuggle_anything(receiver: Receiver, headers: dict[str, str]) -> None:
    with pytest.raises(HttpError):
        call(receiver.url, headers=headers)
    assert receiver.requests == []


def test_only_so_much_of_an_answer_is_kept(receiver: Receiver) -> None:
    answer = call(receiver.url, "POST", body=b"x" * 200_000)
    assert len(answer.body) == MAX_ANSWER
    assert answer.json() is None


def test_many_requests_run_at_once(receiver: Receiver) -> None:
    async def run() -> list[Answer]:
        async with HttpClient(OPEN) as client:
            return await asyncio.gather(*(client.post(receiver.url, json=i) for i in range(50)))

    assert {a.status for a in asyncio.run(run())} == {200}
    assert sorted(r.json() for r in receiver.requests) == list(range(50))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/a?b=c%20d", "https://example.org/a?b=c%20d"),
        ("https://bücher.example/ü ?q=ü", "https://xn--bcher-kva.example/%C3%BC%20?q=%C3%BC"),
    ],
)
def test_addresses_in_other_scripts(url: str, expected: str) -> None:
    assert ascii_url(url) == expected
