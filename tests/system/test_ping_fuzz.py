"""Whatever is sent to the door of pings: no error of ours, no worker lost, no memory kept.

REQUESTS (environment variable, default 4000): how many; SEED: which ones.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from tests.system.service import Service

T = TypeVar("T")
REQUESTS = int(os.environ.get("REQUESTS", "4000"))
SEED = int(os.environ.get("SEED", "1"))
AT_ONCE = 32
MAX_GROWTH_MB = 35
PATIENCE = 1.0

# What is odd, but a ping all the same; and what is not.
METHODS = [b"GET", b"POST", b"HEAD", b"PUT", b"DELETE", b"PATCH", b"FOO"]
BAD_METHODS = [b"OPTIONS", b"get", b"G\x00T", b""]
SUFFIXES = ["", "/start", "/fail", "/log", "/0", "/255"]
BAD_SUFFIXES = ["//", "/256", "/+1", "/9" * 40, "/FAIL", "/%00"]
QUERIES = ["", "?create=1", "?" + "&" * 900, "?%ff=%zz", "?a=b" * 400]
BAD_QUERIES = ["?rid=aaaaaaaa", "?rid=", "?rid=%00", "?a b"]
HEADERS = [
    b"X-Forwarded-For: unknown",
    b"X-Forwarded-For: [2001::1]:443, 10.0.0.1",
    b"X-Forwarded-For: " + b"1.2.3.4," * 500,
    b"X-Forwarded-For: fe80::1%eth0",
    b"X-Forwarded-Proto: " + b"https" * 20,
    b"User-Agent: \xff\xfe " + b"a" * 900,
    b"User-Agent:",
    b"Content-Type: multipart/form-data; boundary=",
    b"Content-Encoding: gzip",
    b'Cookie: sessionid="',
]
BAD_HEADERS = [
    b"User-Agent: \x01\x7f",
    b"Expect: 100-continue",
    b"Upgrade: websocket",
    b": empty name",
    b"Bad Header: x",
    b"Host: elsewhere.example",
    b"Content-Length: -1",
    b"Content-Length: 99999999999",
    b"Content-Length: 5, 6",
    b"Transfer-Encoding: gzip, chunked",
]


def requests(paths: list[str], seed: int) -> Iterator[bytes]:
    """Endless requests; about half of them are pings."""
    rng = random.Random(seed)  # noqa: S311 - to be repeatable

    def pick(good: Sequence[T], bad: Sequence[T]) -> T:
        return rng.choice(good if rng.random() < 0.9 else bad)

    while True:
        if rng.random() < 0.03:
            yield rng.randbytes(rng.randint(1, 300)) + b"\r\n\r\n"
            continue
        path = pick(paths, ["/ping/", "/ping/x", "/ping/%00/%ff", "/ping/" + "é" * 20])
        target = (path + pick(SUFFIXES, BAD_SUFFIXES) + pick(QUERIES, BAD_QUERIES)).encode()
        version = pick([b"1.1", b"1.1", b"1.0"], [b"1.9", b"3", b"x"])
        lines = [b"%s %s HTTP/%s" % (pick(METHODS, BAD_METHODS), target, version)]
        lines += [b"Host: localhost", *rng.sample(HEADERS, rng.randint(0, 2))]
        lines += rng.sample(BAD_HEADERS, rng.random() < 0.1)
        body = rng.randbytes(rng.choice([0, 0, 1, 100, 9_999, 10_000, 30_000, 200_000]))
        if rng.random() < 0.5 and version == b"1.1":
            lines.append(b"Transfer-Encoding: chunked")
            body = chunked(body, rng)
        else:
            lines.append(b"Content-Length: %d" % len(body))
        request = b"\r\n".join(lines) + b"\r\n\r\n" + body
        yield request[: rng.randint(1, len(request))] if rng.random() < 0.03 else request


def chunked(body: bytes, rng: random.Random) -> bytes:
    parts = []
    while body:
        size = rng.randint(1, 50_000)
        parts.append(b"%x\r\n%s\r\n" % (len(body[:size]), body[:size]))
        body = body[size:]
    end = b"0\r\n\r\n" if rng.random() < 0.9 else b"zz\r\n"
    return b"".join(parts) + end


async def send(port: int, request: bytes) -> int:
    """The status that was answered; 0 for none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(400), PATIENCE)
    except (OSError, TimeoutError):  # such as those that were cut off
        return 0
    finally:
        writer.close()
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.") else 0


async def send_all(
    port: int, generated: Iterator[bytes], number: int
) -> Counter[tuple[int, bytes]]:
    found: Counter[tuple[int, bytes]] = Counter()
    left = iter(range(number))

    async def work() -> None:
        for _ in left:
            request = next(generated)
            status = await send(port, request)
            found[status, request[:200] if status >= 500 else b""] += 1

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return found


def memory(service: Service) -> list[int]:
    """Resident, in MB, of each worker."""
    texts = [Path(f"/proc/{pid}/status").read_text() for pid in service.workers()]
    return [int(text.partition("VmRSS:")[2].split()[0]) // 1024 for text in texts]


def test_no_request_is_an_error_of_ours(tmp_path: Path) -> None:
    service = Service(tmp_path, {"EMAIL_HOST": "mail.invalid"})
    service.start()
    try:
        codes = service.shell(
            "from hc.accounts.services import accounts, projects, keys\n"
            "from hc.api.models import Check\n"
            "owner = accounts.create_account('ops@example.org')\n"
            "project = projects.create_project('Load', owner)\n"
            "print(keys.create_ping_key(project))\n"
            "Check.objects.create(project=project, slug='named', filter_http_body=True)\n"
            "print(Check.objects.create(project=project).code)\n"
        ).split()
        paths = [f"/ping/{codes[1]}", f"/ping/{codes[0]}/named", f"/ping/{codes[0]}/new"]
        generated = requests(paths, SEED)
        before, warm = service.workers(), REQUESTS // 4
        answers = asyncio.run(send_all(service.port, generated, warm))
        sizes = memory(service)
        answers += asyncio.run(send_all(service.port, generated, REQUESTS - warm))
        assert [key for key in answers if key[0] >= 500] == []
        assert sum(count for (status, _), count in answers.items() if status == 200) > REQUESTS / 4
        assert service.workers() == before
        growth = [now - then for then, now in zip(sizes, memory(service), strict=True)]
        assert max(growth) < MAX_GROWTH_MB, growth
        assert "Traceback" not in service.log
    finally:
        service.clean_up()
