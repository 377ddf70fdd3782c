from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from hc.integrations.base import Alert, Outcome, Result
from hc.integrations.webhook.config import WebhookConfig
from hc.integrations.webhook.transport import send
from hc.lib.http import Answer, HttpError
from tests.alerts import ALERT_ID, CODE, DOWN, UP, FakeHttp, named, wire, with_body


def deliver(alert: Alert, http: FakeHttp, **config: Any) -> Outcome:
    return asyncio.run(send(alert, WebhookConfig(**config), wire(http)))


def request_for(alert: Alert, **config: Any) -> tuple[str, str, dict[str, str], bytes | None]:
    http = FakeHttp()
    assert deliver(alert, http, **config).result is Result.DELIVERED
    (request,) = http.requests
    return request


def test_the_request_of_the_direction_is_made() -> None:
    config = {
        "url_down": "https://x/down",
        "method_up": "PUT",
        "url_up": "https://x/up",
        "body_up": "u",
    }
    assert request_for(DOWN, **config)[:2] == ("GET", "https://x/down")
    method, url, _, body = request_for(UP, **config)
    assert (method, url, body) == ("PUT", "https://x/up", b"u")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_methods_without_a_body_send_none(method: str) -> None:
    _, _, _, body = request_for(DOWN, method_down=method, url_down="https://x", body_down="kept")
    assert body is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_methods_with_a_body_send_it_expanded(method: str) -> None:
    _, _, _, body = request_for(
        DOWN,
        method_down=method,
        url_down="https://x",
        body_down='{"n": $NAME_JSON, "s": "$STATUS"}',
    )
    assert json.loads(body or b"") == {"n": "Nightly backup", "s": "down"}


def test_values_are_encoded_for_urls() -> None:
    alert = named(DOWN, "a/b ü&$CODE")
    _, url, _, _ = request_for(alert, url_down="https://x/$CODE?n=$NAME&t=$TAG1")
    assert url == f"https://x/{CODE}?n=a/b%20%C3%BC%26%24CODE&t=db"


def test_header_values_are_expanded_on_one_latin_line() -> None:
    alert = named(DOWN, "two\r\nX-Evil: lines ā")
    headers = request_for(alert, url_down="https://x", headers_down={"X-Name": "n=$NAME"})[2]
    assert headers["X-Name"] == "n=two X-Evil: lines &#257;"


def test_the_message_can_be_recognised_when_it_comes_twice() -> None:
    assert request_for(DOWN, url_down="https://x")[2]["Idempotency-Key"] == str(ALERT_ID)


def test_an_idempotency_key_of_the_user_wins() -> None:
    headers = request_for(DOWN, url_down="https://x", headers_down={"idempotency-key": "mine"})[2]
    assert headers == {"idempotency-key": "mine"}


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_" + base64.b64encode(b"k" * 24).decode(), b"k" * 24),
        ("plain", b"plain"),
        ("whsec_!!", b"whsec_!!"),
    ],
)
def test_requests_are_signed_by_the_standard_webhooks_scheme(secret: str, key: bytes) -> None:
    _, _, headers, body = request_for(
        DOWN, method_down="POST", url_down="https://x", body_down="$STATUS", secret=secret
    )
    stamp = headers["webhook-timestamp"]
    assert headers["webhook-id"] == str(ALERT_ID)
    assert stamp == str(int(DOWN.at.timestamp()))
    signed = f"{ALERT_ID}.{stamp}.".encode() + (body or b"")
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"


def test_the_body_of_the_last_ping_can_be_passed_on() -> None:
    alert = with_body(DOWN, b'line "1"\n\xff')
    _, _, _, body = request_for(
        alert,
        method_down="POST",
        url_down="https://x/$BODY",
        body_down="$BODY_JSON|$BODY|$EXITSTATUS",
    )
    assert (body or b"").decode() == '"line \\"1\\"\\n\\ufffd"|line "1"\n\ufffd|3'


def test_without_a_url_there_is_nothing_to_call() -> None:
    outcome = deliver(DOWN, FakeHttp(), url_up="https://x")
    assert outcome == Outcome(Result.FAILED, "Empty webhook URL")


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_success(status: int) -> None:
    assert deliver(DOWN, FakeHttp(Answer(status)), url_down="https://x").result is Result.DELIVERED


@pytest.mark.parametrize("status", [203, 301, 400, 401, 404, 410])
def test_refusals_are_tried_a_few_times(status: int) -> None:
    outcome = deliver(DOWN, FakeHttp(Answer(status)), url_down="https://x")
    assert outcome == Outcome(Result.RETRY, f"Received status code {status}", max_attempts=3)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_trouble_is_tried_for_hours(status: int) -> None:
    outcome = deliver(DOWN, FakeHttp(Answer(status)), url_down="https://x")
    assert (outcome.result, outcome.max_attempts) == (Result.RETRY, None)


def test_the_pause_that_a_server_asks_for_is_granted() -> None:
    outcome = deliver(DOWN, FakeHttp(Answer(429, {"retry-after": "90"})), url_down="https://x")
    assert outcome.retry_after is not None
    assert outcome.retry_after.total_seconds() == 90


@pytest.mark.parametrize(("permanent", "result"), [(False, Result.RETRY), (True, Result.FAILED)])
def test_errors_of_the_connection_are_recorded(permanent: bool, result: Result) -> None:
    http = FakeHttp(error=HttpError("Connection failed", permanent=permanent))
    assert deliver(DOWN, http, url_down="https://x") == Outcome(result, "Connection failed")


def test_no_secret_shows_in_an_error_or_a_repr() -> None:
    config = WebhookConfig(url_down="https://x", secret="whsec_hidden")
    outcome = deliver(DOWN, FakeHttp(Answer(500, {}, b"whsec_hidden")), **config.model_dump())
    assert "hidden" not in outcome.error
    assert "hidden" not in repr(config)


def test_stored_values_of_older_versions_load() -> None:
    value = {
        "method_down": "POST",
        "url_down": "https://x",
        "body_down": "b",
        "headers_down": {"A": "b"},
        "method_up": "GET",
        "url_up": "",
        "body_up": "",
        "headers_up": {},
        "name": "n",
    }
    config = WebhookConfig.load(json.dumps(value))
    assert config.model_dump() == value | {"secret": ""}
    assert WebhookConfig.load(config.dump()) == config


@pytest.mark.parametrize(
    ("config", "title", "details", "wants_up"),
    [
        ({"url_down": "https://a.example/x", "url_up": "https://b.example"}, "a.example", "", True),
        ({"url_down": "https://a.example"}, "a.example", "down only", False),
        ({"url_up": "https://b.example"}, "b.example", "up only", True),
    ],
)
def test_how_a_webhook_is_listed(
    config: dict[str, str], title: str, details: str, wants_up: bool
) -> None:
    subject = WebhookConfig(**config)  # type: ignore[arg-type]  # names of fields
    assert (subject.title(), subject.details(), subject.wants("up")) == (title, details, wants_up)


def test_each_status_has_a_destination_of_its_own() -> None:
    subject = WebhookConfig(url_down="https://a.example/x", url_up="https://u:p@B.example:8443/y")
    assert subject.destination("down") == "a.example"
    assert subject.destination("up") == "b.example:8443"


def test_downtime_and_reason_are_placeholders() -> None:
    _, url, _, _ = request_for(replace(UP), url_up="https://x/?d=$DOWNTIME&r=$REASON")
    assert url == "https://x/?d=3720&r="
