"""The mail door for tests: a real server on the loopback interface, and a client for it."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from hc.api.models import Check
from hc.pings import writer
from hc.pings.intake import Intake, Record
from hc.pings.maildoor import MailServer
from hc.pings.smtp import Limits
from hc.pings.spool import Spool
from tests.receivers import free_port

DOMAIN = "ping.example.org"
SENDER = "cron@example.org"
MAIL = "Subject: done\r\n\r\nall well\r\n"


@dataclass
class Running:
    port: int
    stop: Callable[[], None]

    def client(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.port, timeout=20)

    def send(self, to: str | list[str], raw: bytes | str = MAIL, sender: str = SENDER) -> None:
        with self.client() as client:
            client.sendmail(sender, to, raw)


@contextmanager
def running(
    folder: Path,
    *,
    spool_limit: int = 1_000_000,
    tls: ssl.SSLContext | None = None,
    limits: Limits | None = None,
    record: Record = writer.record,
) -> Iterator[Running]:
    """A server on a thread of its own, which is stopped in the end."""
    started, stopping = threading.Event(), asyncio.Event()
    ports: list[int] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        intake = Intake(Spool(folder, spool_limit), record=record)
        server = MailServer(intake, tls=tls, limits=limits)
        await server.start("127.0.0.1", 0)
        ports.append(server.port)
        started.set()
        await stopping.wait()
        await server.stop()

    def stop() -> None:
        if thread.is_alive():
            loops[0].call_soon_threadsafe(stopping.set)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(10)
    try:
        yield Running(ports[0], stop)
    finally:
        stop()
        thread.join(20)
        assert not thread.is_alive()


@contextmanager
def database_away(folder: Path) -> Iterator[None]:
    """Nobody who is not connected yet can reach the database; SQLite looks into a folder."""
    values = connection.settings_dict
    before = dict(values)
    if connection.vendor == "sqlite":
        values["NAME"] = str(folder)
    else:
        values |= {"HOST": "127.0.0.1", "PORT": str(free_port())}
    try:
        yield
    finally:
        values.update(before)


def wait_for(what: Callable[[], object]) -> None:
    until = time.monotonic() + 10
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


def address(check: Check) -> str:
    return f"{check.code}@{DOMAIN}"


def replies(client: smtplib.SMTP, *commands: str) -> list[tuple[int, str]]:
    found = []
    for command in commands:
        code, text = client.docmd(command)
        found.append((code, text.decode()))
    return found


def can_connect(server: Running) -> bool:
    try:
        server.client().close()
    except smtplib.SMTPConnectError:
        return False
    return True
