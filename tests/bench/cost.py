"""What a ping costs the database: `python -m tests.bench.cost`.

Fills an empty PostgreSQL database with 10,000 checks and, step by step, 1,000,000 pings, and
prints for batches of several sizes: bytes of WAL and buffers per ping, the share of updates in
place (HOT), and the plans. Needs the server of the tests (127.0.0.1, user postgres).
"""

from __future__ import annotations

import os
import random
import tempfile
from uuid import UUID

DATABASE = "hc_bench_cost"
os.environ |= {
    "ENV_FILE": "",
    "DB": "postgres",
    "DB_HOST": "127.0.0.1",
    "DB_NAME": DATABASE,
    "DATA_DIR": tempfile.mkdtemp(prefix="hc-cost-"),
    "DJANGO_SETTINGS_MODULE": "hc.settings",
}

import django

from tests.bench.ping import psql

psql("postgres", f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
psql("postgres", f"CREATE DATABASE {DATABASE}")
django.setup()

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from hc.accounts.services import accounts, projects
from hc.api.models import Check
from hc.pings import postgres, writer
from tests.factories import ping_event

CHECKS = 10_000
STEPS = (0, 100_000, 1_000_000)
FILL = """\
INSERT INTO api_ping (owner_id, n, created, scheme, method, ua, remote_addr, body_raw, outcome)
SELECT c.id, g, now() - interval '1 day' + g * interval '1 min', 'http', 'POST', 'curl/8.0',
 '10.0.0.1', '\\x646f6e65', 's' FROM api_check c, generate_series(%s + 1, %s) g"""


def main() -> None:
    call_command("migrate", verbosity=0)
    owner = accounts.create_account("bench@example.org")
    project = projects.create_project("Bench", owner)
    Check.objects.bulk_create(Check(project=project, name=f"Check {i}") for i in range(CHECKS))
    codes = list(Check.objects.filter(project=project).values_list("code", flat=True))
    record(codes, 500, len(codes))  # so that none of the measured pings is a first one
    print(f"{'pings stored':>12} {'batch':>6} {'WAL B/ping':>11} {'buffers/ping':>13} {'HOT':>6}")
    filled = 0
    for step in STEPS:
        fill(filled, step // CHECKS)
        filled = step // CHECKS
        for size in (1, 10, 100):
            measure(codes, size, step)
    explain(codes)


def fill(first: int, last: int) -> None:
    with connection.cursor() as cursor:
        if last > first:
            cursor.execute(FILL, [first, last])
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def record(codes: list[UUID], size: int, number: int) -> None:
    for _ in range(number // size):
        now = timezone.now()
        batch = [ping_event(code, now, body=b"done") for code in random.sample(codes, size)]
        writer.record(batch, now, {"bench": 1})


def measure(codes: list[UUID], size: int, stored: int) -> None:
    number = 2_000
    record(codes, size, number)  # the first change of a page after a checkpoint logs all of it
    before = counters()
    record(codes, size, number)
    wal, buffers, updates, hot = (b - a for a, b in zip(before, counters(), strict=True))
    share = f"{hot / updates:6.0%}"
    print(f"{stored:12,} {size:6} {wal / number:11.0f} {buffers / number:13.1f} {share}")


def counters() -> tuple[int, ...]:
    """Of the server, so far: bytes of WAL, buffers touched, updates of checks, those in place."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn,"
            " (SELECT sum(heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read)"
            "  FROM pg_statio_user_tables),"
            " n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'api_check'"
        )
        return tuple(int(value) for value in cursor.fetchone())


def explain(codes: list[UUID]) -> None:
    statement, values = postgres.lock_call("", random.sample(codes, 32))
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", values)
        print("\nLocking 32 checks:")
        print("\n".join(f"  {line[:110]}" for (line,) in cursor.fetchall()))


if __name__ == "__main__":
    main()
