"""Helpers that need a test or two each."""

from __future__ import annotations

import logging
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
import time_machine
from django.core.signing import TimestampSigner
from pytest_django import Settings

from hc.lib import signing
from hc.lib.links import absolute
from hc.lib.logging import LineFormatter, MaskPaths
from hc.lib.middleware import content_security_policy
from hc.lib.secrets import kept_secret, random_string


def test_a_secret_is_made_once_and_is_ours_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    secret = kept_secret(path)
    assert len(secret) == 64
    assert kept_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_processes_that_start_at_once_agree_on_the_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = set(pool.map(kept_secret, [tmp_path / "key"] * 32))
    assert len(results) == 1


def test_random_strings_differ_and_keep_to_their_alphabet() -> None:
    assert random_string(30) != random_string(30)
    assert set(random_string(200, "ab")) == {"a", "b"}


def test_unsubscribe_links_are_bound_to_their_channel(settings: Settings) -> None:
    channel = uuid4()
    token = signing.unsubscribe_token(channel)
    assert signing.check_unsubscribe_token(channel, token)
    assert not signing.check_unsubscribe_token(uuid4(), token)
    assert not signing.check_unsubscribe_token(channel, token + "x")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key"
    assert signing.check_unsubscribe_token(channel, token)


def test_links_mailed_by_an_older_instance_survive(settings: Settings) -> None:
    """The signed format is part of the contract: accounts 1.4 of the specification."""
    settings.SECRET_KEY = "x"
    signer = TimestampSigner(key="x", salt="alerts")
    channel = uuid4()
    digest = signing._channel_digest(channel, "x")
    assert signing.check_unsubscribe_token(channel, signer.sign(digest))


def test_fresh_tokens_are_told_from_older_ones() -> None:
    with time_machine.travel(0, tick=False):
        token = signing.unsubscribe_token(uuid4())
    with time_machine.travel(299, tick=False):
        assert signing.is_fresh(token)
    with time_machine.travel(301, tick=False):
        assert not signing.is_fresh(token)


def test_links_are_absolute_below_the_sites_path(settings: Settings) -> None:
    settings.SITE_ROOT = "https://checks.example.org/hc"
    assert absolute("/hc/accounts/login/") == "https://checks.example.org/hc/accounts/login/"


def test_the_content_policy_allows_the_operators_logo_and_ping_address(settings: Settings) -> None:
    settings.SITE_LOGO_URL = "https://cdn.example.org/logo.svg"
    settings.PING_ENDPOINT = "https://ping.example.org/"
    policy = content_security_policy()
    assert "img-src 'self' data: https://cdn.example.org;" in policy
    assert "connect-src 'self' https://ping.example.org" in policy
    assert "unsafe" not in policy


def test_log_lines_carry_what_the_caller_added() -> None:
    record = logging.makeLogRecord(
        {
            "name": "hc.x",
            "levelname": "INFO",
            "msg": "sent",
            "created": 0.0,
            "action": "send",
            "error": "a b",
        }
    )
    assert (
        LineFormatter().format(record)
        == "1970-01-01T00:00:00.000Z INFO hc.x: sent action=send error='a b'"
    )


def test_log_lines_show_tracebacks_but_no_requests() -> None:
    try:
        raise ValueError("boom")
    except ValueError:
        info = sys.exc_info()
    record = logging.makeLogRecord({"msg": "failed", "exc_info": info, "request": "secret"})
    line = LineFormatter().format(record)
    assert "ValueError: boom" in line
    assert "secret" not in line


@pytest.mark.parametrize("path", ["/accounts/login/", "/nothing/"])
def test_every_page_carries_the_security_headers(client: object, db: None, path: str) -> None:
    response = client.get(path)  # type: ignore[attr-defined]  # Django's client
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert "no-store" in response["Cache-Control"]
    assert "camera=()" in response["Permissions-Policy"]


def test_paths_in_log_lines_show_no_codes_and_tokens() -> None:
    path = f"/checks/{uuid4()}/details/"
    record = logging.makeLogRecord({"msg": "%s: %s", "args": ("Internal Server Error", path)})
    assert MaskPaths().filter(record)
    assert record.getMessage() == "Internal Server Error: /checks/…/details/"
