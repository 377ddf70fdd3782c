"""Charts drawn as SVG: the runs of a day, a month and a year as bars, and bars of uptime.

A bar of runs is as high as they took long, red and amber as far as some failed or were late, and
hollow where a run was missed. What a chart shows is in its titles and in a table, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from hc.api.history import DAY, DayFacts, History, Run, Window
from hc.core import words
from hc.core.state import Outcome
from hc.core.uptime import Uptime

WIDTH, HEIGHT = 720, 120
LOWEST, UNKNOWN, LEAST = 12.0, 64.0, 5.0
SLOTS, MONTH, WEEKS = 48, 30, 52
UPTIME_HEIGHT = 20


@dataclass(frozen=True, slots=True)
class Slot:
    """A span of time and the runs that ended in it. `when`: in words, `tick`: briefly."""

    when: str
    tick: str
    good: int = 0
    late: int = 0
    failed: int = 0
    missed: int = 0
    typical: timedelta | None = None

    @property
    def runs(self) -> int:
        return self.good + self.late + self.failed

    @property
    def said(self) -> str:
        """ "3 runs, 1 failed, typically 12.4 s"."""
        parts = [words.count(self.runs, "run")] if self.runs else []
        parts += [f"{self.failed} failed"] if self.failed else []
        parts += [f"{self.late} late"] if self.late else []
        parts += [f"{self.missed} missed"] if self.missed else []
        parts += [f"typically {words.run_time(self.typical)}"] if self.typical else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar; coordinates in the chart's units."""

    outcome: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    width: float
    pieces: tuple[Piece, ...]
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`note`: what is to be known to read it right."""

    key: str
    label: str
    about: str
    bars: tuple[Bar, ...]
    labels: tuple[tuple[float, str, str], ...]  # x, text, text-anchor
    slots: tuple[Slot, ...]
    note: str = ""
    width: int = WIDTH
    height: int = HEIGHT


def charts(history: History, now: datetime, zone: tzinfo) -> list[Chart]:
    day, month, year = _last_day(history, now, zone), _last_month(history, now), _year(history, now)
    since = history.recent[0].at.astimezone(zone) if history.is_cut and history.recent else None
    cut = f"The newest 1,000 pings, since {since:%H:%M}." if since else ""
    return [
        _chart("24h", "24 h", "The runs of the last 24 hours by half hours", day, cut),
        _chart("30d", "30 days", "The runs of the last 30 days", month, "Days in UTC."),
        _chart("12m", "12 months", "The runs of the last 12 months by weeks", year, "Days in UTC."),
    ]


# --- Spans of time ----------------------------------------------------------------------------


def _last_day(history: History, now: datetime, zone: tzinfo) -> list[Slot]:
    step = DAY / SLOTS
    start = now - DAY
    found: list[list[Run]] = [[] for _ in range(SLOTS)]
    for run in history.recent:
        if run.at > start:
            found[min(int((run.at - start) / step), SLOTS - 1)].append(run)
    downtimes = history.windows[0].parts if history.windows else ()
    return [
        _slot_of_runs(runs, (start + step * index).astimezone(zone), downtimes[index : index + 1])
        for index, runs in enumerate(found)
    ]


def _slot_of_runs(runs: Sequence[Run], begin: datetime, downtime: Sequence[Uptime]) -> Slot:
    when = f"{begin.day} {begin:%b %H:%M}–{begin + DAY / SLOTS:%H:%M}"
    times = [run.duration for run in runs if run.duration is not None]
    outcomes = [run.outcome for run in runs]
    return Slot(
        when,
        f"{begin:%H:%M}",
        outcomes.count(Outcome.SUCCESS),
        outcomes.count(Outcome.LATE),
        outcomes.count(Outcome.FAIL),
        sum(part.outages for part in downtime) if not runs else 0,
        _middle(times),
    )


def _last_month(history: History, now: datetime) -> list[Slot]:
    today = now.astimezone(UTC).date()
    dates = [today - DAY * n for n in reversed(range(MONTH))]
    return [_slot_of_days([history.days.get(day, DayFacts(day))], _date(day)) for day in dates]


def _year(history: History, now: datetime) -> list[Slot]:
    today = now.astimezone(UTC).date()
    slots = []
    for week in reversed(range(WEEKS)):
        dates = [today - DAY * (week * 7 + n) for n in reversed(range(7))]
        known = [history.days[day] for day in dates if day in history.days]
        slots.append(_slot_of_days(known, f"{_date(dates[0])} – {_date(dates[-1])}", dates[0]))
    return slots


def _slot_of_days(days: Sequence[DayFacts], when: str, first: date | None = None) -> Slot:
    times = [day.median for day in days if day.median is not None]
    return Slot(
        when,
        f"{first:%b}" if first else when,
        sum(day.successes for day in days),
        sum(day.late for day in days),
        sum(day.failures for day in days),
        sum(day.missed for day in days),
        _middle(times),
    )


def _middle(times: list[timedelta]) -> timedelta | None:
    return sorted(times)[len(times) // 2] if times else None


def _date(day: date) -> str:
    return f"{day.day} {day:%b}"


# --- Drawing ----------------------------------------------------------------------------------


def _chart(key: str, label: str, about: str, slots: Sequence[Slot], note: str) -> Chart:
    step = WIDTH / len(slots)
    width = round(step * 0.68, 1)
    longest = max((slot.typical for slot in slots if slot.typical), default=timedelta(0))
    bars = [
        Bar(
            round(step * index + (step - width) / 2, 1),
            width,
            tuple(_pieces(slot, longest)),
            f"{slot.when}: {slot.said}",
        )
        for index, slot in enumerate(slots)
        if slot.said
    ]
    shown = tuple(slot for slot in slots if slot.said)
    return Chart(key, label, about, tuple(bars), tuple(_labels(slots, step)), shown, note)


def _labels(slots: Sequence[Slot], step: float) -> Iterable[tuple[float, str, str]]:
    every = max(1, len(slots) // 6)
    for index in range(0, len(slots), every):
        if step * index < WIDTH - 40:
            yield (
                round(step * index + (0 if index == 0 else step / 2), 1),
                slots[index].tick,
                "start" if index == 0 else "middle",
            )


def _pieces(slot: Slot, longest: timedelta) -> Iterable[Piece]:
    """From the top of a bar to its foot."""
    if not slot.runs:
        yield Piece("missed", 0.5, HEIGHT - 1)
        return
    height = _height(slot.typical, longest)
    y = HEIGHT - height
    rest = height
    for outcome, number in (("failed", slot.failed), ("late", slot.late)):
        if number:
            part = rest if number == slot.runs else max(LEAST, height * number / slot.runs)
            part = round(min(part, rest), 1)
            yield Piece(outcome, round(y, 1), part)
            y, rest = y + part, rest - part
    if slot.good and rest > 0:
        yield Piece("good", round(y, 1), round(rest, 1))


def _height(taken: timedelta | None, longest: timedelta) -> float:
    if taken is None or not longest:
        return UNKNOWN
    return round(LOWEST + (HEIGHT - LOWEST) * (taken / longest), 1)


# --- Uptime -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UptimeBar:
    """A window as a row of bars, one path per state; `said`: how often and how long it was down."""

    window: Window
    paths: tuple[tuple[str, str], ...]  # class, d
    said: str
    width: int
    height: int = UPTIME_HEIGHT


def uptime_bars(history: History) -> list[UptimeBar]:
    return [_uptime_bar(window) for window in history.windows]


def _uptime_bar(window: Window) -> UptimeBar:
    paths = {"good": "", "failed": "", "paused": ""}
    for index, part in enumerate(window.parts):
        left = index * 4
        if not part.watched:
            paths["paused"] += _box(left, UPTIME_HEIGHT - 3, 3)
            continue
        down = 0.0
        if part.down:
            down = round(max(0.25, part.down / part.watched) * UPTIME_HEIGHT, 1)
            paths["failed"] += _box(left, UPTIME_HEIGHT - down, down)
        if down < UPTIME_HEIGHT:
            paths["good"] += _box(left, 0, UPTIME_HEIGHT - down)
    total = window.total
    return UptimeBar(
        window,
        tuple((name, d) for name, d in paths.items() if d),
        downtime_text(total),
        len(window.parts) * 4 - 1,
    )


def downtime_text(total: Uptime) -> str:
    """ "2 downtimes, 13 h 24 min"; also what to say without any."""
    if total.down:
        number = words.count(total.outages, "downtime") if total.outages else "down"
        return f"{number}, {words.brief(total.down)}"
    return "no downtime" if total.watched else "nothing watched yet"


def _box(x: float, y: float, height: float) -> str:
    return f"M{x} {y:g}h3v{height:g}h-3z"
