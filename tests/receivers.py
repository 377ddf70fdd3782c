"""Real servers on the loopback interface that stand for the outside world."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Received:
    """A request as it came over the wire, and when."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    def json(self) -> Any:
        return json.loads(self.body)


Behaviour = Callable[[Received], tuple[int, dict[str, str]]]


def fine(_: Received) -> tuple[int, dict[str, str]]:
    return 200, {}


@dataclass
class Receiver:
    """An HTTP server that remembers its requests. `behave` decides the answers."""

    url: str
    requests: list[Received] = field(default_factory=list)
    behave: Behaviour = fine


@contextmanager
def http_receiver() -> Iterator[Receiver]:
    receiver = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            request = Received(self.command, self.path, dict(self.headers), body, time.time())
            receiver.requests.append(request)
            status, headers = receiver.behave(request)
            text = json.dumps({"method": request.method, "body": body.decode("latin-1")}).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the base's names

        def log_message(self, *_: Any) -> None:
            """Nothing on the console."""

        def handle(self) -> None:
            # Some tests are about clients that are killed.
            with suppress(ConnectionError):
                super().handle()

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 512

    server = Server(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Mailbox:
    """An SMTP server that remembers its messages. `refuse`: the reply to RCPT, if any."""

    port: int = 0
    messages: list[tuple[str, list[str], bytes, float]] = field(default_factory=list)
    refuse: str = ""
    connections: int = 0
    sessions: list[SMTP] = field(default_factory=list)

    def hang_up(self) -> None:
        """Close all connections from our side."""
        for server in self.sessions:
            if server.transport:
                server.loop.call_soon_threadsafe(server.transport.close)

    async def handle_EHLO(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, replies: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        self.sessions.append(server)
        return replies

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self.messages.append((envelope.mail_from or "", envelope.rcpt_tos, content, time.time()))
        return "250 OK"


@contextmanager
def smtp_sink(port: int = 0) -> Iterator[Mailbox]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port or free_port())
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop()


@dataclass
class Silence:
    """A server that takes connections and never says a word."""

    port: int
    connections: int = 0


@contextmanager
def silent_server(port: int) -> Iterator[Silence]:
    silence, kept = Silence(port), []
    with socket.create_server(("127.0.0.1", port)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    kept.append(server.accept())
                    silence.connections += 1

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield silence
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection, _ in kept:
                connection.close()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port
