"""The transition table of the specification (core 2.5), and what must never happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hc.core.schedule import Cron, ScheduleError, Simple
from hc.core.state import (
    HISTORY,
    CheckState,
    Flip,
    Kind,
    Reason,
    Shown,
    Signal,
    Status,
    Transition,
    after_deadline,
    after_pause,
    after_ping,
    after_resume,
    after_schedule_change,
    going_down_at,
    is_running,
    shown_status,
    with_deadline,
)

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
A = UUID("00000000-0000-4000-8000-00000000000a")
B = UUID("00000000-0000-4000-8000-00000000000b")

NEW = CheckState(schedule=Simple(DAY), grace=HOUR)


def ping(kind: Kind, at: datetime = NOW, rid: UUID | None = None) -> Signal:
    return Signal(kind, at, rid)


def up(last_ping: datetime = NOW - HOUR) -> CheckState:
    return after_ping(NEW, ping(Kind.SUCCESS, last_ping)).state


def down() -> CheckState:
    return after_ping(up(), ping(Kind.FAIL, NOW - MINUTE)).state


def paused(*, sticky: bool = False) -> CheckState:
    return after_pause(up(), NOW - MINUTE).state._replace(manual_resume=sticky)


STATES = {"new": NEW, "up": up(), "down": down(), "paused": paused()}


def flip_of(transition: Transition) -> Flip | None:
    assert len(transition.flips) <= 1
    return transition.flips[0] if transition.flips else None


# --- Pings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "kind", "status", "flips", "notify"),
    [
        ("new", Kind.SUCCESS, "up", True, False),
        ("paused", Kind.SUCCESS, "up", True, False),
        ("up", Kind.SUCCESS, "up", False, None),
        ("down", Kind.SUCCESS, "up", True, True),
        ("new", Kind.FAIL, "down", True, True),
        ("paused", Kind.FAIL, "down", True, True),
        ("up", Kind.FAIL, "down", True, True),
        ("down", Kind.FAIL, "down", False, None),
        *((s, k, s, False, None) for s in STATES for k in (Kind.START, Kind.LOG, Kind.IGNORED)),
    ],
)
def test_what_a_ping_does_to_the_status(
    before: str, kind: Kind, status: str, flips: bool, notify: bool | None
) -> None:
    result = after_ping(STATES[before], ping(kind))
    assert result.state.status == status
    assert result.kind is kind
    assert result.state.n_pings == STATES[before].n_pings + 1
    flip = flip_of(result)
    assert (flip is not None) == flips
    if flip:
        assert (flip.old, flip.new, flip.at, flip.notify) == (before, status, NOW, notify)
        assert flip.reason is (Reason.FAIL if kind is Kind.FAIL else Reason.NONE)
        assert result.state.status_since == NOW


@pytest.mark.parametrize("kind", list(Kind))
def test_a_sticky_pause_ignores_every_ping(kind: Kind) -> None:
    before = paused(sticky=True)
    result = after_ping(before, ping(kind))
    assert result.kind is Kind.IGNORED
    assert result.flips == ()
    assert result.state == before._replace(n_pings=before.n_pings + 1)


@pytest.mark.parametrize("kind", [Kind.SUCCESS, Kind.FAIL])
def test_the_end_of_a_run_moves_last_ping_and_the_due_time(kind: Kind) -> None:
    state = after_ping(up(), ping(kind)).state
    assert state.last_ping == NOW
    assert state.due == NOW + DAY
    assert (state.last_success == NOW) == (kind is Kind.SUCCESS)
    assert (state.last_fail == NOW) == (kind is Kind.FAIL)


def test_a_success_sets_the_deadline_and_a_failure_clears_it() -> None:
    assert after_ping(NEW, ping(Kind.SUCCESS)).state.alert_after == NOW + DAY + HOUR
    assert after_ping(NEW, ping(Kind.FAIL)).state.alert_after is None


@pytest.mark.parametrize("status", ["new", "up", "paused"])
def test_a_start_must_end_within_the_grace_time(status: str) -> None:
    state = after_ping(STATES[status], ping(Kind.START, rid=A)).state
    assert (state.last_start, state.last_start_rid) == (NOW, A)
    assert state.alert_after == NOW + HOUR
    assert state.last_ping == STATES[status].last_ping


def test_a_start_of_a_check_that_is_down_sets_no_deadline() -> None:
    assert after_ping(down(), ping(Kind.START)).state.alert_after is None


@pytest.mark.parametrize("kind", [Kind.LOG, Kind.IGNORED])
def test_logged_and_ignored_pings_only_count(kind: Kind) -> None:
    before = up()
    assert after_ping(before, ping(kind)).state == before._replace(n_pings=2)


def test_a_schedule_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(ScheduleError):
        after_ping(NEW._replace(schedule=Cron("nonsense", "UTC")), ping(Kind.SUCCESS))


# --- Run ids ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("started", "ended", "kind", "duration", "still_open"),
    [
        (None, None, Kind.SUCCESS, MINUTE, False),
        (A, A, Kind.SUCCESS, MINUTE, False),
        (A, A, Kind.FAIL, MINUTE, False),
        (A, None, Kind.SUCCESS, None, False),
        (A, None, Kind.FAIL, None, False),
        (A, B, Kind.SUCCESS, None, True),
        (A, B, Kind.FAIL, None, False),
        (None, B, Kind.SUCCESS, None, True),
    ],
)
def test_the_end_of_a_run_is_matched_with_its_start(
    started: UUID | None,
    ended: UUID | None,
    kind: Kind,
    duration: timedelta | None,
    still_open: bool,
) -> None:
    running = after_ping(up(), ping(Kind.START, NOW - MINUTE, started)).state
    state = after_ping(running, ping(kind, NOW, ended)).state
    assert state.last_duration == duration
    assert (state.last_start is not None) == still_open


def test_without_a_start_the_duration_is_unknown() -> None:
    known = up()._replace(last_duration=MINUTE)
    assert after_ping(known, ping(Kind.SUCCESS)).state.last_duration is None


def test_a_run_that_overran_is_closed_by_the_success_of_another_run() -> None:
    """Else the check would go down again at once, with a flip before the one that brought it up."""
    started = after_ping(up(), ping(Kind.START, NOW, A)).state
    overran = after_deadline(started, NOW + HOUR).state
    other = after_ping(overran, ping(Kind.SUCCESS, NOW + 2 * HOUR, B)).state
    assert other.status is Status.UP
    assert other.last_start is None
    assert other.alert_after == NOW + 2 * HOUR + DAY + HOUR


def test_a_run_that_overran_still_gets_its_duration() -> None:
    started = after_ping(up(), ping(Kind.START, NOW, A)).state
    overran = after_deadline(started, NOW + HOUR).state
    ended = after_ping(overran, ping(Kind.SUCCESS, NOW + 2 * HOUR, A)).state
    assert ended.last_duration == 2 * HOUR


# --- Deadlines --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["new", "up", "paused"])
def test_a_deadline_that_passed_takes_the_check_down(status: str) -> None:
    running = after_ping(STATES[status], ping(Kind.START)).state
    result = after_deadline(running, NOW + 5 * HOUR)
    flip = flip_of(result)
    assert flip == Flip(Status(status), Status.DOWN, NOW + HOUR, Reason.TIMEOUT, notify=True)
    assert result.state.status is Status.DOWN
    assert result.state.alert_after is None
    assert result.state.status_since == NOW + HOUR


def test_before_the_deadline_nothing_happens() -> None:
    check = up()
    just_before = NOW - HOUR + DAY + HOUR - timedelta(microseconds=1)
    assert after_deadline(check, just_before) == Transition(check)


def test_a_check_that_is_down_does_not_go_down_again() -> None:
    check = down()._replace(alert_after=NOW)
    assert after_deadline(check, NOW + DAY) == Transition(check)


def test_a_ping_after_the_deadline_finds_the_check_down() -> None:
    """Whether the alert loop has seen the deadline pass makes no difference to the record."""
    late = NOW - HOUR + DAY + 2 * HOUR
    result = after_ping(up(), ping(Kind.SUCCESS, late))
    assert [(f.old, f.new, f.reason) for f in result.flips] == [
        ("up", "down", "timeout"),
        ("down", "up", ""),
    ]
    assert result.flips[0].at == NOW + DAY
    assert result.state.outcomes == "sms"


# --- People -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["new", "up", "down"])
def test_pausing_stops_the_watch_and_tells_nobody(status: str) -> None:
    running = after_ping(STATES[status], ping(Kind.START)).state
    result = after_pause(running, NOW)
    assert flip_of(result) == Flip(Status(status), Status.PAUSED, NOW, notify=False)
    assert (result.state.last_start, result.state.alert_after) == (None, None)
    assert result.state.last_ping == running.last_ping


def test_pausing_a_paused_check_changes_nothing() -> None:
    assert after_pause(paused(), NOW) == Transition(paused())


def test_resuming_waits_for_the_first_ping_again() -> None:
    result = after_resume(paused(), NOW)
    assert flip_of(result) == Flip(Status.PAUSED, Status.NEW, NOW, notify=False)
    state = result.state
    assert (state.last_ping, state.last_start, state.due, state.alert_after) == (None,) * 4


@pytest.mark.parametrize("status", ["new", "up", "down"])
def test_only_paused_checks_resume(status: str) -> None:
    assert after_resume(STATES[status], NOW) == Transition(STATES[status])


def test_a_shorter_schedule_takes_an_overdue_check_down_quietly() -> None:
    result = after_schedule_change(up(NOW - 3 * HOUR), Simple(HOUR), HOUR, NOW, quiet=True)
    assert flip_of(result) == Flip(Status.UP, Status.DOWN, NOW, notify=False)


def test_a_shorter_schedule_by_a_script_is_left_to_the_alert_loop() -> None:
    result = after_schedule_change(up(NOW - 3 * HOUR), Simple(HOUR), HOUR, NOW, quiet=False)
    assert result.flips == ()
    assert result.state.alert_after == NOW - HOUR


@pytest.mark.parametrize("status", list(STATES))
def test_a_longer_schedule_only_moves_the_deadline(status: str) -> None:
    before = STATES[status]
    result = after_schedule_change(before, Simple(2 * DAY), 2 * HOUR, NOW, quiet=True)
    assert result.flips == ()
    assert result.state.status is before.status
    expected = NOW - HOUR + 2 * DAY + 2 * HOUR if status == "up" else None
    assert result.state.alert_after == expected


# --- What is shown ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "due", "alert_after", "shown"),
    [
        (Status.NEW, None, None, Shown.NEW),
        (Status.PAUSED, NOW - DAY, None, Shown.PAUSED),
        (Status.DOWN, NOW + DAY, None, Shown.DOWN),
        (Status.UP, None, None, Shown.UP),
        (Status.UP, NOW + MINUTE, NOW + HOUR, Shown.UP),
        (Status.UP, NOW, NOW + HOUR, Shown.GRACE),
        (Status.UP, NOW - DAY, NOW + MINUTE, Shown.GRACE),
        (Status.UP, NOW - HOUR, NOW, Shown.DOWN),
        (Status.UP, NOW + DAY, NOW, Shown.DOWN),
        (Status.NEW, None, NOW, Shown.DOWN),
        (Status.PAUSED, None, NOW + MINUTE, Shown.PAUSED),
    ],
)
def test_shown_status(
    status: Status, due: datetime | None, alert_after: datetime | None, shown: Shown
) -> None:
    assert shown_status(status, due=due, alert_after=alert_after, now=NOW) is shown


# --- Deadlines that were moved, because we could not hear pings ---------------------------------

MOVED = up(NOW - DAY - 2 * HOUR)._replace(alert_after=NOW + HOUR)


@pytest.mark.parametrize("kind", [Kind.LOG, Kind.IGNORED])
def test_a_moved_deadline_survives_what_ends_no_run(kind: Kind) -> None:
    assert after_ping(MOVED, ping(kind)).state.alert_after == NOW + HOUR


def test_a_run_that_begins_meanwhile_has_its_time() -> None:
    assert after_ping(MOVED, ping(Kind.START)).state.alert_after == NOW + HOUR
    later = MOVED._replace(alert_after=NOW + DAY)
    assert after_ping(later, ping(Kind.START)).state.alert_after == NOW + HOUR


def test_the_end_of_a_run_ends_the_extra_time() -> None:
    later = MOVED._replace(alert_after=NOW + 9 * DAY)
    assert after_ping(later, ping(Kind.SUCCESS)).state.alert_after == NOW + DAY + HOUR


def test_a_moved_deadline_passes_as_well() -> None:
    result = after_deadline(MOVED, NOW + HOUR)
    assert flip_of(result) == Flip(Status.UP, Status.DOWN, NOW + HOUR, Reason.TIMEOUT)


def test_running_ends_with_the_grace_time() -> None:
    assert is_running(NOW - HOUR + MINUTE, HOUR, NOW)
    assert not is_running(NOW - HOUR, HOUR, NOW)
    assert not is_running(None, HOUR, NOW)


# --- History ----------------------------------------------------------------------------------


def test_the_recent_outcomes_are_remembered() -> None:
    state = NEW
    for number in range(HISTORY + 5):
        kind = Kind.FAIL if number == HISTORY + 3 else Kind.SUCCESS
        state = after_ping(state, ping(kind, NOW + number * DAY)).state
    assert state.outcomes == "s" * (HISTORY - 2) + "fs"


@pytest.mark.parametrize(("delay", "outcome"), [(29 * MINUTE, "s"), (31 * MINUTE, "l")])
def test_a_run_is_late_when_half_of_the_grace_time_is_gone(delay: timedelta, outcome: str) -> None:
    state = after_ping(up(NOW), ping(Kind.SUCCESS, NOW + DAY + delay)).state
    assert state.outcomes[-1] == outcome


def test_a_run_that_began_in_time_is_not_late_however_long_it_takes() -> None:
    started = after_ping(up(NOW), ping(Kind.START, NOW + DAY)).state
    ended = after_ping(started, ping(Kind.SUCCESS, NOW + DAY + 55 * MINUTE)).state
    assert ended.outcomes[-1] == "s"


# --- Properties -------------------------------------------------------------------------------

EVENTS = st.lists(
    st.tuples(
        st.sampled_from([*Kind, "pause", "resume", "time", "shorter", "longer"]),
        st.sampled_from([None, A, B]),
        st.integers(1, 40),
    ),
    max_size=30,
)


def _play(state: CheckState, what: Kind | str, rid: UUID | None, now: datetime) -> Transition:
    if isinstance(what, Kind):
        return after_ping(state, Signal(what, now, rid))
    if what == "pause":
        return after_pause(state, now)
    if what == "resume":
        return after_resume(state, now)
    if what == "time":
        return after_deadline(state, now)
    schedule = Simple(HOUR if what == "shorter" else 3 * DAY)
    return after_schedule_change(state, schedule, HOUR, now, quiet=True)


@given(events=EVENTS, sticky=st.booleans())
def test_whatever_happens_the_record_is_consistent(
    events: list[tuple[Kind | str, UUID | None, int]], sticky: bool
) -> None:
    state, now, pings = NEW._replace(manual_resume=sticky), NOW, 0
    flips: list[Flip] = []
    for what, rid, hours in events:
        now += hours * HOUR
        result = _play(state, what, rid, now)
        pings += isinstance(what, Kind)
        flips += result.flips
        state = result.state
        # No ping is lost, and the stored deadline is what the rules say.
        assert state.n_pings == pings
        assert state.alert_after == going_down_at(state)
        assert state == with_deadline(state)
        # A check that is up is never overdue because of a run that overran before.
        if result.flips and state.status is Status.UP:
            assert state.alert_after is None or state.alert_after > now
    # Each flip continues the one before, and time does not run backwards.
    for before, after in pairwise(flips):
        assert before.new is after.old
        assert before.at <= after.at
    assert state.status is (flips[-1].new if flips else Status.NEW)
