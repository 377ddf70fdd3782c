"""The fingerprint of a project's checks: it differs whenever a list of them does, and only then."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db.models import QuerySet

from hc.accounts.models import Project, Role, User
from hc.accounts.services import projects
from hc.accounts.services.projects import create_project
from hc.api import fingerprint
from hc.api.models import Check, Listening
from hc.api.services import channels, checks, clearing, listening, many, trash
from hc.api.services.checks import Details, ScheduleSettings
from hc.core.state import Kind
from hc.pings.writer import record
from tests.factories import make_check, make_cron_check, make_member, make_webhook, ping_event

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


class Watched:
    """A project with a check in each state, and what its fingerprint is."""

    def __init__(self, project: Project, now: datetime) -> None:
        self.project, self.now = project, now
        self.up = make_check(project, name="up", timeout=HOUR, grace=HOUR)
        self.down = make_check(project, name="down")
        self.paused = make_check(project, name="paused")
        self.running = make_check(project, name="running", grace=10 * HOUR)
        self.cron = make_cron_check(project, "0 0 * * *")
        self.channel = make_webhook(project)
        self.channel.checks.clear()
        record([ping_event(self.up.code, now)], now)
        record([ping_event(self.down.code, now, Kind.FAIL)], now)
        record([ping_event(self.running.code, now, Kind.START)], now)
        checks.pause(self.paused.code, now)

    def mark(self, after: timedelta = timedelta(0)) -> str:
        return fingerprint.of_checks(self.project.pk, self.now + after)


@pytest.fixture
def watched(project: Project, now: datetime) -> Watched:
    return Watched(project, now)


def _ping(kind: Kind) -> Callable[[Watched], object]:
    return lambda w: record([ping_event(w.up.code, w.now + SECOND, kind)], w.now + SECOND)


def _edit(**columns: object) -> Callable[[Watched], object]:
    return lambda w: checks.change(w.cron.code, columns, w.now)


def _relink(w: Watched) -> None:
    """As many links as before."""
    checks.set_channel(w.up.code, w.channel, enabled=True)
    before = w.mark()
    checks.set_channel(w.up.code, w.channel, enabled=False)
    checks.set_channel(w.down.code, w.channel, enabled=True)
    assert w.mark() != before


def _bring_back(w: Watched) -> None:
    trash.remove(w.up.code, w.now)
    before = w.mark()
    trash.restore(w.project, [w.up.pk], w.now)
    assert w.mark() != before


def _move(w: Watched) -> None:
    elsewhere = create_project("Elsewhere", w.project.owner)
    many.move_all(Check.objects.filter(pk=w.up.pk), elsewhere, w.now)


def _undo_clear(w: Watched) -> None:
    clearing.clear(w.up.code, w.now)
    before = w.mark()
    clearing.undo_clear(w.up.code, w.now)
    assert w.mark() != before


CHANGES: dict[str, Callable[[Watched], object]] = {
    "success": _ping(Kind.SUCCESS),
    "failure": _ping(Kind.FAIL),
    "start": _ping(Kind.START),
    "log": _ping(Kind.LOG),
    "name": _edit(name="other"),
    "tags": _edit(tags="a b"),
    "the same name": _edit(name=""),
    "schedule": _edit(schedule="5 5 * * *"),
    "form": lambda w: checks.edit(w.up.code, Details({"desc": "x"}), ScheduleSettings(), w.now),
    "pause": lambda w: checks.pause(w.up.code, w.now),
    "resume": lambda w: checks.resume(w.paused.code, w.now),
    "pause all": lambda w: checks.pause_all(Check.objects.filter(project=w.project), w.now),
    "resume all": lambda w: checks.resume_all(Check.objects.filter(project=w.project), w.now),
    "delete": lambda w: checks.remove(w.up.code, w.now),
    "delete the newest": lambda w: checks.remove(w.cron.code, w.now),
    "delete all": lambda w: checks.remove_all(Check.objects.filter(project=w.project), w.now),
    "put away": lambda w: trash.remove(w.up.code, w.now),
    "bring back": _bring_back,
    "move": _move,
    "clear": lambda w: clearing.clear(w.up.code, w.now),
    "take back the clearing": _undo_clear,
    "create": lambda w: make_check(w.project),
    "link": lambda w: checks.set_channel(w.up.code, w.channel, enabled=True),
    "relink": _relink,
    "link by the channel": lambda w: channels.set_checks(w.channel, [w.up, w.cron]),
    "unlink by the channel": lambda w: channels.set_checks(w.channel, []),
    "exchange": lambda w: channels.change_checks(w.channel, [w.up], [w.cron]),
    "link many": lambda w: many.set_channels(Check.objects.filter(pk=w.up.pk), [w.channel], []),
    "switch off a channel": lambda w: channels.disable(w.channel.code),
    "add a channel": lambda w: make_webhook(w.project),
    "delete a channel": lambda w: channels.remove(w.channel.code),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_shows(watched: Watched, change: str) -> None:
    checks.set_channel(watched.cron.code, watched.channel, enabled=True)
    before = watched.mark()
    CHANGES[change](watched)
    assert watched.mark() != before


def test_no_change_is_none(watched: Watched, bob: User) -> None:
    before = watched.mark()
    assert watched.mark() == before
    assert watched.mark(HOUR - SECOND) == before
    make_check(create_project("Other", bob))
    assert watched.mark() == before


@pytest.mark.parametrize(
    ("what", "after"),
    [
        ("becomes late", HOUR),
        ("goes down", 2 * HOUR),
        ("runs too long", 10 * HOUR),
    ],
)
def test_what_the_clock_changes_shows(watched: Watched, what: str, after: timedelta) -> None:
    assert watched.mark(after - SECOND) != watched.mark(after)
    assert watched.mark(after) == watched.mark(after + SECOND)


def test_a_run_of_a_check_that_is_down_shows_when_it_takes_too_long(watched: Watched) -> None:
    """It cannot go down again, but version 1 of the API calls it started until then."""
    later = watched.now + SECOND
    record([ping_event(watched.down.code, later, Kind.START)], later)
    assert watched.mark(HOUR) != watched.mark(HOUR + SECOND)


def test_a_check_that_the_alert_loop_takes_down_shows(watched: Watched) -> None:
    before = watched.mark(3 * HOUR)
    Check.objects.filter(pk=watched.up.pk).update(status="down", alert_after=None)
    assert watched.mark(3 * HOUR) != before


def test_a_deadline_that_passes_as_another_check_is_taken_down_shows(watched: Watched) -> None:
    """As many checks are past their deadlines as before, and as many are late."""
    now = watched.now
    other = make_check(watched.project, timeout=HOUR, grace=3 * HOUR)
    record([ping_event(other.code, now)], now)
    before = watched.mark(3 * HOUR)
    Check.objects.filter(pk=watched.up.pk).update(status="down", alert_after=None, due=None)
    Check.objects.filter(pk=watched.cron.pk).update(status="up", due=now)
    assert watched.mark(4 * HOUR) != before


def test_a_check_in_the_place_of_another_shows(watched: Watched) -> None:
    """Neither of them was ever pinged, changed or linked."""
    old = make_check(watched.project)
    old.channel_set.clear()
    before = watched.mark()
    checks.remove(old.code, watched.now)
    make_check(watched.project).channel_set.clear()
    assert watched.mark() != before


def test_moved_deadlines_show(watched: Watched) -> None:
    """Also those that are moved less far than another one was moved before."""
    began = watched.now + HOUR
    _be_away(began, began + HOUR / 2)
    # The run that had got more time than any other ends: of what was moved, only traces are left.
    ended = began + HOUR
    record([ping_event(code, ended) for code in (watched.running.code, watched.up.code)], ended)
    before = _deadlines(), fingerprint.of_checks(watched.project.pk, ended + SECOND)
    _be_away(ended + HOUR, ended + HOUR + timedelta(minutes=1))
    after = _deadlines(), fingerprint.of_checks(watched.project.pk, ended + SECOND)
    assert before[0] != after[0]
    assert before[1] != after[1]


def _be_away(start: datetime, end: datetime) -> None:
    Listening.objects.update_or_create(pk=1, defaults={"until": start})
    assert listening.advance(end, end)


def _deadlines() -> list[tuple[int, datetime | None]]:
    return list(Check.objects.order_by("pk").values_list("pk", "alert_after"))


@pytest.mark.parametrize("seed", range(5))
def test_what_looks_different_never_has_the_same_fingerprint(watched: Watched, seed: int) -> None:
    """A walk of many changes. A check that was made and removed leaves the list as it was."""
    choose = random.Random(seed)  # noqa: S311 - a walk that can be repeated
    seen: dict[str, object] = {}
    for step in range(30):
        now = watched.now + step * SECOND
        check = choose.choice(list(_mine(watched)))
        choose.choice(WALK)(watched, check, now)
        mark = fingerprint.of_checks(watched.project.pk, watched.now)
        looks = list(_mine(watched).values_list())
        assert seen.setdefault(mark, looks) == looks, step
    assert len(seen) > 10


WALK: list[Callable[[Watched, Check, datetime], object]] = [
    lambda w, check, now: record([ping_event(check.code, now)], now),
    lambda w, check, now: record([ping_event(check.code, now, Kind.FAIL)], now),
    lambda w, check, now: checks.change(check.code, {"name": f"{now:%S}"}, now),
    lambda w, check, now: checks.pause(check.code, now),
    lambda w, check, now: make_check(w.project),
    lambda w, check, now: checks.remove(check.code, now),
    lambda w, check, now: [make_check(w.project) for _ in range(2)],
]


def _mine(watched: Watched) -> QuerySet[Check]:
    return Check.objects.filter(project=watched.project).order_by("pk")


# --- One look at a project by its code ---------------------------------------------------------


def test_a_look_tells_the_same_fingerprint_and_who_owns_the_project(watched: Watched) -> None:
    project = watched.project
    seen = fingerprint.look(project.code, project.owner_id, watched.now)
    assert seen == (watched.mark(), project.owner_id, None)


def test_a_look_tells_the_role_of_that_person(watched: Watched, bob: User) -> None:
    project = watched.project
    assert fingerprint.look(project.code, bob.pk, watched.now).role is None
    make_member(project, bob, Role.READONLY)
    make_member(create_project("Bob's", bob), project.owner, Role.MANAGER)
    assert fingerprint.look(project.code, bob.pk, watched.now).role == "r"
    assert fingerprint.look(project.code, project.owner_id, watched.now).role is None


def test_a_removed_project_has_no_owner(watched: Watched) -> None:
    projects.remove(watched.project, watched.now)
    seen = fingerprint.look(watched.project.code, watched.project.owner_id, watched.now)
    assert (seen.owner, seen.role) == (None, None)
