"""What happens to a check: the state machine behind every status on every page.

A check is `new` until its first ping, then `up` or `down`, or `paused`. Whether it is late or
running follows from the clock (`shown_status`, `is_running`). Everything that changes a check
goes through one of the functions here: a ping (`after_ping`), a deadline that passed
(`after_deadline`), a person (`after_pause`, `after_resume`, `after_schedule_change`).

Invariants: `due` is the first expected time after `last_ping`; `alert_after` is the instant at
which silence becomes an outage, and is None exactly when nothing can time out. It is later than
`going_down_at` says only where it was moved because we could not hear pings. A start signal is
watched for `grace`; one that overran stays on record for the run's duration, but is closed: it
neither counts as running nor can it bring the check down a second time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from hc.core.schedule import Schedule, next_after

HISTORY = 20


class Status(StrEnum):
    """The stored status of a check."""

    NEW = "new"
    UP = "up"
    DOWN = "down"
    PAUSED = "paused"


class Shown(StrEnum):
    """The status of a check at some instant, as pages and the API show it."""

    NEW = "new"
    UP = "up"
    GRACE = "grace"
    DOWN = "down"
    PAUSED = "paused"


class Kind(StrEnum):
    """What a ping says."""

    SUCCESS = "success"
    FAIL = "fail"
    START = "start"
    LOG = "log"
    IGNORED = "ign"


class Reason(StrEnum):
    """Why a check changed its status."""

    NONE = ""
    TIMEOUT = "timeout"
    FAIL = "fail"


class Outcome(StrEnum):
    """One letter for one run in a check's recent history."""

    SUCCESS = "s"
    LATE = "l"
    FAIL = "f"
    MISSED = "m"


class CheckState(NamedTuple):
    """What the rules need to know of a check, and all that they may change.

    A tuple, since every ping makes a few of them: copies cost a fifth of those of a dataclass.
    """

    schedule: Schedule
    grace: timedelta
    status: Status = Status.NEW
    status_since: datetime | None = None
    last_ping: datetime | None = None
    last_success: datetime | None = None
    last_fail: datetime | None = None
    last_start: datetime | None = None
    last_start_rid: UUID | None = None
    last_duration: timedelta | None = None
    due: datetime | None = None
    alert_after: datetime | None = None
    outcomes: str = ""
    n_pings: int = 0
    manual_resume: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """A ping as the state machine sees it.

    `belated`: it was kept aside for a while, and pings that came after it may be on record.
    """

    kind: Kind
    at: datetime
    rid: UUID | None = None
    belated: bool = False


@dataclass(frozen=True, slots=True)
class Flip:
    """A change of status. `notify`: whether people are to be told."""

    old: Status
    new: Status
    at: datetime
    reason: Reason = Reason.NONE
    notify: bool = True


@dataclass(frozen=True, slots=True)
class Transition:
    """A check after an event, and the flips that the event caused, in their order.

    `kind` is what a ping counts as in the end, `at` when; None for events that are no pings.
    `outcome` is that of the run which the ping ended, if it did.
    """

    state: CheckState
    flips: tuple[Flip, ...] = ()
    kind: Kind | None = None
    at: datetime | None = None
    outcome: Outcome | None = None


def after_ping(check: CheckState, ping: Signal) -> Transition:
    """What `ping` does to `check`.

    Every ping is counted, whatever its kind. A ping that comes after the deadline, but before
    the alert loop saw it pass, finds the check down: the outage was real and leaves its trace.
    A belated ping that is older than what the check went through since is counted only. Others
    never count as earlier than what is on record: the clocks of two hosts differ.
    Raises ScheduleError when the check's schedule cannot be evaluated.
    """
    counted = check.n_pings + 1
    if check.status is Status.PAUSED and check.manual_resume:
        ping = replace(ping, kind=Kind.IGNORED)
    known = (check.last_ping, check.last_start, check.status_since)
    latest = max((moment for moment in known if moment), default=ping.at)
    if ping.belated and ping.at < latest:
        return Transition(check._replace(n_pings=counted), kind=ping.kind, at=ping.at)
    if ping.at < latest:
        ping = replace(ping, at=latest)
    missed = after_deadline(check, ping.at)
    check = missed.state
    if ping.kind in (Kind.SUCCESS, Kind.FAIL):
        ended = _after_run(check, ping, counted)
    elif ping.kind is Kind.START:
        started = check._replace(n_pings=counted, last_start=ping.at, last_start_rid=ping.rid)
        ended = Transition(_with_deadline_after(check, started, ping.at + check.grace))
    else:
        ended = Transition(_with_deadline_after(check, check._replace(n_pings=counted)))
    return Transition(ended.state, missed.flips + ended.flips, ping.kind, ping.at, ended.outcome)


def after_deadline(check: CheckState, now: datetime) -> Transition:
    """Take the check down if its deadline has passed; the flip is stamped with the deadline."""
    deadline = check.alert_after
    if deadline is None or now < deadline or check.status is Status.DOWN:
        return Transition(check)
    outcomes = _remember(check.outcomes, Outcome.MISSED)
    return _flip(check._replace(outcomes=outcomes), Status.DOWN, deadline, Reason.TIMEOUT)


def after_pause(check: CheckState, now: datetime) -> Transition:
    """Stop watching the check. Nobody is told; a paused check stays as it is."""
    if check.status is Status.PAUSED:
        return Transition(check)
    return _flip(check._replace(last_start=None), Status.PAUSED, now, notify=False)


def after_resume(check: CheckState, now: datetime) -> Transition:
    """Make a paused check wait for its first ping again; other checks stay as they are."""
    if check.status is not Status.PAUSED:
        return Transition(check)
    fresh = check._replace(last_start=None, last_ping=None, due=None)
    return _flip(fresh, Status.NEW, now, notify=False)


def after_absence(check: CheckState, now: datetime) -> Transition:
    """Watch a check again that was away, so that no ping could reach it.

    If its deadline has passed meanwhile, that says nothing about its job: it waits for its first
    ping again, and nobody is told.
    """
    if check.alert_after is None or now < check.alert_after or check.status is Status.DOWN:
        return Transition(check)
    if check.status is Status.PAUSED:
        return Transition(with_deadline(check._replace(last_start=None)))
    return _flip(
        check._replace(last_start=None, last_ping=None, due=None), Status.NEW, now, notify=False
    )


def after_schedule_change(
    check: CheckState, schedule: Schedule, grace: timedelta, now: datetime, *, quiet: bool
) -> Transition:
    """Judge the check by a new schedule.

    `quiet`: a check that is overdue by the new schedule goes down at once and nobody is told,
    since the person who shortened the schedule is looking at it. Otherwise it is left to the
    alert loop, which tells people. Raises ScheduleError.
    """
    changed = check._replace(schedule=schedule, grace=grace)
    due = next_after(schedule, check.last_ping) if check.last_ping else None
    changed = with_deadline(changed._replace(due=due))
    deadline = changed.alert_after
    if quiet and check.status is Status.UP and deadline and deadline <= now:
        return _flip(changed, Status.DOWN, now, notify=False)
    return Transition(changed)


def going_down_at(check: CheckState) -> datetime | None:
    """When the check goes down if no ping comes; None when it cannot.

    A check that is down cannot time out again. A started run must end within `grace`, even when
    the next ping is due later; this holds for new and paused checks, too.
    """
    if check.status is Status.DOWN:
        return None
    begins = [check.due] if check.status is Status.UP else []
    earliest = min((b for b in [*begins, check.last_start] if b), default=None)
    return earliest + check.grace if earliest else None


def with_deadline(check: CheckState) -> CheckState:
    """`check` with `alert_after` as its other fields demand."""
    return check._replace(alert_after=going_down_at(check))


def _with_deadline_after(
    before: CheckState, after: CheckState, latest: datetime | None = None
) -> CheckState:
    """`after` with its deadline. One that was moved, because we could not hear pings, holds until
    the end of a run; for a run that has just begun until `latest`."""
    after = with_deadline(after)
    moved, usual = before.alert_after, going_down_at(before)
    if not (moved and usual and after.alert_after) or moved <= usual:
        return after
    until = min(moved, latest) if latest else moved
    return after._replace(alert_after=max(after.alert_after, until))


def shown_status(
    status: Status, *, due: datetime | None, alert_after: datetime | None, now: datetime
) -> Shown:
    """The status at `now`; it may run ahead of the stored one until the alert loop catches up."""
    if status is Status.DOWN or (alert_after and now >= alert_after):
        return Shown.DOWN
    late = status is Status.UP and due is not None and now >= due
    return Shown.GRACE if late else Shown(status)


def is_running(last_start: datetime | None, grace: timedelta, now: datetime) -> bool:
    """Whether a run is in progress. One that overran its grace time no longer counts."""
    return last_start is not None and now < last_start + grace


def _after_run(check: CheckState, ping: Signal, counted: int) -> Transition:
    """The end of a run: success or failure."""
    success = ping.kind is Kind.SUCCESS
    last_start, last_duration = _close_start(check, ping)
    outcome = _outcome(check, ping)
    ended = check._replace(
        n_pings=counted,
        last_start=last_start,
        last_duration=last_duration,
        last_ping=ping.at,
        last_success=ping.at if success else check.last_success,
        last_fail=check.last_fail if success else ping.at,
        due=next_after(check.schedule, ping.at),
        outcomes=_remember(check.outcomes, outcome),
    )
    wanted = Status.UP if success else Status.DOWN
    if ended.status is wanted:
        return Transition(with_deadline(ended), outcome=outcome)
    reason = Reason.NONE if success else Reason.FAIL
    # A check that comes up from new or paused is a beginning, not a recovery.
    notify = not success or ended.status is Status.DOWN
    return replace(_flip(ended, wanted, ping.at, reason, notify=notify), outcome=outcome)


def _close_start(check: CheckState, ping: Signal) -> tuple[datetime | None, timedelta | None]:
    """Match the end of a run with the start on record: the start that stays open, the duration.

    The start of another run stays open only while that run is still within its grace time.
    Source: core 2.5, run-id rule.
    """
    if check.last_start is None:
        return None, None
    if ping.rid == check.last_start_rid:
        return None, ping.at - check.last_start
    another_runs = ping.rid is not None and is_running(check.last_start, check.grace, ping.at)
    return (check.last_start if ping.kind is Kind.SUCCESS and another_runs else None), None


def _outcome(check: CheckState, ping: Signal) -> Outcome:
    if ping.kind is Kind.FAIL:
        return Outcome.FAIL
    # A job that runs on the dot pings a little after it; only who used up half of the grace time
    # before the run began (or ended, without a start signal) was late.
    began = check.last_start or ping.at
    late = check.status is Status.UP and check.due and began >= check.due + check.grace / 2
    return Outcome.LATE if late else Outcome.SUCCESS


def _remember(outcomes: str, outcome: Outcome) -> str:
    return (outcomes + outcome)[-HISTORY:]


def _flip(
    check: CheckState,
    new: Status,
    at: datetime,
    reason: Reason = Reason.NONE,
    *,
    notify: bool = True,
) -> Transition:
    changed = with_deadline(check._replace(status=new, status_since=at))
    return Transition(changed, (Flip(check.status, new, at, reason, notify),))
