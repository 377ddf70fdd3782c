"""The schedule of a check in the words of what starts its job: a crontab, a systemd timer.

What cannot be said in them exactly is not guessed.
"""

from __future__ import annotations

import re
from datetime import timedelta

from hc.api.models import Check, ScheduleKind

UNKNOWN = "m h dom mon dow"
_NICKNAMES = {
    "minutely": "* * * * *",
    "hourly": "0 * * * *",
    "daily": "0 0 * * *",
    "weekly": "0 0 * * 1",
    "monthly": "0 0 1 * *",
    "quarterly": "0 0 1 1,4,7,10 *",
    "semiannually": "0 0 1 1,7 *",
    "yearly": "0 0 1 1 *",
    "annually": "0 0 1 1 *",
}
_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_LIST = r"\d{1,2}(?:,\d{1,2})*"
_FIELD = rf"\*|{_LIST}|(?:\*|00?)/\d{{1,2}}"
# What most people write: weekdays, any year, month and day, hour and minute.
_CALENDAR = re.compile(
    rf"(?:(?P<days>[a-z.,]+)\s+)?(?:(?:\*-)?(?P<month>\*|{_LIST})-(?P<day>\*|{_LIST})\s+)?"
    rf"(?P<hour>{_FIELD}):(?P<minute>{_FIELD})(?::00?)?",
    re.IGNORECASE,
)


def cron_line(check: Check) -> str:
    """The five fields with which cron would run the job; names to be filled in if unknown."""
    if check.kind == ScheduleKind.CRON:
        return check.schedule
    if check.kind == ScheduleKind.ONCALENDAR:
        return cron_of_calendar(check.schedule) or UNKNOWN
    minutes, rest = divmod(check.timeout, timedelta(minutes=1))
    if rest:
        return UNKNOWN
    if minutes < 60 and 60 % minutes == 0:
        return "* * * * *" if minutes == 1 else f"*/{minutes} * * * *"
    hours, rest_minutes = divmod(minutes, 60)
    if rest_minutes == 0 and hours < 24 and 24 % hours == 0:
        return "0 * * * *" if hours == 1 else f"0 */{hours} * * *"
    return {1440: "0 0 * * *", 10_080: "0 0 * * 0"}.get(minutes, UNKNOWN)


def systemd_timer(check: Check) -> str:
    """The settings of a timer that runs the job."""
    if check.kind == ScheduleKind.SIMPLE:
        seconds = int(check.timeout.total_seconds())
        return f"OnActiveSec={seconds}s\nOnUnitActiveSec={seconds}s"
    if check.kind == ScheduleKind.ONCALENDAR:
        lines = [line.strip() for line in check.schedule.splitlines() if line.strip()]
    else:
        found = calendar_of_cron(check.schedule)
        if not found:
            return f"# as cron would: {check.schedule}\nOnCalendar="
        lines = [found]
    zone = f" {check.tz}"
    return "\n".join(f"OnCalendar={line}{'' if _has_zone(line) else zone}" for line in lines)


def cron_of_calendar(expression: str) -> str | None:
    """The cron expression that means the same as OnCalendar expressions; None if none does."""
    lines = [line.strip() for line in expression.splitlines() if line.strip()]
    if len(lines) != 1:
        return None
    if lines[0].lower() in _NICKNAMES:
        return _NICKNAMES[lines[0].lower()]
    match = _CALENDAR.fullmatch(lines[0])
    if match is None:
        return None
    weekdays = _cron_weekdays(match["days"] or "")
    month, day = (_cron_field(match[name] or "*") for name in ("month", "day"))
    hour, minute = _cron_field(match["hour"]), _cron_field(match["minute"])
    if weekdays is None or (weekdays != "*" and day != "*"):
        return None  # cron takes either, systemd wants both
    return f"{minute} {hour} {day} {month} {weekdays}"


def calendar_of_cron(expression: str) -> str | None:
    """The OnCalendar expression that means the same as a cron expression; None if none does."""
    fields = expression.split()
    if len(fields) != 5:
        return None
    minute, hour, day, month, weekday = fields
    simple = re.compile(rf"\*|{_LIST}|\*/\d{{1,2}}")
    if not all(simple.fullmatch(text) for text in (minute, hour, day, month)):
        return None
    if "/" in day + month or (day != "*" and weekday != "*"):
        return None
    names = _calendar_weekdays(weekday)
    if names is None:
        return None
    time = f"{_calendar_field(hour)}:{_calendar_field(minute)}:00"
    return " ".join(part for part in (names, f"*-{_padded(month)}-{_padded(day)}", time) if part)


def _cron_field(text: str) -> str:
    if "/" in text:
        return f"*/{int(text.partition('/')[2])}"
    return text if text == "*" else ",".join(str(int(n)) for n in text.split(","))


def _calendar_field(text: str) -> str:
    return f"00/{text[2:]}" if text.startswith("*/") else _padded(text)


def _padded(text: str) -> str:
    return text if text == "*" else ",".join(f"{int(n):02d}" for n in text.split(","))


def _cron_weekdays(text: str) -> str | None:
    """ "Mon..Fri" and "Sat,Sun" as cron has them."""
    if not text:
        return "*"
    found = []
    for part in text.split(","):
        ends = [_day_number(name) for name in part.split("..")]
        if len(ends) > 2 or None in ends:
            return None
        found.append("-".join(map(str, ends)))
    return ",".join(found)


def _calendar_weekdays(text: str) -> str | None:
    if text == "*":
        return ""
    found = []
    for part in text.split(","):
        ends = part.split("-")
        if len(ends) > 2 or not all(re.fullmatch(r"[0-7]", end) for end in ends):
            return None
        found.append("..".join(_DAYS[int(end) % 7] for end in ends))
    return ",".join(found)


def _day_number(name: str) -> int | None:
    short = name[:3].capitalize()
    full = {"Sun": "Sunday", "Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday"}
    full |= {"Thu": "Thursday", "Fri": "Friday", "Sat": "Saturday"}
    if short not in _DAYS or name.capitalize() not in (short, full[short]):
        return None
    return 7 if short == "Sun" else _DAYS.index(short)


def _has_zone(line: str) -> bool:
    last = line.rsplit(maxsplit=1)[-1]
    return "/" in last.strip("0123456789*:,.-/") or last == "UTC"
