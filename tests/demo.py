"""A project with a bit of everything, for looking at pages: `python -m tests.demo`.

Fills the database of the environment (DATA_DIR, DB …) and prints how to sign in.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hc.settings")

import django

django.setup()

from django.utils import timezone

from hc.accounts.models import Project
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
from hc.alerts import overdue
from hc.api.models import Check
from hc.core.state import Kind
from hc.pings import writer
from tests.factories import (
    PASSWORD,
    make_check,
    make_cron_check,
    make_email,
    make_webhook,
    ping_event,
)

EMAIL = "demo@example.org"
HOUR = timedelta(hours=1)


def run(
    check: Check, ends: list[datetime], took: timedelta, fails: frozenset[int] = frozenset()
) -> None:
    """Runs that ended at `ends`; those with an index in `fails` failed."""
    for index, end in enumerate(ends):
        overdue.sweep(end - took)
        kind = Kind.FAIL if index in fails else Kind.SUCCESS
        text = b"pg_dump: error: no space left on device\n" if index in fails else b"done\n"
        for at, signal, body in ((end - took, Kind.START, b""), (end, kind, text)):
            writer.record([ping_event(check.code, at, signal, body=body)], at)


def every(step: timedelta, count: int, until: datetime) -> list[datetime]:
    return [until - step * i for i in reversed(range(count))]


def fill(project: Project, now: datetime) -> None:
    make_email(project, "ops@example.org")
    make_webhook(project, "https://hooks.example.org/incidents")
    backup = make_cron_check(
        project, "30 2 * * *", "Europe/Riga", name="Database backup", tags="prod db"
    )
    night = now.replace(hour=0, minute=41) - (24 * HOUR if now.hour < 1 else 0 * HOUR)
    run(backup, every(24 * HOUR, 14, night), timedelta(minutes=11), frozenset({4}))
    mail = make_check(
        project, name="Mail queue", tags="prod mail", timeout=timedelta(minutes=5), grace=HOUR / 6
    )
    run(mail, every(HOUR / 12, 30, now - timedelta(minutes=2)), timedelta(seconds=4))
    invoices = make_check(
        project, name="Send invoices", tags="billing", timeout=24 * HOUR, grace=HOUR
    )
    run(invoices, every(24 * HOUR, 9, now - 10 * HOUR), timedelta(minutes=2), frozenset({8}))
    certificates = make_cron_check(
        project, "0 */6 * * *", name="Renew certificates", tags="prod web", grace=HOUR * 2
    )
    quarter = now.replace(hour=now.hour // 6 * 6, minute=0, second=33) - 6 * HOUR
    run(certificates, every(6 * HOUR, 17, quarter), timedelta(seconds=31))
    reports = make_check(project, name="Weekly report", tags="billing", timeout=168 * HOUR)
    run(reports, every(168 * HOUR, 5, now - 40 * HOUR), timedelta(minutes=4))
    running = make_check(project, name="Video transcoding", tags="media", timeout=2 * HOUR)
    run(running, every(2 * HOUR, 11, now - HOUR), timedelta(minutes=25))
    writer.record([ping_event(running.code, now - timedelta(minutes=6), Kind.START)], now)
    make_check(project, name="Thumbnails", tags="media", timeout=HOUR)
    overdue.sweep(now)
    Check.objects.filter(project=project).update(created=now - 1000 * HOUR)


def main() -> None:
    now = timezone.now()
    owner = create_account(EMAIL, password=PASSWORD, tz="Europe/Riga", admin=True)
    fill(create_project("Web shop", owner), now)
    print(f"{EMAIL} / {PASSWORD}")


if __name__ == "__main__":
    main()
