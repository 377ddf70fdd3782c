"""Counters and timers for a statsd server, over UDP. A server that is not there is no trouble."""

from __future__ import annotations

import socket
from functools import lru_cache

from django.conf import settings

from hc.lib.background import Background

PORT = 8125

_background = Background("statsd")


def count(name: str) -> None:
    _send(f"{name}:1|c")


def timing(name: str, seconds: float) -> None:
    _send(f"{name}:{seconds * 1000:.0f}|ms")


def _send(line: str) -> None:
    if settings.STATSD_HOST:
        _background.submit(lambda: _transmit(settings.STATSD_HOST, line))


def _transmit(server: str, line: str) -> None:
    host, _, port = server.partition(":")
    address = (host, int(port) if port.isdecimal() else PORT)
    with socket.socket(_family(host), socket.SOCK_DGRAM) as sender:
        sender.sendto(line.encode(), address)


@lru_cache(maxsize=4)
def _family(host: str) -> socket.AddressFamily:
    return socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)[0][0]
