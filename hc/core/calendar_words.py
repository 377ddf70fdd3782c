"""systemd's calendar expressions in words, in the shapes that people write. systemd.time(7).

Whatever else an expression may be, it is shown as it is written.
"""

from __future__ import annotations

import re

_NICKNAMES = {
    "minutely": "every minute",
    "hourly": "every hour",
    "daily": "at 00:00 every day",
    "weekly": "at 00:00 every Monday",
    "monthly": "at 00:00 on the 1st of each month",
    "quarterly": "at 00:00 on the 1st of January, April, July and October",
    "semiannually": "at 00:00 on the 1st of January and July",
    "yearly": "at 00:00 on 1 January",
    "annually": "at 00:00 on 1 January",
}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_TIME = re.compile(r"([\d,*/.]+):([\d,*/.]+)(?::([\d,*/.]+))?")
_DATE = re.compile(r"(?:([\d,*/.]+)-)?([\d,*/.]+)-([\d,*/.~]+)")


def explain(expression: str) -> str | None:
    """All lines in words, of which any counts; None if one of them has an unusual shape."""
    lines = [line.strip() for line in expression.splitlines() if line.strip()]
    said = [_line(line) for line in lines]
    return ", or ".join(words for words in said if words) if said and all(said) else None


def _line(line: str) -> str | None:
    parts = line.split()
    if parts[0].lower() in _NICKNAMES:
        return " ".join([_NICKNAMES[parts[0].lower()], *_zone(parts[1:])])
    days = _days(parts.pop(0)) if parts[0][0].isalpha() else ""
    date = _date(parts.pop(0)) if parts and _DATE.fullmatch(parts[0]) else ""
    time = _time(parts.pop(0)) if parts and _TIME.fullmatch(parts[0]) else "at 00:00"
    if days is None or date is None or time is None or len(parts) > 1:
        return None
    when = " ".join(part for part in (date, days) if part)
    often = not when and time.startswith("at ")
    return " ".join(filter(None, [time, when, "every day" if often else "", *_zone(parts)]))


def _zone(rest: list[str]) -> list[str]:
    return [f"({rest[0]})"] if rest else []


def _days(text: str) -> str | None:
    """ "Mon..Fri" and "Sat,Sun" in words."""
    said = []
    for part in text.rstrip(",").split(","):
        names = [_day(name) for name in part.split("..")]
        if None in names or len(names) > 2:
            return None
        said.append(" to ".join(str(name) for name in names))
    return ("" if ".." in text else "on ") + _listed(said)


def _day(name: str) -> str | None:
    found = [day for day in _DAYS if name.lower() in (day.lower(), day[:3].lower())]
    return found[0] if found else None


def _time(text: str) -> str | None:
    found = _TIME.fullmatch(text)
    hour, minute, second = found.groups() if found else ("", "", "")
    if second not in (None, "00", "0"):
        return None
    if minute.isdigit() and all(part.isdigit() for part in hour.split(",")):
        return "at " + _listed([f"{int(h):02d}:{int(minute):02d}" for h in hour.split(",")])
    return _rhythm(hour, minute)


def _rhythm(hour: str, minute: str) -> str | None:
    """Times that come at least every few hours."""
    step = re.fullmatch(r"(?:\*|0?0)/(\d+)", minute if hour == "*" else hour)
    if hour == "*" and (minute == "*" or step):
        return f"every {int(step[1])} minutes" if step else "every minute"
    if not minute.isdigit() or not (hour == "*" or step):
        return None
    at = f" at minute {int(minute)}" if int(minute) else ""
    return (f"every {int(step[1])} hours" if step else "every hour") + at


def _date(text: str) -> str | None:
    found = _DATE.fullmatch(text)
    year, month, day = found.groups() if found else ("", "", "")
    if year not in (None, "*"):
        return None
    if month == "*":
        if day == "*":
            return ""
        days = day.split(",")
        if all(one.isdigit() for one in days):
            return f"on the {_listed([_ordinal(int(one)) for one in days])} of each month"
        return None
    months = month.split(",")
    if not (day.isdigit() and all(m.isdigit() and 1 <= int(m) <= 12 for m in months)):
        return None
    names = _listed([_MONTHS[int(m) - 1] for m in months])
    return (
        f"on the {_ordinal(int(day))} of {names}" if len(months) > 1 else f"on {int(day)} {names}"
    )


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number // 10 != 1 else 0, "th")
    return f"{number}{ending}"


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
