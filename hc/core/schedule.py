"""When the next ping of a check is expected.

Three kinds of schedule: a period (`Simple`), a cron expression (`Cron`) and systemd calendar
expressions (`OnCalendar`). `next_after` answers for all of them, in UTC.

Daylight saving time. Cron follows Debian's cron: a job at a fixed time that falls into the hour
skipped in spring runs at its end, one that falls into the hour repeated in autumn runs once;
jobs with a `*` hour or minute run by real time. OnCalendar follows systemd: a time in the skipped
hour does not exist, one in the repeated hour comes once. Both libraries work on local time and
can therefore name an instant of the first pass after a ping in the second one; `next_after` only
ever returns instants later than the ping.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from oncalendar import OnCalendarError, TzIterator

from hc.core import zones

MAX_EXPRESSION = 100
MAX_CALENDAR_WORDS = 4
SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=365)
_FIRST_DATE = datetime(2000, 1, 1, tzinfo=UTC)


class ScheduleError(ValueError):
    """The schedule cannot be evaluated; the message says why, in words for the user."""


@dataclass(frozen=True, slots=True)
class Simple:
    """A ping every `timeout`, counted from the last one."""

    timeout: timedelta


@dataclass(frozen=True, slots=True)
class Cron:
    """A five-field cron expression, evaluated in the zone `tz`."""

    expression: str
    tz: str


@dataclass(frozen=True, slots=True)
class OnCalendar:
    """systemd calendar expressions, one per line, of which any counts; evaluated in `tz`."""

    expression: str
    tz: str


@dataclass(frozen=True, slots=True)
class Never:
    """No ping is ever expected: what a schedule counts as that cannot be read any more."""


Schedule = Simple | Cron | OnCalendar | Never


def next_after(schedule: Schedule, moment: datetime) -> datetime | None:
    """The first expected time later than `moment` (aware), in UTC; None if there is none any more.

    Raises ScheduleError for an expression or a zone that cannot be read.
    """
    if isinstance(schedule, Simple):
        return moment.astimezone(UTC) + schedule.timeout
    return next(upcoming(schedule, moment), None)


def upcoming(schedule: Schedule, moment: datetime) -> Iterator[datetime]:
    """All expected times later than `moment`, in UTC, ascending.

    Raises ScheduleError for an expression or a zone that cannot be read.
    """
    if isinstance(schedule, Never):
        return iter(())
    if isinstance(schedule, Simple):
        return _every(schedule.timeout, moment.astimezone(UTC))
    zone = _zone(schedule.tz)
    try:
        if isinstance(schedule, Cron):
            return _ascending(CronSim(schedule.expression, moment.astimezone(zone)), moment)
        lines = [line for line in schedule.expression.splitlines() if line.strip()]
        return _union([_calendar_times(line, zone, moment) for line in lines])
    except (CronSimError, OnCalendarError) as e:
        raise ScheduleError(f"{e}.") from e
    except (OSError, ValueError) as e:  # a zone in the line, such as "America", that is a folder
        raise ScheduleError("The expression cannot be read.") from e


def validate_cron(expression: str) -> None:
    """Raise ScheduleError unless `expression` is a cron expression that ever comes due."""
    _check_length(expression)
    count = len(expression.split())
    if count != 5:
        raise ScheduleError(f"A cron expression has five fields, this one has {count}.")
    _check_happens(Cron(expression, "UTC"))


def validate_oncalendar(expression: str) -> None:
    """Raise ScheduleError unless `expression` holds calendar expressions that ever come due."""
    _check_length(expression)
    lines = expression.splitlines()
    if not any(line.strip() for line in lines):
        raise ScheduleError("The expression is empty.")
    if any(len(line.split()) > MAX_CALENDAR_WORDS for line in lines):
        raise ScheduleError("A line has at most weekdays, a date, a time and a time zone.")
    _check_happens(OnCalendar(expression, "UTC"))


def _check_length(expression: str) -> None:
    if len(expression) > MAX_EXPRESSION:
        raise ScheduleError(f"The expression is longer than {MAX_EXPRESSION} characters.")


def _check_happens(schedule: Cron | OnCalendar) -> None:
    if next_after(schedule, _FIRST_DATE) is None:
        raise ScheduleError("This never happens: there is no such date.")


def _zone(name: str) -> ZoneInfo:
    today = zones.canonical(name)
    if today is None:
        raise ScheduleError(f"There is no time zone {name!r}.")
    return ZoneInfo(today)


def _every(period: timedelta, moment: datetime) -> Iterator[datetime]:
    while True:
        moment += period
        yield moment


def _calendar_times(line: str, zone: ZoneInfo, moment: datetime) -> Iterator[datetime]:
    return _ascending(TzIterator(line, moment.astimezone(zone)), moment)


def _ascending(times: Iterator[datetime], moment: datetime) -> Iterator[datetime]:
    """`times` in UTC without those that do not come after their predecessor."""
    last = moment.astimezone(UTC)
    for time in times:
        current = time.astimezone(UTC)
        if current > last:
            last = current
            yield current


def _union(streams: list[Iterator[datetime]]) -> Iterator[datetime]:
    """The instants of several ascending streams, ascending, each once."""
    heads = [(time, stream) for stream in streams if (time := next(stream, None))]
    while heads:
        first = min(time for time, _ in heads)
        yield first
        heads = [
            (later, stream)
            for time, stream in heads
            if (later := next(stream, None) if time == first else time)
        ]
