"""The tasks of housekeeping, in their order, and how often each is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hc.accounts.services import closing
from hc.housekeeping import accounts, chores, days, farewells, removals, retention, rollups
from hc.lib import objects
from hc.pings import bodies

# The first time, days are counted as far back as the flips of an older version reach.
FIRST_DAYS = timedelta(days=93)
# Flips of a deadline that passed while nobody looked come late.
LATE_FLIPS = timedelta(days=7)
# Transactions commit in another order than they get their numbers.
UNSETTLED_PINGS = 20_000


@dataclass(frozen=True, slots=True)
class Task:
    """`steps(now)` yields the number of rows after each small transaction."""

    name: str
    every: timedelta
    steps: Callable[[datetime], Iterator[int]]


def move_bodies(_: datetime) -> Iterator[int]:
    """Large bodies to object storage, if there is one."""
    store = objects.configured()
    if store is None:
        return
    newest = bodies.newest_ping()
    yield from bodies.move(store, chores.position("bodies"), newest)
    chores.advance("bodies", max(0, newest - UNSETTLED_PINGS))


def mails(now: datetime) -> Iterator[int]:
    """What became of notices is noted before their mails go."""
    yield from closing.forget_failed_notices()
    yield from retention.mails(now)


def count_days(now: datetime) -> Iterator[int]:
    """Up and down time of the days that are not settled yet."""
    today = now.astimezone(UTC).date()
    yield from days.count_days(_first_unsettled_day(today), now)
    chores.advance("days", today.toordinal())


def _first_unsettled_day(today: date) -> date:
    """A week back after each midnight, else yesterday: most flips come in time."""
    reached = chores.position("days")
    if not reached:
        return today - FIRST_DAYS
    if reached == today.toordinal():
        return today - timedelta(days=1)
    return max(date.fromordinal(reached) - LATE_FLIPS, today - retention.FLIPS_KEPT)


_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

# Nothing is pruned that was not summed up, so the sums come first.
TASKS = (
    Task("rollups", 5 * _MINUTE, rollups.fold_new_pings),
    Task("days", _HOUR, count_days),
    Task("pings", 5 * _MINUTE, retention.pings),
    Task("bodies", _MINUTE, move_bodies),
    Task("stray bodies", _DAY, retention.stray_bodies),
    Task("notifications", _DAY, retention.notifications),
    Task("flips", _DAY, retention.flips),
    Task("sessions", _HOUR, retention.sessions),
    Task("login tokens", _HOUR, retention.login_tokens),
    Task("token buckets", _HOUR, retention.token_buckets),
    Task("log records", _HOUR, retention.log_records),
    Task("audit log", _DAY, retention.audit_entries),
    Task("invitations", _DAY, retention.invitations),
    Task("removed projects", _HOUR, removals.delete_removed),
    Task("removed checks", _HOUR, removals.delete_removed_checks),
    Task("mails", _HOUR, mails),
    Task("heartbeats", _HOUR, retention.heartbeats),
    Task("closed accounts", _HOUR, farewells.delete_closed),
    Task("unconfirmed accounts", _DAY, accounts.delete_unconfirmed),
    Task("journals", _DAY, retention.journals),
    Task("outages", _DAY, retention.outages),
)
