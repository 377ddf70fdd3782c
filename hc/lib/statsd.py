"""Counters and timers for a statsd server, over UDP. A server that is not there is no trouble."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from time import monotonic

from django.conf import settings

from hc.lib.background import Background

PORT = 8125

_background = Background("statsd")


def is_on() -> bool:
    """Whether there is a server to send to."""
    return bool(settings.STATSD_HOST)


def count(name: str, number: int = 1) -> None:
    _send(f"{name}:{number}|c")


def timing(name: str, seconds: float) -> None:
    _send(f"{name}:{seconds * 1000:.0f}|ms")


def flush() -> None:
    """Until all that was told so far has been sent."""
    _background.wait()


@contextmanager
def timer(name: str) -> Iterator[None]:
    """Tell how long the block took, also if it raised."""
    began = monotonic()
    try:
        yield
    finally:
        timing(name, monotonic() - began)


def _send(line: str) -> None:
    if is_on():
        _background.submit(lambda: _transmit(settings.STATSD_HOST, line))


def _transmit(server: str, line: str) -> None:
    host, _, port = server.partition(":")
    address = (host, int(port) if port.isdecimal() else PORT)
    with socket.socket(_family(host), socket.SOCK_DGRAM) as sender:
        sender.sendto(line.encode(), address)


@lru_cache(maxsize=4)
def _family(host: str) -> socket.AddressFamily:
    return socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)[0][0]
