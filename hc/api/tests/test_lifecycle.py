from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine

from hc.accounts.models import AuditEntry, Profile, Project, User
from hc.accounts.services.projects import create_project
from hc.api.models import Check, Flip, Ping
from hc.api.services import checks, lifecycle
from hc.core.state import Kind
from hc.pings.writer import record
from tests.factories import make_check, make_cron_check, make_webhook, ping_event

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def fresh(check: Check) -> Check:
    return Check.objects.get(pk=check.pk)


# --- Copy -------------------------------------------------------------------------------------


def test_a_copy_has_the_settings_and_no_history(project: Project, now: datetime) -> None:
    hook = make_webhook(project)
    check = make_cron_check(
        project, "5 4 * * *", "Asia/Tokyo", name="Backup", slug="backup", tags="a b", desc="Notes"
    )
    checks.set_channel(check.code, hook, enabled=True)
    Check.objects.update(methods="POST", failure_kw="ERR", manual_resume=True)
    other = make_webhook(project)
    checks.set_channel(check.code, other, enabled=False)
    record([ping_event(check.code, now)], now)
    made = lifecycle.copy(check.code)
    assert (made.name, made.slug, made.tags, made.desc) == (
        "Backup (copy)",
        "backup-copy",
        "a b",
        "Notes",
    )
    assert (made.schedule, made.tz, made.methods, made.failure_kw) == (
        "5 4 * * *",
        "Asia/Tokyo",
        "POST",
        "ERR",
    )
    assert list(made.channel_set.all()) == [hook]
    assert (made.n_pings, made.status, made.manual_resume) == (0, "new", True)
    assert made.badge_key != check.badge_key
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.details) == ("check.created", {"copy_of": "Backup"})


def test_no_two_copies_share_a_slug(project: Project) -> None:
    check = make_check(project, name="x", slug="x")
    slugs = [lifecycle.copy(check.code).slug for _ in range(3)]
    assert slugs == ["x-copy", "x-copy-2", "x-copy-3"]
    long = make_check(project, slug="s" * 97)
    assert lifecycle.copy(long.code).slug == ""


def test_a_nameless_check_has_nameless_copies(project: Project) -> None:
    made = lifecycle.copy(make_check(project).code)
    assert (made.name, made.slug) == ("", "")
    assert lifecycle.copy_name("n" * 93) == "n" * 93 + " (copy)"
    assert lifecycle.copy_name("n" * 94) == "n" * 90 + "... (copy)"


def test_a_full_account_gets_no_copy(check: Check) -> None:
    Profile.objects.update(check_limit=1)
    with pytest.raises(checks.LimitReached):
        lifecycle.copy(check.code)


# --- Transfer ---------------------------------------------------------------------------------


@pytest.fixture
def target(alice: User) -> Project:
    return create_project("Staging", alice)


def test_a_check_moves_with_its_history(
    check: Check, project: Project, target: Project, now: datetime
) -> None:
    make_webhook(project)
    theirs = make_webhook(target)
    record([ping_event(check.code, now)], now)
    edits = fresh(check).edits
    moved = lifecycle.move(check.code, target, "", now)
    assert moved.project == target
    assert list(fresh(check).channel_set.all()) == [theirs]
    assert (fresh(check).n_pings, Ping.objects.count()) == (1, 1)
    assert fresh(check).edits == edits + 1
    told = AuditEntry.objects.filter(action="check.moved").values_list("project", flat=True)
    assert set(told) == {project.pk, target.pk}


def test_a_slug_that_is_taken_is_refused(check: Check, target: Project, now: datetime) -> None:
    make_check(target, slug="backup")
    with pytest.raises(lifecycle.SlugTaken):
        lifecycle.move(check.code, target, "backup", now)
    assert lifecycle.move(check.code, target, "backup-2", now).slug == "backup-2"


def test_moves_that_cannot_be(check: Check, project: Project, bob: User, now: datetime) -> None:
    with pytest.raises(lifecycle.SameProject):
        lifecycle.move(check.code, project, "", now)
    foreign = create_project("Bob's", bob)
    Profile.objects.filter(user=bob).update(check_limit=0)
    with pytest.raises(checks.LimitReached):
        lifecycle.move(check.code, foreign, "", now)
    Profile.objects.filter(user=check.project.owner).update(check_limit=0)
    own = create_project("Full, but the same owner", check.project.owner)
    assert lifecycle.move(check.code, own, "", now).project == own


# --- Taking back a pause ----------------------------------------------------------------------


def pause(check: Check, at: datetime) -> str:
    token = lifecycle.before_pause(fresh(check))
    checks.pause(check.code, at)
    return token


def test_a_pause_is_taken_back_as_if_it_had_not_been(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now)], now)
    record([ping_event(check.code, now + MINUTE, Kind.START)], now)
    before, flips = fresh(check).state(), list(Flip.objects.values_list("pk", flat=True))
    with time_machine.travel(now + HOUR, tick=False):
        token = pause(check, now + HOUR)
        assert fresh(check).last_start is None
        lifecycle.undo_pause(check.code, token, now + HOUR + MINUTE)
    assert fresh(check).state() == before
    assert fresh(check).sweep_at
    assert list(Flip.objects.values_list("pk", flat=True)) == flips


def test_what_happened_meanwhile_is_not_undone(
    check: Check, project: Project, now: datetime
) -> None:
    record([ping_event(check.code, now)], now)
    with time_machine.travel(now + HOUR, tick=False):
        token = pause(check, now + HOUR)
        with pytest.raises(lifecycle.TooLate):  # another check's
            lifecycle.undo_pause(make_check(project).code, token, now)
        record([ping_event(check.code, now + HOUR)], now)
        with pytest.raises(lifecycle.TooLate):
            lifecycle.undo_pause(check.code, token, now)
        assert fresh(check).status == "up"
        again = pause(check, now + HOUR)
        checks.resume(check.code, now + HOUR)
        with pytest.raises(lifecycle.TooLate):
            lifecycle.undo_pause(check.code, again, now)


def test_there_are_ten_minutes_for_it(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now)], now)
    with time_machine.travel(now, tick=False):
        token = pause(check, now)
    with time_machine.travel(now + 11 * MINUTE, tick=False), pytest.raises(lifecycle.TooLate):
        lifecycle.undo_pause(check.code, token, now)
    with pytest.raises(lifecycle.TooLate):
        lifecycle.undo_pause(check.code, "made up", now)
