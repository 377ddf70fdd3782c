"""Object storage on the loopback interface: one that works, and some that do not."""

from __future__ import annotations

import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

from minio import Minio

from hc.lib.objects import Place
from tests.receivers import free_port

REGION = "us-east-1"
ACCESS = "test"  # both keys; moto takes any
START_SECONDS = 30
# Ends with us, however we end: then its standard input is closed.
_SERVER = """
import os, sys
from moto.server import ThreadedMotoServer
ThreadedMotoServer("127.0.0.1", int(sys.argv[1]), verbose=False).start()
sys.stdin.read()
os._exit(0)
"""


@contextmanager
def s3_server() -> Iterator[str]:
    """The endpoint, host:port, of a server that speaks S3: moto's, in a process of its own."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with process:
        _wait_for(port)
        yield f"127.0.0.1:{port}"


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


class Bucket:
    """A new, empty bucket, looked at past our own code."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.name = f"bodies-{uuid4().hex[:12]}"
        self._client = Minio(
            endpoint, access_key=ACCESS, secret_key=ACCESS, region=REGION, secure=False
        )
        self._client.make_bucket(self.name)

    def place(self) -> Place:
        return Place(self.name, self.endpoint, ACCESS, ACCESS, REGION, secure=False)

    def listed(self) -> list[str]:
        listed = self._client.list_objects(self.name, recursive=True)
        return [item.object_name or "" for item in listed]

    def read(self, key: str) -> bytes:
        with self._client.get_object(self.name, key) as response:
            return bytes(response.read())


Behaviour = Callable[[socket.socket], None]


@contextmanager
def awkward_server(*behaviours: Behaviour) -> Iterator[str]:
    """A server whose connections behave as told, one after the other, the last for ever on.

    Each behaviour gets a connection on which a request has come in; it is closed afterwards.
    """
    waiting = list(behaviours)
    lock = threading.Lock()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.recv(65_536)
                with lock:
                    behave = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                behave(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def answer(status: int, body: bytes, content_type: str = "application/xml") -> Behaviour:
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return lambda connection: connection.sendall(head.encode() + body)


def refusal(code: str, status: int = 403) -> Behaviour:
    """An error as S3 tells it."""
    return answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())


def silence(connection: socket.socket) -> None:
    """No answer until the other side gives up."""
    connection.recv(1)


def trickle(connection: socket.socket) -> None:
    """An answer that comes byte by byte and never ends."""
    connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)
