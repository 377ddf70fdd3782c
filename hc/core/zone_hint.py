"""Whether a job seems to run by the clock of another time zone than its schedule says.

The most frequent mistake with cron: the schedule is right, the zone is not. Then runs begin at a
stable distance from the expected times, by whole or half hours. What is found is an offer, not a
judgement, so everything here would rather be silent than wrong: a schedule that the runs fit as it
is gets no hint, and neither do too few or unsteady runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from hc.core.schedule import Cron, OnCalendar, Schedule, ScheduleError, next_after

# How many of the newest runs are looked at, and how many there have to be.
NEWEST, ENOUGH = 8, 4
# Clocks that go ahead, and how late after its time cron starts a job.
EARLY, LATE = timedelta(minutes=1), timedelta(minutes=5)
STEP = timedelta(minutes=30)
# The zones of the earth lie at most 26 hours apart; more than a day cannot be told from less.
FARTHEST = timedelta(hours=14)


def offsets(schedule: Schedule, begins: Sequence[datetime], grace: timedelta) -> list[timedelta]:
    """By how much later (earlier: negative) than expected all of these runs began, the nearest
    possibility first; nothing if they fit the schedule, or no offset fits them all.

    `begins`: when the newest runs began (aware), in any order. `grace`: of the check. A rhythm that
    repeats within the day fits several offsets. Raises ScheduleError.
    """
    if not isinstance(schedule, Cron | OnCalendar) or len(begins) < ENOUGH:
        return []
    newest = sorted(begins, reverse=True)[:NEWEST]
    if _are_steady(newest) and not _some_fit(schedule, newest, max(grace, LATE)):
        return [by for by in _CANDIDATES if all(_is_due(schedule, at - by) for at in newest)]
    return []


def zones_that_fit(
    schedule: Cron | OnCalendar, begins: Sequence[datetime], names: Iterable[str]
) -> list[str]:
    """Those of the zones by whose clock all of these runs began as scheduled, in their order.

    Zones are tried, not offsets compared: so runs before and after a change of the clocks count.
    """
    newest = sorted(begins, reverse=True)[:NEWEST]
    found = []
    for name in dict.fromkeys(names):
        try:
            if all(_is_due(replace(schedule, tz=name), at) for at in newest):
                found.append(name)
        except ScheduleError:
            continue
    return found


_CANDIDATES = sorted(
    (STEP * n for n in range(-(FARTHEST // STEP), FARTHEST // STEP + 1) if n),
    key=lambda by: (abs(by), by),
)


def _some_fit(schedule: Cron | OnCalendar, begins: Iterable[datetime], late: timedelta) -> bool:
    """Whether any of the runs began when the schedule says."""
    return any(_is_due(schedule, at, late) for at in begins)


def _is_due(schedule: Cron | OnCalendar, at: datetime, late: timedelta = LATE) -> bool:
    """Whether an expected time lies shortly before `at`, or at it."""
    due = next_after(schedule, at - late - timedelta(microseconds=1))
    return due is not None and due <= at + EARLY


def _are_steady(begins: Sequence[datetime]) -> bool:
    """Runs in a rhythm, not several at once (retries, tests by hand)."""
    return all(later - earlier >= STEP for later, earlier in pairwise(begins))
