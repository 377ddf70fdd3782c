"""A receiver of webhooks in a process of its own, for storms of thousands of requests.

`python -m tests.receiving FOLDER --delay 0.1` prints its port and writes a line per request to
FOLDER/receipts: the time, the path, the idempotency key. What a path answers: /hole/ never
anything, /loop/ a redirect to itself, /broken/ 500 while FOLDER/broken exists, all others 200
after the delay.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

TLS_HELLO = b"\x16"
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Receipt:
    at: float
    path: str
    key: str


@dataclass
class Receiving:
    """What came in so far."""

    folder: Path
    port: int
    _read: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def receipts(self) -> list[Receipt]:
        lines = (self.folder / "receipts").read_text().splitlines()
        parts = [line.split() for line in lines]
        return [Receipt(float(p[0]), p[1], p[2]) for p in parts if len(p) == 3]

    def paths(self) -> set[str]:
        return {receipt.path for receipt in self.receipts()}

    def forget(self) -> None:
        (self.folder / "receipts").write_text("")

    def fail(self, *, broken: bool) -> None:
        """Whether /broken/ is broken."""
        flag = self.folder / "broken"
        flag.touch() if broken else flag.unlink(missing_ok=True)


@contextmanager
def receiving(folder: Path, delay: float = 0.0) -> Iterator[Receiving]:
    folder.mkdir(exist_ok=True)
    (folder / "receipts").touch()
    command = [sys.executable, "-m", "tests.receiving", str(folder), "--delay", str(delay)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield Receiving(folder, int(process.stdout.readline()))
    finally:
        process.kill()
        process.communicate()


class Server:
    def __init__(self, folder: Path, delay: float) -> None:
        self._folder = folder
        self._delay = delay
        self._file = (folder / "receipts").open("a", buffering=1)

    async def serve(self) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0, backlog=4096)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                first = await reader.readexactly(1)
                if first == TLS_HELLO:
                    writer.write(b"This is no place for TLS.\r\n")
                    break
                head = first + await reader.readuntil(b"\r\n\r\n")
                await self._answer(head.decode("latin-1"), reader, writer)
            writer.close()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(
        self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        lines = head.split("\r\n")
        path = lines[0].split(" ")[1]
        pairs = (line.partition(":") for line in lines[1:])
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        await reader.readexactly(int(headers.get("content-length", "0")))
        key = headers.get("idempotency-key", "-")
        if path.startswith("/hole/"):
            await asyncio.sleep(3600)
        status, more = "200 OK", ""
        if path.startswith("/loop/"):
            status, more = "302 Found", f"Location: {path}\r\n"
        elif path.startswith("/broken/") and (self._folder / "broken").exists():
            status = "500 Oops"
        else:
            self._file.write(f"{time.time():.6f} {path} {key}\n")
        await asyncio.sleep(self._delay)
        writer.write(f"HTTP/1.1 {status}\r\n{more}Content-Length: 0\r\n\r\n".encode())


def main() -> None:
    arguments = argparse.ArgumentParser(description="Receive webhooks.")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--delay", type=float, default=0.0)
    options = arguments.parse_args()
    uvloop.run(Server(options.folder, options.delay).serve())


if __name__ == "__main__":
    main()
