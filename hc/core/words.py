"""Durations and schedules in words, as people read them on pages and in messages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError

from hc.core.schedule import Cron, Never, OnCalendar, Schedule, Simple

_UNITS = (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
_SHORT = {"week": "weeks", "day": "days", "hour": "h", "minute": "min", "second": "s"}
_DAY_NAMES = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_FULL_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def count(number: int, word: str) -> str:
    """1 day, 2 days."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def period(duration: timedelta) -> str:
    """A period or grace time in full: "1 week", "8 days", "1 hour 30 minutes"."""
    seconds = int(duration.total_seconds())
    if seconds and seconds % 604_800 == 0:
        return count(seconds // 604_800, "week")
    return " ".join(count(n, unit) for unit, n in _split(seconds, _UNITS[1:])) or "0 seconds"


def brief(duration: timedelta) -> str:
    """A span of time by its two largest units: "4 h 12 min", "3 days 2 h", "45 s"."""
    parts = _split(int(duration.total_seconds()), _UNITS[1:])
    largest = [unit for unit, _ in _UNITS[1:]]
    kept = [p for p in parts if largest.index(p[0]) <= largest.index(parts[0][0]) + 1][:2]
    return " ".join(_short(n, unit) for unit, n in kept) or "0 s"


def age(duration: timedelta) -> str:
    """How long ago, or how long until, something is: as `brief`, but to the minute."""
    seconds = int(duration.total_seconds())
    return brief(timedelta(seconds=seconds if seconds < 60 else seconds - seconds % 60))


def run_time(duration: timedelta) -> str:
    """How long something took: "0.36 s", "12.4 s", "1 min 03 s", "2 h 12 min", "3 days 4 h"."""
    seconds = duration.total_seconds()
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"
    if minutes >= 2880:
        return brief(duration)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if minutes else f"{hours} h"


def downtime(duration: timedelta) -> str:
    """The length of an outage by two units: "2 days, 3 hours", "4 minutes, 5 seconds".

    Source: integrations 5.5 of the specification.
    """
    seconds = int(duration.total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{count(days, 'day')}, {count(hours, 'hour')}"
    if hours:
        return f"{count(hours, 'hour')}, {count(minutes, 'minute')}"
    if minutes:
        return f"{count(minutes, 'minute')}, {count(seconds % 60, 'second')}"
    return count(seconds, "second")


def schedule(of: Schedule) -> str:
    """A schedule as briefly as words can: "every 15 minutes", "01:15 on weekdays"."""
    if isinstance(of, Never):
        return "never"
    if isinstance(of, Simple):
        return _every(of.timeout)
    if isinstance(of, OnCalendar):
        lines = [line.strip() for line in of.expression.splitlines() if line.strip()]
        more = f" (+{len(lines) - 1} more)" if len(lines) > 1 else ""
        return (lines[0] if lines else "") + more
    return _cron_phrase(of) or explain(of)


def explain(of: Cron) -> str:
    """A cron expression in a whole sentence, without the full stop."""
    try:
        return CronSim(of.expression, datetime(2000, 1, 1, tzinfo=UTC)).explain()
    except CronSimError:
        return of.expression


def _split(seconds: int, units: tuple[tuple[str, int], ...]) -> list[tuple[str, int]]:
    parts = []
    for unit, size in units:
        number, seconds = divmod(seconds, size)
        if number:
            parts.append((unit, number))
    return parts


def _short(number: int, unit: str) -> str:
    if unit in ("week", "day"):
        return count(number, unit)
    return f"{number} {_SHORT[unit]}"


def _every(duration: timedelta) -> str:
    words = period(duration)
    return f"every {words.removeprefix('1 ') if words.count(' ') == 1 else words}"


def _cron_phrase(cron: Cron) -> str | None:
    """A short phrase for the usual shapes of cron expressions; None for the others."""
    fields = cron.expression.upper().split()
    if len(fields) != 5:
        return None
    minute, hour, day, month, weekday = fields
    days = _cron_days(day, weekday) if month == "*" else None
    if days is None:
        return None
    if times := _cron_times(minute, hour):
        return f"{times} {days}" if days else (times if " and " in times else f"{times} every day")
    rhythm = _cron_rhythm(minute, hour)
    return f"{rhythm} {days}".strip() if rhythm else None


def _cron_times(minute: str, hour: str) -> str | None:
    """ "01:15", "00:17 and 12:17", for one minute and at most three hours."""
    hours = hour.split(",")
    if not (minute.isdigit() and all(h.isdigit() for h in hours) and len(hours) <= 3):
        return None
    times = [f"{int(h):02d}:{int(minute):02d}" for h in hours]
    return " and ".join([", ".join(times[:-1]), times[-1]] if times[1:] else times)


def _cron_rhythm(minute: str, hour: str) -> str | None:
    """ "every 15 minutes", "every hour at :05", "every 6 hours"."""
    every = re.fullmatch(r"\*/(\d+)", minute)
    if hour == "*" and (minute == "*" or every):
        step = int(every[1]) if every else 1
        return _every(timedelta(minutes=step)) if step and 60 % step == 0 else None
    if not minute.isdigit():
        return None
    at = f" at :{int(minute):02d}" if int(minute) else ""
    if hour == "*":
        return f"every hour{at}"
    every = re.fullmatch(r"\*/(\d+)", hour)
    if every and int(every[1]) and 24 % int(every[1]) == 0:
        return f"{_every(timedelta(hours=int(every[1])))}{at}"
    return None


def _cron_days(day: str, weekday: str) -> str | None:
    """ "" for every day, "on weekdays", "on Sundays", "on the 1st"; None for anything else."""
    if day == "*":
        return _weekdays(weekday)
    if weekday == "*" and day.isdigit():
        return f"on the {int(day)}{_ordinal(int(day))}"
    return None


def _weekdays(field: str) -> str | None:
    for number, name in enumerate(_DAY_NAMES):
        field = field.replace(name.upper(), str(number))
    if field == "*":
        return ""
    if field == "1-5":
        return "on weekdays"
    if not re.fullmatch(r"[0-7](,[0-7])*", field):
        return None
    numbers = [int(n) % 7 for n in field.split(",")]
    if sorted(numbers) == [0, 6]:
        return "on weekends"
    if len(numbers) == 1:
        return f"on {_FULL_DAYS[numbers[0]]}s"
    return "on " + ", ".join(_DAY_NAMES[n] for n in numbers)


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


LONGEST_TEXT = 100
_PARTS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 604_800),
}


def parse_period(text: str) -> timedelta | None:
    """A period as people write it ("90s", "2h 30m", "1 day"), or None; a bare number is minutes."""
    compact = text.strip().lower().replace(",", " ")
    if len(compact) > LONGEST_TEXT:
        return None
    if compact.isascii() and compact.isdigit():
        return _seconds(int(compact) * 60)
    if not re.fullmatch(r"(\d+\s*[a-z]+\s*)+", compact, re.ASCII):
        return None
    total = 0
    for number, unit in re.findall(r"(\d+)\s*([a-z]+)", compact):
        if unit not in _PARTS:
            return None
        total += int(number) * _PARTS[unit]
    return _seconds(total)


def _seconds(number: int) -> timedelta | None:
    return timedelta(seconds=number) if number < 10**9 else None
