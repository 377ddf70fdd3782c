from __future__ import annotations

from datetime import datetime, timedelta

from hc.accounts.models import Project
from hc.api import queries
from hc.api.models import Check, Heartbeat
from hc.api.project_cards import project_cards
from hc.api.project_menu import menu_of
from hc.api.services import checks
from hc.api.services.condition import condition
from hc.api.services.heartbeats import Pulse
from hc.core.state import Kind
from hc.pings.writer import record
from tests.factories import make_check, make_webhook, ping_event

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_cards_tell_how_the_checks_of_a_project_are(project: Project, now: datetime) -> None:
    make_webhook(project)
    names = {name: make_check(project, name=name) for name in ("down", "up", "late", "new", "run")}
    record([ping_event(names["down"].code, now, Kind.FAIL)], now)
    record([ping_event(names["up"].code, now)], now)
    late = now - timedelta(days=1, minutes=5)
    record([ping_event(names["late"].code, late)], late)
    record([ping_event(names["run"].code, now, Kind.START)], now)
    (card,) = project_cards([project], now)
    assert (card.checks, card.down, card.late, card.up, card.running, card.channels) == (
        5,
        1,
        1,
        1,
        1,
        1,
    )
    assert {one.pk: one.down for one in menu_of(project.owner_id, now)}[project.pk] == 1


def test_projects_with_trouble_come_first(project: Project, check: Check, now: datetime) -> None:
    first = Project.objects.exclude(pk=project.pk).get()
    record([ping_event(check.code, now, Kind.FAIL)], now)
    cards = project_cards([first, project], now)
    assert [card.project for card in cards] == [project, first]


def test_channels_are_counted_per_check(project: Project, check: Check) -> None:
    first, second = make_webhook(project), make_webhook(project)
    other = make_check(project)
    checks.set_channel(other.code, second, enabled=False)
    assert queries.channel_counts(project, [check.pk, other.pk]) == {check.pk: 2, other.pk: 1}
    assert [c.pk for c in queries.checks_of(project)] == [check.pk, other.pk]
    assert first.pk


def test_a_process_is_heard_while_it_beats(db: None, now: datetime) -> None:
    pulse = Pulse("sendalerts")
    assert condition(now).alerts_silent
    pulse.beat(now)
    pulse.beat(now + timedelta(seconds=5))
    assert Heartbeat.objects.count() == 1
    assert not condition(now + timedelta(seconds=30)).alerts_silent
    assert condition(now + MINUTE).alerts_silent
    pulse.stop()
    assert condition(now).alerts_silent


def test_the_dead_of_former_days_are_forgotten(db: None, now: datetime) -> None:
    Heartbeat.objects.create(process="web", host="old", pid=1, started=now, beat=now)
    Pulse("web").beat(now + timedelta(days=2))
    assert [h.host for h in Heartbeat.objects.all()] != ["old"]
    assert Heartbeat.objects.count() == 1
