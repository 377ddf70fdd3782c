"""How long each check was up and down on each day, and how often a ping was missing.

This follows from the flips, which are kept for two years, so days can be counted again: flips
may come late, stamped with the deadline that passed while nobody looked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from django.db import transaction

from hc.api.models import Check, DailyRollup, Flip
from hc.core.state import Reason, Status
from hc.core.uptime import Uptime, daily, day_period
from hc.housekeeping.rollups import upsert

# Checks read at once, and rows written in one transaction: pings wait for it.
CHECKS = 200
ROWS = 500
COLUMNS = ("missed", "up_seconds", "down_seconds")
SECOND = timedelta(seconds=1)

Facts = tuple[int, int, int]  # the values of COLUMNS
_NOTHING: Facts = (0, 0, 0)


def count_days(since: date, now: datetime) -> Iterator[int]:
    """Count the days in UTC from `since` to `now`, as far as they have passed, for all checks.

    Yields the number of rows that changed, for each transaction.
    """
    after = 0
    while checks := _next_checks(after):
        after = max(checks)
        yield _count(checks, since, now)


def _next_checks(after: int) -> dict[int, tuple[datetime, Status]]:
    """The next checks by id, with the instant of their creation and their status."""
    rows = Check.objects.filter(pk__gt=after).order_by("pk")
    found = rows.values_list("pk", "created", "status")[:CHECKS]
    return {pk: (created, Status(status)) for pk, created, status in found}


def _count(checks: Mapping[int, tuple[datetime, Status]], since: date, now: datetime) -> int:
    flips = _flips(list(checks), since)
    facts: dict[tuple[int, date], Facts] = {}
    for check_id, (created, status) in checks.items():
        mine = flips.get(check_id, ())
        watched = daily(
            [flip.change() for flip in mine], created=created, status=status, since=since, now=now
        )
        facts |= {(check_id, day): found for day, found in _by_day(mine, watched).items()}
    stored = _stored(list(checks), since)
    changed = {
        key: facts.get(key, _NOTHING)
        for key in {*facts, *stored}
        if facts.get(key, _NOTHING) != stored.get(key, _NOTHING)
    }
    keys = sorted(changed)
    for start in range(0, len(keys), ROWS):
        _store({key: changed[key] for key in keys[start : start + ROWS]})
    return len(changed)


def _flips(check_ids: Sequence[int], since: date) -> Mapping[int, Sequence[Flip]]:
    rows = Flip.objects.filter(owner_id__in=check_ids, created__gte=day_period(since).start)
    found: defaultdict[int, list[Flip]] = defaultdict(list)
    for flip in rows.order_by("created", "pk"):
        found[flip.owner_id].append(flip)
    return found


def _by_day(flips: Sequence[Flip], watched: Mapping[date, Uptime]) -> dict[date, Facts]:
    missed = Counter(
        flip.created.astimezone(UTC).date() for flip in flips if flip.reason == Reason.TIMEOUT
    )
    return {
        day: (missed[day], _seconds(watched, day, "up"), _seconds(watched, day, "down"))
        for day in {*missed, *watched}
    }


def _seconds(watched: Mapping[date, Uptime], day: date, name: str) -> int:
    return round(getattr(watched[day], name) / SECOND) if day in watched else 0


def _stored(check_ids: Sequence[int], since: date) -> dict[tuple[int, date], Facts]:
    rows = DailyRollup.objects.filter(owner_id__in=check_ids, day__gte=since)
    return {
        (check_id, day): (missed, up, down)
        for check_id, day, missed, up, down in rows.values_list("owner_id", "day", *COLUMNS)
    }


def _store(facts: Mapping[tuple[int, date], Facts]) -> None:
    with transaction.atomic():
        ids = {check_id for check_id, _ in facts}
        alive = set(Check.objects.for_update().filter(pk__in=ids).values_list("pk", flat=True))
        rows = [
            DailyRollup(owner_id=check_id, day=day, **dict(zip(COLUMNS, found, strict=True)))
            for (check_id, day), found in facts.items()
            if check_id in alive
        ]
        upsert(rows, COLUMNS)
