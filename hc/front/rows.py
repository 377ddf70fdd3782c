"""A check as a list shows it: everything from its row, in words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

import orjson

from hc.api.models import Check
from hc.core import words
from hc.core.schedule import ScheduleError, Simple, next_after
from hc.core.state import Shown, Status

RUNNING = "running"
LONGEST_SHOWN = timedelta(hours=72)
# The order of "problems first", which is also that of the counters.
ORDER = ("down", "grace", RUNNING, "up", "paused", "new")
LABELS = {
    "down": "Down",
    "grace": "Late",
    RUNNING: "Running",
    "up": "Up",
    "paused": "Paused",
    "new": "New",
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A line about time: `before`, the age of or the time until `at` (it ticks), `after`."""

    before: str = ""
    at: datetime | None = None
    after: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Blind:
    """Why it will not be noticed when a check falls silent: in a few words, and in full."""

    brief: str
    text: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    check: Check
    shown: Shown
    running: bool
    schedule: str
    schedule_note: str
    when: Phrase
    then: Phrase
    duration: str
    unsure: bool = False
    blind: Blind | None = None
    channels: int = 0
    tags: tuple[str, ...] = field(default=())
    url: str = ""
    # Where its pings go, or why there is no such address; both are empty if that is not shown.
    address: str = ""
    no_address: str = ""

    @property
    def mark(self) -> str:
        """The one status that the row's mark and word show: trouble before running."""
        if self.running and self.shown not in (Shown.DOWN, Shown.GRACE):
            return RUNNING
        return str(self.shown)

    @property
    def label(self) -> str:
        return "Unsure" if self.unsure else LABELS[self.mark]

    @property
    def key(self) -> str:
        """What names the row in the page; it does not give the check's address away."""
        return self.check.unique_key[:12]

    @property
    def version(self) -> str:
        """Changes exactly when the row would look different, apart from ages."""
        return hashlib.sha256(repr(self.facts()).encode()).hexdigest()[:8]

    def facts(self) -> tuple[object, ...]:
        """All that the row shows but the passing of time."""
        check = self.check
        return (
            check.code,
            check.name,
            check.slug,
            self.tags,
            self.mark,
            self.running,
            self.unsure,
            self.blind,
            self.schedule,
            self.schedule_note,
            self.when,
            self.then,
            self.duration,
            check.outcomes,
            self.channels,
            self.address,
            self.no_address,
        )


def row(check: Check, now: datetime, zone: tzinfo, channels: int = 0, *, url: str = "") -> CheckRow:
    """`url`: of the page of the check, for this reader."""
    shown = check.shown_status(now)
    running = check.is_running(now)
    unsure = check.is_unsure(now) and shown is not Shown.DOWN
    when, then = _phrases(check, shown, running, now, zone)
    if unsure:
        when = Phrase("down in ", check.alert_after)
        then = Phrase("pings may be lost", tone="late")
    if blind := why_blind(check):
        then = Phrase(blind.brief, tone="late")
    rule = check.schedule_rule()
    foreign_zone = "" if isinstance(rule, Simple) or check.tz == str(zone) else f"{check.tz} · "
    return CheckRow(
        check=check,
        shown=shown,
        running=running,
        schedule=words.schedule(rule),
        schedule_note=f"{foreign_zone}grace {words.brief(check.grace)}",
        when=when,
        then=then,
        duration=duration_text(check.last_duration),
        unsure=unsure,
        blind=blind,
        channels=channels,
        tags=tuple(check.tags_list()),
        url=url,
    )


def why_blind(check: Check) -> Blind | None:
    """Why nobody waits for the next ping of a check that is up, if so.

    Its row tells that; only then is the schedule evaluated, to say why.
    """
    if check.status != Status.UP or check.due or check.kind == "simple" or not check.last_ping:
        return None
    try:
        due = next_after(check.schedule_rule(), check.last_ping)
    except ScheduleError as e:
        return Blind("schedule cannot be read", f"Its schedule cannot be read: {e}")
    if due is None:
        return Blind("no date left", "Its schedule has no date left.")
    # The data of its time zone was missing, say, when the last ping came.
    text = "Its schedule could not be read when the last ping came; the next ping mends that."
    return Blind("waits for a ping", text)


def duration_text(duration: timedelta | None) -> str:
    if duration is None or duration >= LONGEST_SHOWN:
        return ""
    return words.run_time(duration)


def as_json(data: Mapping[str, object]) -> bytes:
    """Parts of a page, for the script that puts them into it."""
    return orjson.dumps(data)


def clock(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """An instant as briefly as it is clear: "01:15", "22 Nov 01:15", "22 Nov 2025"."""
    local, today = moment.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if abs(local - today) < timedelta(days=300):
        return f"{local.day} {local:%b %H:%M}"
    return f"{local.day} {local:%b %Y}"


def _phrases(
    check: Check, shown: Shown, running: bool, now: datetime, zone: tzinfo
) -> tuple[Phrase, Phrase]:
    """The two lines of the column "last ping / next"."""
    if shown is Shown.DOWN:
        return Phrase("down for ", _down_since(check)), _why_down(check, now, zone)
    if shown is Shown.GRACE and check.due:
        due = Phrase(f"due {clock(check.due, now, zone)}", tone="late")
        return Phrase("", check.due, " late"), due
    if running:
        usual = duration_text(check.last_duration)
        return Phrase("started ", check.last_start, " ago"), Phrase(usual and f"usually {usual}")
    if shown is Shown.PAUSED:
        return Phrase("paused ", check.status_since, " ago"), Phrase()
    if check.last_ping is None:
        waiting = Phrase("waiting for a ping" if check.n_pings else "")
        return Phrase("" if check.n_pings else "never pinged"), waiting
    expected = Phrase("next in ", check.due) if check.due else Phrase()
    return Phrase("", check.last_ping, " ago"), expected


def _down_since(check: Check) -> datetime | None:
    """For a check whose deadline has passed, but which the alert loop has not seen yet, that."""
    return check.status_since if check.status == Status.DOWN else check.alert_after


def _why_down(check: Check, now: datetime, zone: tzinfo) -> Phrase:
    failed = check.last_fail is not None and check.last_fail == check.last_ping
    if failed and check.last_fail:
        return Phrase(f"failed {clock(check.last_fail, now, zone)}", tone="down")
    if check.due:
        return Phrase(f"expected {clock(check.due, now, zone)}", tone="down")
    if check.last_start:
        return Phrase(f"started {clock(check.last_start, now, zone)}, no end", tone="down")
    return Phrase()
