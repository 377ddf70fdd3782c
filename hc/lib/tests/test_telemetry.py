"""Log lines, statsd, figures, and the thread for small work."""

from __future__ import annotations

import json
import logging
import socket
import threading

import pytest
from django.test import Client
from pytest_django import Settings

from hc.lib import metrics, statsd
from hc.lib.background import Background
from hc.lib.logging import JsonFormatter, LineFormatter, request_id


def record(**extra: object) -> logging.LogRecord:
    made = logging.LogRecord("hc.alerts", logging.INFO, "file", 1, "went %s", ("down",), None)
    vars(made).update(extra)
    return made


def test_a_line_as_json_has_what_the_caller_added() -> None:
    said = json.loads(JsonFormatter().format(record(action="overdue")))
    assert (said["message"], said["level"], said["action"]) == ("went down", "INFO", "overdue")
    assert said["time"].endswith("Z")


def test_a_traceback_stands_in_its_object() -> None:
    made = record()
    made.exc_info = (ValueError, ValueError("no"), None)
    assert "ValueError: no" in json.loads(JsonFormatter().format(made))["traceback"]


def test_lines_name_the_request() -> None:
    token = request_id.set("abc")
    try:
        assert LineFormatter().format(record()).endswith("went down request=abc")
    finally:
        request_id.reset(token)


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2_3", True), ("a b", False), ("x" * 65, False), ("", False)]
)
def test_the_id_of_a_proxy_is_kept(client: Client, given: str, kept: bool) -> None:
    answered = client.get("/-/live", headers={"x-request-id": given})["X-Request-ID"]
    assert (answered == given) == kept
    assert answered


def test_counters_and_timers_go_to_statsd(settings: Settings) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        settings.STATSD_HOST = f"127.0.0.1:{server.getsockname()[1]}"
        statsd.count("hc.x")
        assert server.recv(100) == b"hc.x:1|c"
        statsd.timing("hc.y", 1.5)
        assert server.recv(100) == b"hc.y:1500|ms"


def test_a_statsd_server_that_does_not_exist_is_no_trouble(settings: Settings) -> None:
    settings.STATSD_HOST = "no such host"
    statsd.count("hc.x")
    statsd._background.wait()


def test_too_much_small_work_is_dropped() -> None:
    gate, background = threading.Event(), Background("test", 2)
    for _ in range(9):
        background.submit(gate.wait)  # type: ignore[arg-type]
    assert background.dropped >= 6
    gate.set()
    background.wait()


def test_work_that_fails_ends_nothing() -> None:
    background, done = Background("test"), threading.Event()
    background.submit(lambda: 1 // 0)  # type: ignore[arg-type]
    background.submit(done.set)
    assert done.wait(5)


def test_a_snapshot_can_be_stored_as_json() -> None:
    metrics.PINGS.labels("recorded").inc()
    names = {family[0] for family in json.loads(json.dumps(metrics.snapshot()))}
    assert {"hc_pings", "hc_ping_batch_size", "hc_spool_bytes"} <= names
