"""Mails by the thousand, into a real process: each that was accepted is a ping, once.

MAILS: how many (environment variable, default 2000).
"""

from __future__ import annotations

import os
import re
import smtplib
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from tests.receivers import free_port
from tests.system.mails import odd_mail
from tests.system.service import Service, wait_for

MAILS = int(os.environ.get("MAILS", "2000"))
HUGE, HUGE_BYTES = 6, 20_000_000
THREADS = 6
CHECKS = 40
DOMAIN = "ping.example.org"
SENDERS = ("cron@example.org", "", "root", "a b@example.org", '"odd > one"@x', "x" * 900)


@dataclass
class Senders:
    """Jobs that mail. `accepted`: how many recipients of a mail were, once it was answered 250."""

    port: int
    addresses: Sequence[str]
    accepted: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[int, bytes]] = field(default_factory=list)

    def send(self, sizes: Sequence[int], seed: int) -> None:
        random = Random(seed)  # noqa: S311 - for tests
        with smtplib.SMTP("127.0.0.1", self.port, timeout=120) as client:
            for size in sizes:
                self.send_one(client, random, size)

    def send_one(self, client: smtplib.SMTP, random: Random, size: int) -> None:
        ident = uuid4().hex
        known = random.sample(self.addresses, random.choice((1, 1, 1, 3)))
        unknown = [f"{uuid4()}@{DOMAIN}"] * random.randrange(2)
        raw = odd_mail(random, ident, size)
        try:
            refused = client.sendmail(random.choice(SENDERS), known + unknown, raw)
        except smtplib.SMTPResponseException as e:
            error = e.smtp_error
            self.refused.append((e.smtp_code, error if isinstance(error, bytes) else b""))
            raise
        assert {code for code, _ in refused.values()} <= {550}
        assert refused.keys() == set(unknown)
        self.accepted[ident] = len(known)


@pytest.fixture
def door(service: Service) -> Senders:
    port = free_port()
    service.environment |= {
        "SMTPD_HOST": "127.0.0.1",
        "SMTPD_PORT": str(port),
        "PING_EMAIL_DOMAIN": DOMAIN,
    }
    service.start()
    script = f"""
from hc.accounts.models import Profile
from hc.accounts.services import accounts, keys, projects
from hc.api.models import Check
project = projects.create_project("Load", accounts.create_account("ops@example.org"))
Profile.objects.update(ping_log_limit=1_000_000)
print(keys.create_ping_key(project))
rules = dict(filter_subject=True, filter_body=True, failure_kw="fail", success_kw="well")
checks = [
    Check(project=project, slug=f"c-{{i}}", **(rules if i % 3 else {{}}))
    for i in range({CHECKS})
]
for c in Check.objects.bulk_create(checks):
    print(c.code)
"""
    key, *codes = service.shell(script).split()
    names = [code if i % 2 else f"{key}+c-{i}" for i, code in enumerate(codes)]
    return Senders(port, [f"{name}@{DOMAIN}" for name in names])


def stored(service: Service) -> Counter[str]:
    """How many pings there are of each mail."""
    script = """
from hc.api.models import Ping
for body in Ping.objects.filter(scheme="email").values_list("body_raw", flat=True).iterator():
    print(bytes(body[:100]))
"""
    idents = [re.search(r"[0-9a-f]{32}", line) for line in service.shell(script).splitlines()]
    return Counter(found[0] if found else "?" for found in idents)


def memory(service: Service) -> float:
    """Megabytes that the process of the mail door takes."""
    (pid,) = re.findall(r"smtpd started \(pid=(\d+)\)", service.log)
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1000


def sizes_of(number: int, random: Random) -> list[int]:
    """Most mails are small."""
    limits = random.choices((2_000, 20_000, 200_000, 1_000_000), (80, 15, 4, 1), k=number)
    return [random.randrange(200, limit) for limit in limits]


def test_mails_of_all_sorts(service: Service, door: Senders) -> None:
    random = Random(1)  # noqa: S311 - for tests
    began = time.monotonic()
    # The first ones, some of them huge, show how much memory it takes.
    warm_up = sizes_of(MAILS // 10, random) + [HUGE_BYTES] * HUGE
    in_turn(door, warm_up)
    before = memory(service)
    in_turn(door, sizes_of(MAILS - MAILS // 10 - HUGE, random) + [HUGE_BYTES] * HUGE)
    after = memory(service)
    print(f"{MAILS} mails: {time.monotonic() - began:.1f} s, {before:.0f} MB, then {after:.0f} MB")
    assert door.refused == []
    assert stored(service) == door.accepted
    assert after < before + 15
    assert "ERROR" not in service.log
    assert service.stop() < 10


def in_turn(door: Senders, sizes: list[int]) -> None:
    """Send mails of these sizes, on several connections at once."""
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(door.send, sizes[i::THREADS], i) for i in range(THREADS)]:
            done.result()


def test_it_stops_while_mails_come_in(service: Service, door: Senders) -> None:
    def job(seed: int) -> None:
        # In the end, the connection breaks.
        with suppress(OSError, smtplib.SMTPException):
            door.send([3000] * 1_000_000, seed)

    threads = [threading.Thread(target=job, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    with smtplib.SMTP("127.0.0.1", door.port, timeout=60) as stalling:
        stalling.ehlo()
        stalling.mail("cron@example.org")
        stalling.rcpt(door.addresses[0])
        stalling.docmd("DATA")
        wait_for(lambda: len(door.accepted) > 300, 60, "mails")
        assert service.stop() < 10
        stalling.close()
    for thread in threads:
        thread.join()
    assert {code for code, _ in door.refused} <= {421}
    found = stored(service)
    assert set(found.values()) <= {1, 3}
    assert {ident: found[ident] for ident in door.accepted} == door.accepted
    assert "Traceback" not in service.log
